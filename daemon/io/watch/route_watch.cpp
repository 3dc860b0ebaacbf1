// Implementation of route_watch.hpp: multicast groups say that something changed, a dump of the routes says what.
#include "daemon/io/watch/route_watch.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxDumpMessages = 100'000;

int open_netlink(unsigned groups) {
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0) return -1;
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/// One default route as text: family, gateway, interface and metric.
std::string describe(const nlmsghdr* message) {
    const auto* route = static_cast<const rtmsg*>(NLMSG_DATA(message));
    if (route->rtm_dst_len != 0 || route->rtm_table != RT_TABLE_MAIN || route->rtm_type != RTN_UNICAST) return {};
    std::string gateway;
    unsigned interface = 0;
    unsigned metric = 0;
    const auto* bytes = reinterpret_cast<const char*>(route) + NLMSG_ALIGN(sizeof *route);
    const auto* end = reinterpret_cast<const char*>(message) + message->nlmsg_len;
    while (end - bytes >= static_cast<std::ptrdiff_t>(sizeof(rtattr))) {
        rtattr head;
        std::memcpy(&head, bytes, sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > end - bytes) break;
        const auto size = head.rta_len - sizeof head;
        const auto* data = bytes + sizeof head;
        if (head.rta_type == RTA_GATEWAY)
            for (std::size_t i = 0; i < size; ++i)
                gateway += fmt::format("{:02x}", static_cast<unsigned char>(data[i]));
        if (head.rta_type == RTA_OIF && size == sizeof interface) std::memcpy(&interface, data, size);
        if (head.rta_type == RTA_PRIORITY && size == sizeof metric) std::memcpy(&metric, data, size);
        bytes += std::min<std::ptrdiff_t>(RTA_ALIGN(head.rta_len), end - bytes);
    }
    return fmt::format("{} via {} dev {} metric {}", static_cast<int>(route->rtm_family), gateway, interface, metric);
}

}  // namespace

std::string default_routes() {
    const int fd = open_netlink(0);
    if (fd < 0) return {};
    struct {
        nlmsghdr header;
        rtmsg body;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETROUTE;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.rtm_family = AF_UNSPEC;
    std::set<std::string> routes;
    bool done = send(fd, &request, sizeof request, 0) != static_cast<ssize_t>(sizeof request);
    std::array<char, 65536> buffer;
    for (std::size_t messages = 0; !done && messages < kMaxDumpMessages;) {
        // The kernel answers a dump request within the call that asks for it, so nothing here waits.
        const auto received = recv(fd, buffer.data(), buffer.size(), 0);
        if (received <= 0) break;
        auto length = static_cast<unsigned>(received);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, length);
             message = NLMSG_NEXT(message, length), ++messages) {
            done = done || message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
            if (message->nlmsg_type != RTM_NEWROUTE) continue;
            if (auto text = describe(message); !text.empty()) routes.insert(std::move(text));
        }
    }
    close(fd);
    std::string all;
    for (const auto& route : routes)
        all += route + "\n";
    return all;
}

RouteWatch::RouteWatch(boost::asio::io_context& io, Duration settle, std::function<void()> on_change)
    : socket_(io), settle_timer_(io), settle_(settle), on_change_(std::move(on_change)) {}

Status RouteWatch::start() {
    const int fd = open_netlink(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE);
    if (fd < 0) return io_error("opening a netlink socket", errno);
    socket_.assign(fd);
    default_routes_ = default_routes();
    wait();
    return {};
}

void RouteWatch::stop() {
    settle_timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void RouteWatch::wait() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
        if (error || settling_) return;
        settling_ = true;
        settle_timer_.expires_after(settle_);
        settle_timer_.async_wait([this](boost::system::error_code cancelled) {
            if (cancelled) return;
            settling_ = false;
            drain();
            compare();
            wait();
        });
    });
}

void RouteWatch::drain() {
    std::array<char, 16384> buffer;
    for (int i = 0; i < 4096; ++i)
        if (recv(socket_.native_handle(), buffer.data(), buffer.size(), 0) < 0 && errno != ENOBUFS) return;
}

void RouteWatch::compare() {
    auto now = default_routes();
    if (now == default_routes_) return;
    default_routes_ = std::move(now);
    on_change_();
}

}  // namespace ntpopt

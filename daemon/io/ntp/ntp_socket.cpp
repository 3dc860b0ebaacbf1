// Implementation of ntp_socket.hpp on socket(7), ip(7) and the kernel's SO_TIMESTAMPING.
#include "daemon/io/ntp/ntp_socket.hpp"

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstring>

namespace ntpopt {
namespace {

Duration duration_of(const timespec& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

int connect_to(int fd, const Address& address, std::uint16_t port) {
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.octets().data(), sizeof v4.sin_addr);
        return connect(fd, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.octets().data(), sizeof v6.sin6_addr);
    return connect(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

/// Where the kernel knows no stamps or no error queue, we do without: the driver's own readings take over.
void ask_for_stamps_and_errors(int fd, bool v4) {
    const int stamps = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
                       SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps);
    const int on = 1;
    if (v4)
        setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    else
        setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
}

/// What the control messages of one received message say.
struct Control {
    std::optional<Duration> stamp;
    std::optional<sock_extended_err> error;
};

Control read_control(msghdr& message) {
    Control control;
    for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPING) {
            scm_timestamping stamps{};
            std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
            // The first of the three is the software stamp; zero means that there is none.
            if (const auto stamp = duration_of(stamps.ts[0]); stamp != Duration::zero()) control.stamp = stamp;
        } else if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                   (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR)) {
            sock_extended_err error{};
            std::memcpy(&error, CMSG_DATA(part), sizeof error);
            control.error = error;
        }
    }
    return control;
}

struct Received {
    Datagram datagram;
    Control control;
};

/// Nothing and errno where nothing is there.
std::optional<Received> receive(int fd, int flags) {
    Received received;
    iovec buffer{received.datagram.bytes.data(), received.datagram.bytes.size()};
    alignas(cmsghdr) std::array<char, 512> control{};
    msghdr message{};
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = recvmsg(fd, &message, flags);
    if (size < 0) return std::nullopt;
    received.datagram.size = static_cast<std::size_t>(size);
    received.control = read_control(message);
    received.datagram.stamp = received.control.stamp;
    return received;
}

}  // namespace

Result<NtpSocket> NtpSocket::open(const boost::asio::any_io_executor& executor, const Address& address,
                                  std::uint16_t port) {
    const int fd = socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        const int number = errno;
        auto error = io_error("open a socket", number);
        if (number == EMFILE || number == ENFILE) error.code = Errc::busy;
        return error;
    }
    NtpSocket result{boost::asio::posix::stream_descriptor(executor, fd)};
    ask_for_stamps_and_errors(fd, address.is_v4());
    if (connect_to(fd, address, port) != 0) return io_error("connect", errno);
    return result;
}

Status NtpSocket::send(std::span<const std::uint8_t> bytes) {
    const int fd = descriptor_.native_handle();
    for (const bool last : {false, true}) {
        if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return {};
        const bool waiting_error = errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == ENETUNREACH;
        if (last || !waiting_error) break;
    }
    return io_error("send", errno);
}

std::optional<SocketEvent> NtpSocket::next() {
    const int fd = descriptor_.native_handle();
    if (const auto received = receive(fd, MSG_ERRQUEUE)) {
        const auto& [stamp, error] = received->control;
        if (error && error->ee_origin == SO_EE_ORIGIN_TIMESTAMPING && stamp)
            return TransmitStamp{error->ee_data, *stamp};
        return NetworkError{error ? static_cast<int>(error->ee_errno) : EIO};
    }
    if (auto received = receive(fd, 0)) return received->datagram;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return NetworkError{errno};
}

}  // namespace ntpopt

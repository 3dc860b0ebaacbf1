// Implementation of socket_watch.hpp.
#include "daemon/io/net/socket_watch.hpp"

#include <map>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>

namespace ntpopt {
namespace asio = boost::asio;
namespace {

struct Socket {
    Socket(asio::io_context& io, int fd) : descriptor(io, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;  // a wait is under way
    bool writing = false;
};

}  // namespace

struct SocketWatch::State : std::enable_shared_from_this<State> {
    State(asio::io_context& loop, OnReady callback) : io(loop), on_ready(std::move(callback)) {}

    void forget(int fd) {
        const auto found = sockets.find(fd);
        if (found == sockets.end()) return;
        found->second->wants_read = found->second->wants_write = false;
        found->second->descriptor.release();
        sockets.erase(found);
    }

    void wait(int fd, const std::shared_ptr<Socket>& socket) {
        const auto ready = [self = weak_from_this(), socket, fd](bool read, boost::system::error_code error) {
            (read ? socket->reading : socket->writing) = false;
            const auto state = self.lock();
            if (error || !state || !(read ? socket->wants_read : socket->wants_write)) return;
            state->on_ready(fd, read, !read);
            state->wait(fd, socket);
        };
        if (socket->wants_read && !socket->reading) {
            socket->reading = true;
            socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                          [ready](boost::system::error_code error) { ready(true, error); });
        }
        if (socket->wants_write && !socket->writing) {
            socket->writing = true;
            socket->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                          [ready](boost::system::error_code error) { ready(false, error); });
        }
    }

    asio::io_context& io;
    OnReady on_ready;
    std::map<int, std::shared_ptr<Socket>> sockets;
};

SocketWatch::SocketWatch(asio::io_context& io, OnReady on_ready)
    : state_(std::make_shared<State>(io, std::move(on_ready))) {}

SocketWatch::~SocketWatch() {
    while (!state_->sockets.empty())
        state_->forget(state_->sockets.begin()->first);
}

void SocketWatch::set(int fd, bool read, bool write) {
    if (!read && !write) {
        state_->forget(fd);
        return;
    }
    auto& socket = state_->sockets[fd];
    if (!socket) socket = std::make_shared<Socket>(state_->io, fd);
    socket->wants_read = read;
    socket->wants_write = write;
    state_->wait(fd, socket);
}

}  // namespace ntpopt

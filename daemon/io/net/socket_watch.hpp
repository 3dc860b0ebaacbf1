// Waits on the loop for sockets that a library owns (c-ares): it says which and for what, and is told when
// they are ready. Nothing is read or written here, and no socket is closed.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

namespace ntpopt {

class SocketWatch {
  public:
    /// Called from the loop, once for each time that the socket is ready.
    using OnReady = std::function<void(int fd, bool readable, bool writable)>;

    SocketWatch(boost::asio::io_context& io, OnReady on_ready);
    ~SocketWatch();
    SocketWatch(const SocketWatch&) = delete;
    SocketWatch& operator=(const SocketWatch&) = delete;

    /// What the socket is waited for from now on; neither of both before its owner closes it.
    void set(int fd, bool read, bool write);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace ntpopt

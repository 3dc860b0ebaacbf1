// Tells when a process ended, whoever started it, without asking again and again (pidfd_open(2)). It needs no rights
// over the process and sends nothing.
#pragma once

#include <sys/types.h>

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace ntpopt {

class ProcessWatch {
  public:
    ProcessWatch(boost::asio::io_context& io, std::function<void()> on_exit);

    /// Watches this process instead of the one before; 0, or a process that is gone, ends watching.
    void follow(pid_t pid);

  private:
    boost::asio::posix::stream_descriptor process_;
    std::function<void()> on_exit_;
    pid_t pid_ = 0;
};

}  // namespace ntpopt

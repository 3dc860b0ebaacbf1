// Implementation of process_watch.hpp.
#include "daemon/io/watch/process_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

namespace ntpopt {

ProcessWatch::ProcessWatch(boost::asio::io_context& io, std::function<void()> on_exit)
    : process_(io), on_exit_(std::move(on_exit)) {}

void ProcessWatch::follow(pid_t pid) {
    if (pid == pid_) return;
    pid_ = pid;
    boost::system::error_code ignored;
    process_.close(ignored);
    if (pid <= 0) return;
    const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (fd < 0) return;
    process_.assign(fd);
    process_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
        if (error) return;
        follow(0);
        on_exit_();
    });
}

}  // namespace ntpopt

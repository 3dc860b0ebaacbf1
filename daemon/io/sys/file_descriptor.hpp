// A file descriptor that closes itself.
#pragma once

#include <utility>

namespace ntpopt {

class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }
    /// Gives the descriptor to somebody who closes it.
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }
    void close();

  private:
    int fd_ = -1;
};

}  // namespace ntpopt

// Implementation of secret.hpp.
#include "daemon/notify/secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxSecret = 4096;
constexpr mode_t kOthers = S_IRWXO;

class OpenFile {
  public:
    explicit OpenFile(const std::string& path)
        : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (fd_ >= 0) close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

/// What is wrong with who may do what with the file; empty where nothing is.
std::string complaint(const struct stat& status) {
    if (!S_ISREG(status.st_mode)) return "it is no regular file";
    if ((status.st_mode & kOthers) != 0) return "others may read it";
    if (status.st_uid != 0 && status.st_uid != geteuid()) return "it belongs to another user";
    const bool foreign = status.st_gid != 0 && status.st_gid != getegid();
    if (foreign && (status.st_mode & S_IRWXG) != 0) return "another group may read it";
    if ((status.st_mode & S_IWGRP) != 0) return "its group may write it";
    return {};
}

}  // namespace

Result<std::string> read_secret(const std::string& path) {
    const OpenFile file(path);
    if (file.get() < 0) return io_error("read " + printable(path), errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return io_error("look at " + printable(path), errno);
    if (const auto wrong = complaint(status); !wrong.empty())
        return Error{Errc::refused,
                     fmt::format("{} is not taken: {} (mode {:04o}); right is chown root:ntpopt and chmod 0640",
                                 printable(path), wrong, status.st_mode & 07777U)};
    std::array<char, kMaxSecret + 1> buffer{};
    std::size_t size = 0;
    for (ssize_t count = 1; count != 0 && size < buffer.size();) {
        count = read(file.get(), buffer.data() + size, buffer.size() - size);
        if (count < 0 && errno != EINTR) return io_error("read " + printable(path), errno);
        size += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    const std::string secret(trim({buffer.data(), size}));
    const bool plain =
        std::all_of(secret.begin(), secret.end(), [](char c) { return c < 0 || (c >= 0x20 && c != 0x7f); });
    if (size > kMaxSecret || secret.empty() || !plain)
        return Error{Errc::refused,
                     printable(path) + " is not taken: it must hold one line of at most 4096 characters"};
    return secret;
}

}  // namespace ntpopt

// Implementation of files.hpp on the *at() calls.
#include "daemon/io/sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace ntpopt {
namespace {

constexpr std::size_t kMaxEntries = 10000;

Result<std::string> read_all(int fd, std::size_t max_bytes, std::string_view name) {
    std::string content;
    char buffer[16384];
    while (true) {
        const ssize_t count = ::read(fd, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return io_error(fmt::format("read {}", name), errno);
        if (count == 0) return content;
        content.append(buffer, static_cast<std::size_t>(count));
        if (content.size() > max_bytes)
            return Error{Errc::io, fmt::format("{} is larger than {} bytes", name, max_bytes)};
    }
}

bool write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t count = ::write(fd, content.data(), content.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// Who else may write into a directory could replace what we put there.
Status check_owner(int fd, const std::string& path) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return io_error("look at " + path, errno);
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return Error{Errc::refused, path + " belongs to another user"};
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return Error{Errc::refused, path + " can be written by others"};
    return {};
}

}  // namespace

Error Directory::error(std::string_view doing, const std::string& name, int number) const {
    return io_error(fmt::format("{} {}/{}", doing, path_, name), number);
}

Result<Directory> Directory::open(const std::string& path) {
    FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.is_open()) return io_error("open " + path, errno);
    if (auto fine = check_owner(fd.get(), path); !fine) return fine.error();
    return Directory(std::move(fd), path);
}

Result<Directory> Directory::create(const std::string& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return io_error("make " + path, errno);
    return open(path);
}

Result<std::optional<std::string>> Directory::read(const std::string& name, std::size_t max_bytes) const {
    const FileDescriptor file(openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return std::optional<std::string>();
    if (!file.is_open()) return error("open", name, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return error("look at", name, errno);
    if (!S_ISREG(status.st_mode)) return Error{Errc::io, fmt::format("{}/{} is no regular file", path_, name)};
    auto content = read_all(file.get(), max_bytes, path_ + "/" + name);
    if (!content) return content.error();
    return std::optional<std::string>(std::move(*content));
}

Status Directory::replace(const std::string& name, std::string_view content, mode_t mode) const {
    const std::string temporary = "." + name + ".new";
    // What a crash left there is ours: nobody else may write into this directory.
    unlinkat(fd_.get(), temporary.c_str(), 0);
    FileDescriptor file(
        openat(fd_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.is_open()) return error("make", temporary, errno);
    // The mode of openat() is cut by the umask, and chronyd skips a file that it cannot read without a word.
    if (!write_all(file.get(), content) || fchmod(file.get(), mode) != 0 || fsync(file.get()) != 0) {
        const int number = errno;
        unlinkat(fd_.get(), temporary.c_str(), 0);
        return error("write", temporary, number);
    }
    if (renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) != 0) {
        const int number = errno;
        unlinkat(fd_.get(), temporary.c_str(), 0);
        return error("replace", name, number);
    }
    if (fsync(fd_.get()) != 0) return error("make durable", name, errno);
    return {};
}

Status Directory::remove(const std::string& name) const {
    if (unlinkat(fd_.get(), name.c_str(), 0) != 0) {
        if (errno == ENOENT) return {};
        return error("remove", name, errno);
    }
    if (fsync(fd_.get()) != 0) return error("make durable", name, errno);
    return {};
}

Result<std::vector<std::string>> Directory::list() const {
    const int copy = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(copy < 0 ? nullptr : fdopendir(copy), closedir);
    if (!entries) return error("list", "", errno);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(entries.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (names.size() == kMaxEntries) return Error{Errc::io, path_ + " has more than 10,000 entries"};
        names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Status Directory::lock() const {
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return Error{Errc::busy, path_ + " is in use by another process"};
    return error("lock", "", errno);
}

Result<std::string> read_kernel_file(const std::string& path, std::size_t max_bytes) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return io_error("open " + path, errno);
    return read_all(file.get(), max_bytes, path);
}

}  // namespace ntpopt

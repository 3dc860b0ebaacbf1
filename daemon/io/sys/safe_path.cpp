// Implementation of safe_path.hpp on the *at() calls.
#include "daemon/io/sys/safe_path.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace ntpopt {
namespace {

/// As many links as the kernel follows itself (path_resolution(7)).
constexpr int kMaxLinks = 40;

bool is_ours_alone(const struct stat& status) {
    return (status.st_uid == 0 || status.st_uid == geteuid()) && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// The target of a link, or nothing where the name is none.
Result<std::optional<std::string>> link_target(int parent, const std::string& name, const std::string& path) {
    std::array<char, 4096> buffer{};
    const ssize_t size = readlinkat(parent, name.c_str(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EINVAL || errno == ENOENT)) return std::optional<std::string>();
    if (size < 0 || static_cast<std::size_t>(size) == buffer.size()) return io_error("read the link " + path, errno);
    return std::optional(std::string(buffer.data(), static_cast<std::size_t>(size)));
}

/// The names of a path, last one first, so that the target of a link goes on top.
void push_names(std::vector<std::string>& names, const std::string& path) {
    std::size_t end = path.size();
    while (end > 0) {
        const auto slash = path.rfind('/', end - 1);
        const auto begin = slash == std::string::npos ? 0 : slash + 1;
        if (begin < end && path.substr(begin, end - begin) != ".") names.push_back(path.substr(begin, end - begin));
        if (slash == std::string::npos) break;
        end = slash;
    }
}

}  // namespace

Result<Safety> judge_directory(int fd, const std::string& path) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return io_error("look at " + path, errno);
    if (is_ours_alone(status)) return Safety::ours;
    const bool sticky = (status.st_mode & S_ISVTX) != 0 && (status.st_uid == 0 || status.st_uid == geteuid());
    return sticky ? Safety::shared : Safety::unsafe;
}

Result<FileDescriptor> open_step(int parent, const std::string& name, const std::string& path, int access) {
    FileDescriptor fd(openat(parent, name.c_str(), access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.is_open()) return io_error("open " + path, errno);
    return fd;
}

Result<Place> walk_to_parent(const std::string& path, Sticky sticky) {
    if (!path.starts_with('/')) return Error{Errc::invalid_argument, path + " is no absolute path"};
    const auto judge = [&](int fd) -> Result<Safety> {
        auto safety = judge_directory(fd, path);
        if (safety && *safety == Safety::shared && sticky == Sticky::refused) return Safety::unsafe;
        return safety;
    };
    std::vector<std::string> ahead;
    push_names(ahead, path);
    if (ahead.empty()) ahead.emplace_back(".");
    auto at = open_step(AT_FDCWD, "/", "/");
    int links = 0;
    while (at && ahead.size() > 1) {
        const std::string name = std::move(ahead.back());
        ahead.pop_back();
        const auto safety = judge(at->get());
        if (!safety) return safety.error();
        if (*safety == Safety::unsafe)
            return Error{Errc::refused,
                         fmt::format("the way to {} leads through a directory, the one of {}, that belongs "
                                     "to another user or can be written by others",
                                     path, name)};
        const auto target = link_target(at->get(), name, path);
        if (!target) return target.error();
        if (!*target) {
            at = open_step(at->get(), name, path);
            continue;
        }
        if (*safety == Safety::shared)
            return Error{
                Errc::refused,
                fmt::format("the way to {} leads through the link {}, which anybody may have made", path, name)};
        if (++links > kMaxLinks) return io_error("open " + path, ELOOP);
        push_names(ahead, **target);
        if ((*target)->starts_with('/')) at = open_step(AT_FDCWD, "/", "/");
    }
    if (!at) return at.error();
    const auto safety = judge(at->get());
    if (!safety) return safety.error();
    if (*safety == Safety::unsafe)
        return Error{
            Errc::refused,
            fmt::format("{} is in a directory that belongs to another user or can be written by others", path)};
    return Place{std::move(*at), std::move(ahead.back())};
}

Status check_program(const std::string& path) {
    std::string at = path;
    for (int links = 0; links <= kMaxLinks; ++links) {
        const auto place = walk_to_parent(at, Sticky::refused);
        if (!place) return place.error();
        const auto target = link_target(place->directory.get(), place->name, at);
        if (!target) return target.error();
        if (*target) {
            at = (*target)->starts_with('/') ? **target : at.substr(0, at.rfind('/') + 1) + **target;
            continue;
        }
        struct stat status {};
        if (fstatat(place->directory.get(), place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            return io_error("look at " + at, errno);
        if (S_ISREG(status.st_mode) && is_ours_alone(status)) return {};
        return Error{Errc::refused, at + " belongs to another user or can be written by others"};
    }
    return io_error("look at " + path, ELOOP);
}

}  // namespace ntpopt

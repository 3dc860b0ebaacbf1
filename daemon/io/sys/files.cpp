// Implementation of files.hpp on the *at() calls.
#include "daemon/io/sys/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "daemon/io/sys/safe_path.hpp"

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

constexpr const char* kLabel = "security.selinux";
constexpr const char* kAcl = "system.posix_acl_access";

Status check_owner(int fd, const std::string& path) {
    const auto safety = judge_directory(fd, path);
    if (!safety) return safety.error();
    if (*safety == Safety::ours) return {};
    return Error{Errc::refused, path + " belongs to another user or can be written by others"};
}

/// What the kernel keeps beside a file under this name, empty where there is nothing.
std::string attribute_of(int fd, const char* name) {
    std::string value(XATTR_SIZE_MAX, '\0');
    const ssize_t size = fgetxattr(fd, name, value.data(), value.size());
    value.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return value;
}

/// Ours alone, and perhaps half written.
std::string temporary_name(const std::string& name) {
    return "." + name + ".new";
}

/// The other one while two files change places: always whole, and perhaps somebody else's.
std::string displaced_name(const std::string& name) {
    return "." + name + ".ntpopt-old";
}

/// Renames within a directory; 0, or what went wrong.
int rename_in(int directory, const std::string& from, const std::string& to, unsigned flags) {
    return renameat2(directory, from.c_str(), directory, to.c_str(), flags) == 0 ? 0 : errno;
}

/// Old file systems, and those over a network, know no flags of renameat2(2).
bool is_unsupported(int number) {
    return number == EINVAL || number == ENOSYS;
}

Result<bool> done(const Status& status) {
    if (!status) return status.error();
    return true;
}

/// Owner before mode, since a change of owner clears bits of the mode; the list of who else may read or write last,
/// since the mode would change it. One that the directory gives to new files (acl(5)) goes where the image has none.
bool take_after(int fd, mode_t mode, const FileImage* like) {
    if (like != nullptr) {
        if ((like->owner != geteuid() || like->group != getegid()) && fchown(fd, like->owner, like->group) != 0)
            return false;
        if (!like->label.empty() && fsetxattr(fd, kLabel, like->label.data(), like->label.size(), 0) != 0) return false;
    }
    if (fchmod(fd, mode) != 0) return false;
    if (like == nullptr) return true;
    if (!like->acl.empty()) return fsetxattr(fd, kAcl, like->acl.data(), like->acl.size(), 0) == 0;
    return fremovexattr(fd, kAcl) == 0 || errno == ENODATA || errno == EOPNOTSUPP;
}

}  // namespace

Error Directory::error(std::string_view doing, const std::string& name, int number) const {
    return io_error(fmt::format("{} {}/{}", doing, path_, name), number);
}

Result<Directory> Directory::open(const std::string& path) {
    auto place = walk_to_parent(path);
    if (!place) return place.error();
    auto fd = open_step(place->directory.get(), place->name, path, O_RDONLY);
    if (!fd) return fd.error();
    if (auto fine = check_owner(fd->get(), path); !fine) return fine.error();
    return Directory(std::move(*fd), path);
}

Result<Directory> Directory::create(const std::string& path, mode_t mode) {
    const auto place = walk_to_parent(path);
    if (!place) return place.error();
    const bool made = mkdirat(place->directory.get(), place->name.c_str(), mode) == 0;
    if (!made && errno != EEXIST) return io_error("make " + path, errno);
    auto directory = open(path);
    // The umask (0077 under systemd) cut the mode, and chronyd passes over a folder that its user cannot read.
    if (made && directory && fchmod(directory->fd_.get(), mode) != 0) return io_error("open up " + path, errno);
    return directory;
}

Result<std::optional<std::string>> Directory::read(const std::string& name, std::size_t max_bytes) const {
    auto image = read_image(name, max_bytes);
    if (!image) return image.error();
    return *image ? std::optional((*image)->content) : std::nullopt;
}

Result<std::optional<FileImage>> Directory::read_image(const std::string& name, std::size_t max_bytes) const {
    const FileDescriptor file(openat(fd_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return std::optional<FileImage>();
    if (!file.is_open()) return error("open", name, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return error("look at", name, errno);
    if (!S_ISREG(status.st_mode)) return Error{Errc::io, fmt::format("{}/{} is no regular file", path_, name)};
    auto content = read_all(file.get(), max_bytes, path_ + "/" + name);
    if (!content) return content.error();
    return std::optional(FileImage{std::move(*content), status.st_mode & 07777U, status.st_uid, status.st_gid,
                                   attribute_of(file.get(), kLabel), attribute_of(file.get(), kAcl)});
}

Status Directory::replace(const std::string& name, std::string_view content, mode_t mode) const {
    return put(name, content, mode, nullptr);
}

Status Directory::replace(const std::string& name, const FileImage& image) const {
    return put(name, image.content, image.mode, &image);
}

Status Directory::write_beside(const std::string& name, std::string_view content, mode_t mode,
                               const FileImage* like) const {
    const std::string temporary = temporary_name(name);
    sweep(name);
    FileDescriptor file(
        openat(fd_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.is_open()) return error("make", temporary, errno);
    // Ours alone until it is whole; the mode of openat() would be cut by the umask anyway, and chronyd skips a file
    // that it cannot read without a word.
    if (!write_all(file.get(), content) || !take_after(file.get(), mode, like) || fsync(file.get()) != 0) {
        const int number = errno;
        sweep(name);
        return error("write", temporary, number);
    }
    return {};
}

Status Directory::put(const std::string& name, std::string_view content, mode_t mode, const FileImage* like) const {
    if (auto written = write_beside(name, content, mode, like); !written) return written;
    if (const int number = rename_in(fd_.get(), temporary_name(name), name, 0); number != 0) {
        sweep(name);
        return error("replace", name, number);
    }
    if (fsync(fd_.get()) != 0) return error("make durable", name, errno);
    return {};
}

Result<bool> Directory::replace_known(const std::string& name, const FileImage& image, std::size_t max_bytes,
                                      const IsKnown& is_known) const {
    if (auto settled = settle(name, max_bytes, is_known); !settled) return settled.error();
    if (auto written = write_beside(name, image.content, image.mode, &image); !written) return written.error();
    const std::string displaced = displaced_name(name);
    int number = rename_in(fd_.get(), temporary_name(name), displaced, 0);
    if (number != 0) return error("replace", name, number);
    number = rename_in(fd_.get(), displaced, name, RENAME_EXCHANGE);
    const bool was_there = number == 0;
    if (number == ENOENT) number = rename_in(fd_.get(), displaced, name, RENAME_NOREPLACE);
    if (is_unsupported(number)) {
        number = rename_in(fd_.get(), displaced, name, 0);
        if (number == 0) return done(finish(name));
    }
    if (number != 0) {
        unlinkat(fd_.get(), displaced.c_str(), 0);
        if (number == EEXIST) return false;
        return error("replace", name, number);
    }
    if (!was_there) {
        if (is_known(std::nullopt)) return done(finish(name));
        if (auto removed = remove(name); !removed) return removed.error();
        return false;
    }
    const auto former = read(displaced, max_bytes);
    if (former && is_known(*former)) return done(finish(name));
    if (auto back = put_back(name, image.content, max_bytes); !back) return back.error();
    if (!former) return former.error();
    return false;
}

Result<bool> Directory::remove_known(const std::string& name, std::size_t max_bytes, const IsKnown& is_known) const {
    if (auto settled = settle(name, max_bytes, is_known); !settled) return settled.error();
    const std::string displaced = displaced_name(name);
    const int number = rename_in(fd_.get(), name, displaced, RENAME_NOREPLACE);
    if (is_unsupported(number)) return done(remove(name));
    if (number == ENOENT) return true;
    if (number != 0) return error("remove", name, number);
    const auto former = read(displaced, max_bytes);
    if (former && is_known(*former)) return done(finish(name));
    // Where he wrote once more, the later text is there already.
    const int back = rename_in(fd_.get(), displaced, name, RENAME_NOREPLACE);
    if (back != 0 && back != EEXIST) return error("put back", name, back);
    if (auto swept = finish(name); !swept) return swept.error();
    if (!former) return former.error();
    return false;
}

/// What was displaced goes back to its place, and ours goes; where what comes out is not ours, it is the later text.
Status Directory::put_back(const std::string& name, std::string_view ours, std::size_t max_bytes) const {
    const std::string displaced = displaced_name(name);
    if (const int number = rename_in(fd_.get(), displaced, name, RENAME_EXCHANGE); number != 0)
        return error("put back", name, number);
    const auto out = read(displaced, max_bytes);
    if (!out || *out != ours)
        if (const int number = rename_in(fd_.get(), displaced, name, 0); number != 0)
            return error("put back", name, number);
    return finish(name);
}

Status Directory::settle(const std::string& name, std::size_t max_bytes, const IsKnown& is_known) const {
    sweep(name);
    const std::string displaced = displaced_name(name);
    const Status settled = check_settled(name);
    if (settled || settled.error().code != Errc::refused) return settled;
    const auto former = read(displaced, max_bytes);
    if (former && is_known(*former)) return finish(name);
    const auto present = read(name, max_bytes);
    if (!present) return present.error();
    if (*present && !is_known(*present)) return settled;
    if (const int number = rename_in(fd_.get(), displaced, name, 0); number != 0)
        return error("put back", name, number);
    return finish(name);
}

Status Directory::check_settled(const std::string& name) const {
    const std::string displaced = displaced_name(name);
    struct stat status {};
    if (fstatat(fd_.get(), displaced.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0)
        return Error{
            Errc::refused,
            fmt::format("{0}/{1} is what somebody else had written into {2} when a change was interrupted, and "
                        "{2} was written once more since: see which of them you want, and remove {1}",
                        path_, displaced, name)};
    if (errno == ENOENT) return {};
    return error("look at", displaced, errno);
}

/// Nothing is left beside the file, and what was done is durable.
Status Directory::finish(const std::string& name) const {
    if (unlinkat(fd_.get(), displaced_name(name).c_str(), 0) != 0 && errno != ENOENT)
        return error("remove", displaced_name(name), errno);
    if (fsync(fd_.get()) != 0) return error("make durable", name, errno);
    return {};
}

void Directory::sweep(const std::string& name) const {
    // What a crash left there is ours: nobody else writes under this name.
    unlinkat(fd_.get(), temporary_name(name).c_str(), 0);
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

Status Directory::check_space(std::uint64_t bytes) const {
    struct statvfs space {};
    if (fstatvfs(fd_.get(), &space) != 0) return error("look at the space of", "", errno);
    if ((space.f_flag & ST_RDONLY) != 0)
        return Error{Errc::refused,
                     fmt::format("{0} is read-only here: where the unit's sandbox is the reason, allow "
                                 "it by \"systemctl edit ntpopt-apply\" with [Service] ReadWritePaths={0}",
                                 path_)};
    const std::uint64_t free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize;
    // Some file systems count no inodes at all.
    if (free_bytes >= bytes && (space.f_files == 0 || space.f_favail > 0)) return {};
    return Error{Errc::refused, fmt::format("the file system of {} is full ({} bytes free): make room there first",
                                            path_, free_bytes)};
}

Status Directory::lock() const {
    if (flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return Error{Errc::busy, path_ + " is in use by another process"};
    return error("lock", "", errno);
}

Result<std::optional<std::string>> read_foreign_file(const std::string& path, std::size_t max_bytes) {
    // Opening a FIFO must not wait for its writer.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file.is_open() && errno == ENOENT) return std::optional<std::string>();
    if (!file.is_open()) return io_error("open " + path, errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return io_error("look at " + path, errno);
    if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) return std::optional<std::string>("");
    if (!S_ISREG(status.st_mode)) return Error{Errc::io, path + " is no regular file"};
    auto content = read_all(file.get(), max_bytes, path);
    if (!content) return content.error();
    return std::optional<std::string>(std::move(*content));
}

Result<std::string> read_kernel_file(const std::string& path, std::size_t max_bytes) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return io_error("open " + path, errno);
    return read_all(file.get(), max_bytes, path);
}

}  // namespace ntpopt

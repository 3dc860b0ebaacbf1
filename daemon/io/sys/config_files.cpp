// read_config_files() on plain system calls: ownership is checked on what was opened, not on a name that may change.
#include "daemon/io/sys/config_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <memory>

#include "common/text.hpp"
#include "daemon/core/config/toml.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxDropIns = 256;
constexpr std::string_view kEnding = ".toml";

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

Status check_owner(const struct stat& info, const std::string& path, uid_t owner) {
    if (info.st_uid != owner)
        return Error{Errc::access_denied,
                     fmt::format("{} belongs to user {}, not to user {}", path, info.st_uid, owner)};
    if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return Error{Errc::access_denied,
                     fmt::format("{} may be written by others than its owner (mode {:o})", path, info.st_mode & 07777)};
    return {};
}

bool is_null_device(const struct stat& info) {
    return S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3);  // as systemd masks a unit
}

/// The file's text; nothing where there is no such file.
Result<std::optional<ConfigText>> read_file(const std::string& path, std::optional<uid_t> owner) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0 && errno == ENOENT) return std::optional<ConfigText>();
    if (file.get() < 0) return io_error("opening " + path, errno);
    struct stat info {};
    if (fstat(file.get(), &info) != 0) return io_error("reading " + path, errno);
    ConfigText out{path, {}};
    if (is_null_device(info)) return std::optional(out);
    if (!S_ISREG(info.st_mode)) return Error{Errc::io, path + " is not a file"};
    if (owner)
        if (auto status = check_owner(info, path, *owner); !status) return status.error();
    out.text.resize(kMaxTomlBytes + 1);
    std::size_t size = 0;
    while (size < out.text.size()) {
        const auto got = read(file.get(), out.text.data() + size, out.text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("reading " + path, errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > kMaxTomlBytes) return Error{Errc::io, path + " is larger than 1 MiB"};
    out.text.resize(size);
    out.text.shrink_to_fit();  // it is kept as long as it is in force
    return std::optional(std::move(out));
}

Status check_folder(const std::string& folder, std::optional<uid_t> owner) {
    struct stat info {};
    if (!owner || stat(folder.c_str(), &info) != 0) return {};
    return check_owner(info, folder, *owner);
}

/// Adds the drop-ins of a folder that `found` does not have yet.
Status list_folder(const std::string& folder, std::optional<uid_t> owner, std::map<std::string, std::string>& found) {
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(folder.c_str()), closedir);
    if (!listing && (errno == ENOENT || errno == ENOTDIR)) return {};
    if (!listing) return io_error("reading " + folder, errno);
    if (auto status = check_folder(folder, owner); !status) return status;
    for (const dirent* entry = readdir(listing.get()); entry; entry = readdir(listing.get())) {
        const std::string_view name(entry->d_name);
        if (name.front() == '.' || name.size() <= kEnding.size() || !name.ends_with(kEnding)) continue;
        found.emplace(name, fmt::format("{}/{}", folder, name));
        if (found.size() > kMaxDropIns)
            return Error{Errc::io, fmt::format("{} holds more than {} drop-ins", folder, kMaxDropIns)};
    }
    return {};
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

ConfigPlaces ConfigPlaces::beside(std::string main_file) {
    ConfigPlaces places;
    places.main_file = std::move(main_file);
    places.vendor_folder.clear();
    places.main_required = true;
    return places;
}

Result<std::vector<ConfigText>> read_config_files(const ConfigPlaces& places) {
    std::vector<ConfigText> out;
    const auto home = folder_of(places.main_file);
    if (auto status = check_folder(home, places.owner); !status) return status.error();
    auto main = read_file(places.main_file, places.owner);
    if (!main) return main.error();
    if (*main)
        out.push_back(**std::move(main));
    else if (places.main_required)
        return Error{Errc::not_found, places.main_file + " does not exist"};

    std::map<std::string, std::string> drop_ins;  // by base name, in the order in which they count
    if (auto status = list_folder(home + "/conf.d", places.owner, drop_ins); !status) return status.error();
    if (!places.vendor_folder.empty())
        if (auto status = list_folder(places.vendor_folder, places.owner, drop_ins); !status) return status.error();
    for (const auto& [name, path] : drop_ins) {
        auto text = read_file(path, places.owner);
        if (!text) return text.error();
        if (*text) out.push_back(**std::move(text));
    }
    return out;
}

Result<std::vector<DropIn>> read_drop_ins(const std::string& folder, std::optional<uid_t> owner) {
    std::map<std::string, std::string> found;
    if (auto status = list_folder(folder, owner, found); !status) return status.error();
    std::vector<DropIn> out;
    for (const auto& [name, path] : found) {
        auto text = read_file(path, owner);
        if (!text)
            out.push_back({path, text.error()});
        else if (*text)
            out.push_back({path, std::move((*text)->text)});
    }
    return out;
}

}  // namespace ntpopt

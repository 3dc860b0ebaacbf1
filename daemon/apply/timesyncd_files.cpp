// Implementation of timesyncd_files.hpp.
#include "daemon/apply/timesyncd_files.hpp"

#include <dirent.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <memory>

#include "daemon/io/sys/files.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxEntries = 10000;

/// systemd's configuration folders, the first wins; /lib is another place than /usr/lib on some systems still.
constexpr std::array<const char*, 5> kFolders{"/etc/systemd", "/run/systemd", "/usr/local/lib/systemd",
                                              "/usr/lib/systemd", "/lib/systemd"};

/// Names in a folder; none where it does not exist.
Result<std::vector<std::string>> list_folder(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(opendir(folder.c_str()), closedir);
    if (!entries && (errno == ENOENT || errno == ENOTDIR)) return std::vector<std::string>();
    if (!entries) return io_error("list " + folder, errno);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(entries.get())) {
        if (names.size() == kMaxEntries) return Error{Errc::parse, folder + " has more than 10,000 entries"};
        names.emplace_back(entry->d_name);
    }
    return names;
}

Status add_file(std::string path, std::vector<TimesyncdFile>& files) {
    auto text = read_foreign_file(path, kMaxTimesyncdText);
    if (!text) return text.error();
    if (files.size() == kMaxTimesyncdFiles)
        return Error{Errc::parse, "systemd-timesyncd has more than 256 configuration files"};
    if (*text) files.push_back({std::move(path), std::move(**text)});
    return {};
}

}  // namespace

Result<TimesyncdFiles> read_timesyncd_files() {
    TimesyncdFiles files;
    // The main file is one: that of the first folder that has it (systemd before 256 looks in /etc only).
    for (const char* folder : kFolders)
        if (files.others.empty())
            if (auto added = add_file(fmt::format("{}/timesyncd.conf", folder), files.others); !added)
                return added.error();

    std::vector<std::pair<std::string, std::vector<std::string>>> found;
    for (const char* folder : kFolders) {
        std::string path = fmt::format("{}/timesyncd.conf.d", folder);
        auto names = list_folder(path);
        if (!names) return names.error();
        found.emplace_back(std::move(path), std::move(*names));
    }
    for (const auto& [folder, name] : order_timesyncd_dropins(found)) {
        std::string path = fmt::format("{}/{}", folder, name);
        if (path == kTimesyncdOurPath) {
            auto text = read_foreign_file(path, kMaxTimesyncdText);
            if (!text) return text.error();
            files.ours = std::move(*text);
        } else if (auto added = add_file(std::move(path), files.others); !added) {
            return added.error();
        }
    }
    return files;
}

}  // namespace ntpopt

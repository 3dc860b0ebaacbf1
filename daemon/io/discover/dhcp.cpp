// Implementation of dhcp.hpp: bounded reads; what the files mean is core's.
#include "daemon/io/discover/dhcp.hpp"

#include <filesystem>

#include "daemon/core/plan/chrony_plan.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;
constexpr std::size_t kMaxFiles = 64;

/// The regular files of a folder, sorted; none where it is missing or closed to us.
std::vector<std::string> files_of(const std::string& folder, std::string_view end) {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), none; !error && entry != none && out.size() < kMaxFiles;
         entry.increment(error))
        if (auto path = entry->path().string(); path.ends_with(end)) out.push_back(std::move(path));
    std::sort(out.begin(), out.end());
    return out;
}

/// Where chronyd reads no other folder, our own files lie among those of DHCP clients. What we chose is named by
/// nobody.
bool is_ours(std::string_view path) {
    const auto name = path.substr(path.rfind('/') + 1);
    return name == kChronyFile || name == kChronyRestoreFile;
}

}  // namespace

DhcpServers::DhcpServers(LeasePaths paths, const Clock& clock, AskManager ask_manager)
    : paths_(std::move(paths)), clock_(clock), ask_manager_(std::move(ask_manager)) {}

void DhcpServers::read_files(std::vector<Host>& out, std::vector<std::string>& notes) const {
    const auto now_s = clock_.now_s();
    using Parse = std::function<std::vector<Host>(std::string_view)>;
    const auto read = [&](const std::vector<std::string>& folders, std::string_view end, const Parse& parse) {
        for (const auto& folder : folders) {
            for (const auto& path : files_of(folder, end)) {
                if (is_ours(path)) continue;
                const auto text = read_foreign_file(path, kMaxBytes);
                if (!text)
                    notes.push_back(text.error().detail);
                else if (*text)
                    for (auto& host : parse(**text))
                        out.push_back(std::move(host));
            }
        }
    };
    read(paths_.networkd, "", parse_networkd_lease);
    const auto dhclient = [now_s](std::string_view text) { return parse_dhclient_leases(text, now_s); };
    read(paths_.dhclient, ".leases", dhclient);
    read(paths_.dhclient, ".lease", dhclient);
    read(paths_.chrony, ".sources", parse_chrony_dhcp);
}

asio::awaitable<Result<Discovered>> DhcpServers::discover(Config config, ServiceObservation) {
    Discovered out;
    if (!config.discovery.dhcp) co_return out;
    std::vector<Host> hosts;
    read_files(hosts, out.notes);
    if (ask_manager_) {
        auto told = co_await ask_manager_();
        if (told)
            hosts.insert(hosts.end(), told->begin(), told->end());
        else
            out.notes.push_back("NetworkManager: " + told.error().detail);
    }
    out.candidates = dhcp_candidates(hosts);
    co_return out;
}

}  // namespace ntpopt

// Implementation of timesyncd_config.hpp; the grammar is that of systemd.syntax(7) and timesyncd.conf(5).
#include "daemon/core/plan/timesyncd_config.hpp"

#include <algorithm>
#include <functional>
#include <map>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr string_view kSection = "[Time]";
constexpr string_view kSuffix = ".conf";
/// Names beyond this length are no host names (RFC 1035 2.3.4), whatever else timesyncd makes of them.
constexpr std::size_t kMaxName = 255;

/// Called with key and value of each assignment in [Time].
using OnAssignment = std::function<void(string_view key, string_view value)>;

void read_line(string_view line, bool& in_section, const OnAssignment& on_assignment) {
    line = trim(line);
    if (line.empty()) return;
    if (line.starts_with('[')) {
        in_section = line == kSection;
        return;
    }
    const auto equals = line.find('=');
    if (!in_section || equals == string_view::npos) return;
    on_assignment(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
}

/// A line that ends in a backslash goes on in the next one, over comments in between.
void read_text(string_view text, const OnAssignment& on_assignment) {
    bool in_section = false;
    std::string joined;
    for (string_view line : lines(text)) {
        const string_view start = trim(line);
        if (start.starts_with('#') || start.starts_with(';') || (start.empty() && joined.empty())) continue;
        joined += line;
        const auto backslashes = joined.size() - (joined.find_last_not_of('\\') + 1);
        if (backslashes % 2 == 1) {
            joined.back() = ' ';
            continue;
        }
        read_line(joined, in_section, on_assignment);
        joined.clear();
    }
    read_line(joined, in_section, on_assignment);
}

/// False where there are too many.
bool add_servers(std::vector<std::string>& list, string_view value) {
    if (value.empty()) list.clear();
    for (const string_view word : words(value)) {
        if (word.size() > kMaxName || std::find(list.begin(), list.end(), word) != list.end()) continue;
        if (list.size() == kMaxTimesyncdServers) return false;
        list.emplace_back(word);
    }
    return true;
}

/// "Servers" is the name that NTP= had before systemd 216.
bool is_system_key(string_view key) {
    return key == "NTP" || key == "Servers";
}

}  // namespace

Result<TimesyncdServers> parse_timesyncd_files(const std::vector<TimesyncdFile>& files) {
    if (files.size() > kMaxTimesyncdFiles)
        return Error{Errc::parse, "more than 256 configuration files of systemd-timesyncd"};
    TimesyncdServers servers;
    bool fine = true;
    for (const auto& file : files) {
        if (file.text.size() > kMaxTimesyncdText) return Error{Errc::parse, file.path + " is larger than 1 MiB"};
        read_text(file.text, [&](string_view key, string_view value) {
            if (is_system_key(key)) fine = add_servers(servers.system, value) && fine;
            if (key == "FallbackNTP") fine = add_servers(servers.fallback, value) && fine;
        });
    }
    if (!fine) return Error{Errc::parse, "more than 1000 servers in systemd-timesyncd's configuration"};
    return servers;
}

bool sets_timesyncd_servers(string_view text) {
    bool found = false;
    read_text(text, [&](string_view key, string_view) { found = found || is_system_key(key); });
    return found;
}

std::vector<std::pair<std::string, std::string>> order_timesyncd_dropins(
    const std::vector<std::pair<std::string, std::vector<std::string>>>& found) {
    std::map<std::string, std::string> folder_of;  // a map sorts as systemd does: by bytes
    for (const auto& [folder, names] : found)
        for (const auto& name : names)
            if (name.size() > kSuffix.size() && name.ends_with(kSuffix) && !name.starts_with('.'))
                folder_of.try_emplace(name, folder);
    std::vector<std::pair<std::string, std::string>> ordered;
    for (const auto& [name, folder] : folder_of)
        ordered.emplace_back(folder, name);
    return ordered;
}

}  // namespace ntpopt

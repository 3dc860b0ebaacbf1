// Parsers for leases.hpp.
#include "daemon/core/discover/leases.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "common/text.hpp"

namespace ntpopt {
namespace {

void add(std::vector<Host>& out, std::string_view text) {
    if (out.size() >= kMaxLeaseServers) return;
    auto host = Host::parse(text);
    if (!host) return;
    if (const auto* address = host->address(); address && (address->is_unusable() || address->is_loopback())) return;
    if (std::find(out.begin(), out.end(), *host) == out.end()) out.push_back(*std::move(host));
}

/// Words, texts in quotes, and the marks ; { } , of dhclient.leases(5). Comments are left out.
std::vector<std::string_view> tokens_of(std::string_view text) {
    static constexpr std::string_view kMarks = ";{},";
    std::vector<std::string_view> out;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at];
        std::size_t end = at + 1;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            at = end;
            continue;
        }
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (c == '"') {
            while (end < text.size() && text[end] != '"')
                end += text[end] == '\\' ? 2U : 1U;
            end = std::min(end, text.size());
            out.push_back(text.substr(at + 1, end - at - 1));
            at = std::min(end + 1, text.size());
            continue;
        }
        if (kMarks.find(c) == std::string_view::npos)
            end = std::min(text.find_first_of(" \t\r\n;{},\"", at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end;
    }
    return out;
}

std::optional<int> number(std::string_view text) {
    const auto value = parse_number<int>(text);
    return value && *value >= 0 ? value : std::nullopt;
}

/// "expire 4 2026/11/26 10:00:00", in UTC; or "expire epoch 1795687200". Nothing for "never" and what makes no sense.
std::optional<double> expiry(const std::vector<std::string_view>& statement) {
    if (statement.size() >= 3 && statement[1] == "epoch") return parse_number<double>(statement[2]);
    if (statement.size() < 4) return std::nullopt;
    const auto date = split(statement[2], '/');
    const auto time = split(statement[3], ':');
    if (date.size() != 3 || time.size() != 3) return std::nullopt;
    std::optional<int> parts[6];
    for (std::size_t i = 0; i < 3; ++i) {
        parts[i] = number(date[i]);
        parts[i + 3] = number(time[i]);
    }
    if (std::any_of(std::begin(parts), std::end(parts), [](const auto& part) { return !part.has_value(); }))
        return std::nullopt;
    const std::chrono::year_month_day day{std::chrono::year(*parts[0]),
                                          std::chrono::month(static_cast<unsigned>(*parts[1])),
                                          std::chrono::day(static_cast<unsigned>(*parts[2]))};
    if (!day.ok() || *parts[3] > 23 || *parts[4] > 59 || *parts[5] > 60) return std::nullopt;
    const auto days = std::chrono::sys_days(day).time_since_epoch().count();
    return static_cast<double>(days) * 86400 + *parts[3] * 3600 + *parts[4] * 60 + *parts[5];
}

struct Lease {
    std::string interface {};
    std::vector<Host> servers{};
    std::optional<double> expires{};
};

void read_statement(const std::vector<std::string_view>& statement, Lease& lease) {
    if (statement.size() < 2) return;
    if (statement[0] == "interface") lease.interface = statement[1];
    if (statement[0] == "expire") lease.expires = expiry(statement);
    if (statement[0] != "option" || statement.size() < 3) return;
    const auto name = statement[1];
    if (name != "ntp-servers" && name != "dhcp6.sntp-servers" && name != "dhcp6.ntp-servers") return;
    for (std::size_t i = 2; i < statement.size(); ++i)
        add(lease.servers, statement[i]);
}

}  // namespace

std::vector<Host> parse_lease_servers(std::string_view text) {
    std::vector<Host> out;
    for (const auto piece : split(text, ','))
        for (const auto word : words(piece))
            add(out, word);
    return out;
}

std::vector<Host> parse_networkd_lease(std::string_view text) {
    std::vector<Host> out;
    for (const auto line : lines(text))
        if (line.starts_with("NTP=")) out = parse_lease_servers(trim(line.substr(4)));
    return out;
}

std::vector<Host> parse_dhclient_leases(std::string_view text, double now_s) {
    std::map<std::string, Lease, std::less<>> last;  // by family and interface
    std::vector<std::string_view> statement;
    Lease lease;
    std::string_view kind;
    int depth = 0;
    for (const auto token : tokens_of(text)) {
        if (token == "{") {
            if (depth++ == 0) {
                kind = statement.empty() ? std::string_view() : statement.front();
                lease = {};
            }
            statement.clear();
        } else if (token == "}") {
            if (depth > 0 && --depth == 0 && (kind == "lease" || kind == "lease6") && last.size() < kMaxLeaseServers)
                last.insert_or_assign(std::string(kind) + ' ' + lease.interface, lease);
            statement.clear();
        } else if (token == ";") {
            read_statement(statement, lease);
            statement.clear();
        } else if (token != "," && statement.size() < 2 * kMaxLeaseServers) {
            statement.push_back(token);
        }
    }
    std::vector<Host> out;
    for (const auto& [key, found] : last)
        if (!found.expires || *found.expires > now_s)
            for (const auto& host : found.servers)
                add(out, host.text());
    return out;
}

std::vector<Host> parse_chrony_dhcp(std::string_view text) {
    std::vector<Host> out;
    for (const auto line : lines(text)) {
        const auto fields = words(line);
        if (fields.size() >= 2 && to_lower(fields[0]) == "server") add(out, fields[1]);
    }
    return out;
}

std::vector<Candidate> dhcp_candidates(const std::vector<Host>& hosts) {
    std::vector<Host> distinct;
    for (const auto& host : hosts)
        add(distinct, host.text());
    std::vector<Candidate> out;
    for (auto& host : distinct)
        out.push_back({.endpoint = {std::move(host)}, .source = CandidateSource::dhcp});
    return out;
}

}  // namespace ntpopt

// Implementation of requests.hpp.
#include "daemon/api/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr Duration kLongest = std::chrono::days(3653);

Error invalid(std::string text) {
    return {Errc::invalid_argument, std::move(text)};
}

template <typename Names>
Status only_known(const Json& options, const Names& known) {
    for (const auto& [name, value] : options.items())
        if (std::find(known.begin(), known.end(), name) == known.end())
            return invalid(fmt::format("unknown option '{}'", printable(name, 64)));
    return {};
}

Result<bool> flag(const Json& options, string_view name) {
    const auto found = options.find(name);
    if (found == options.end()) return false;
    if (!found->is_boolean()) return invalid(fmt::format("option '{}' is a boolean", name));
    return found->get<bool>();
}

Result<std::uint64_t> number(const Json& options, string_view name, std::uint64_t fallback) {
    const auto found = options.find(name);
    if (found == options.end()) return fallback;
    const bool natural = found->is_number_unsigned() || (found->is_number_integer() && found->get<std::int64_t>() >= 0);
    if (!natural) return invalid(fmt::format("option '{}' is a number that is not negative", name));
    return found->get<std::uint64_t>();
}

}  // namespace

Result<bool> parse_flag(const Json& options, string_view name) {
    if (auto known = only_known(options, std::array{name}); !known) return known.error();
    return flag(options, name);
}

Result<HistoryQuery> parse_history_query(const Json& query) {
    constexpr std::array<string_view, 7> kKnown{"server", "since_usec", "until_usec", "limit",
                                                "trace",  "json",       "brief"};
    if (auto known = only_known(query, kKnown); !known) return known.error();
    HistoryQuery parsed;
    if (const auto found = query.find("server"); found != query.end()) {
        if (!found->is_string()) return invalid("option 'server' is a string");
        const auto name = found->get<std::string>();
        auto server = parse_server(name);
        if (!server && !name.empty()) return server.error();
        if (server) parsed.server = *std::move(server);
    }
    const auto since = number(query, "since_usec", parsed.since_usec);
    if (!since) return since.error();
    const auto until = number(query, "until_usec", parsed.until_usec);
    if (!until) return until.error();
    const auto limit = number(query, "limit", parsed.limit);
    if (!limit) return limit.error();
    if (*limit > kMaxHistory) return invalid(fmt::format("option 'limit' is at most {}", kMaxHistory));
    int forms = 0;
    for (auto [name, into] : {std::pair("trace", &parsed.trace), {"json", &parsed.json}, {"brief", &parsed.brief}}) {
        const auto wanted = flag(query, name);
        if (!wanted) return wanted.error();
        *into = *wanted;
        forms += *wanted ? 1 : 0;
    }
    if (forms > 1) return invalid("of the options 'trace', 'json' and 'brief' only one can be given");
    parsed.since_usec = *since;
    parsed.until_usec = *until;
    parsed.limit = static_cast<std::size_t>(*limit);
    return parsed;
}

Result<EvidenceWindow> parse_evidence_query(const Json& query) {
    constexpr std::array<string_view, 4> kKnown{"from_usec", "to_usec", "after_seq", "limit"};
    if (auto known = only_known(query, kKnown); !known) return known.error();
    EvidenceWindow parsed;
    std::uint64_t limit = parsed.limit;
    for (auto [name, into] : {std::pair("from_usec", &parsed.from_usec),
                              {"to_usec", &parsed.to_usec},
                              {"after_seq", &parsed.after_seq},
                              {"limit", &limit}}) {
        const auto given = number(query, name, *into);
        if (!given) return given.error();
        *into = *given;
    }
    if (limit > kMaxEvidence) return invalid(fmt::format("option 'limit' is at most {}", kMaxEvidence));
    parsed.limit = static_cast<std::size_t>(limit);
    return parsed;
}

Result<Endpoint> parse_server(const std::string& name) {
    auto endpoint = Endpoint::parse(name);
    if (!endpoint) return invalid(endpoint.error().detail);
    return endpoint;
}

Result<Duration> parse_usec(string_view what, std::uint64_t usec) {
    if (usec > static_cast<std::uint64_t>(kLongest / std::chrono::microseconds(1)))
        return invalid(fmt::format("{} is at most ten years", what));
    return Duration(std::chrono::microseconds(usec));
}

}  // namespace ntpopt

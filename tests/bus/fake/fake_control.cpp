// Implementation of fake_control.hpp.
#include "tests/bus/fake/fake_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ntpopt::test {
namespace {

Json sample_server(int rank, const std::string& name, double score, const std::string& verdict,
                   const std::string& reason) {
    Json server{
        {"rank", nullptr},
        {"name", name},
        {"address", "192.0.2.1"},
        {"port", 123},
        {"offset_ms", 0.12},
        {"raw_offset_ms", -3.4},
        {"delay_ms", 8.1},
        {"jitter_ms", 0.3},
        {"error_ms", 0.5},
        {"stratum", 2},
        {"reachability", 100.0},
        {"answered", 100.0},
        {"score", score},
        {"score_parts",
         {{"jitter", 95.0}, {"reachability", 100.0}, {"stratum", 84.0}, {"latency", 95.2}, {"regional_bonus", true}}},
        {"region", "asia"},
        {"timescale", "utc"},
        {"group", name},
        {"verdict", verdict},
        {"reason", reason}};
    if (rank > 0) server["rank"] = rank;
    return server;
}

Json dead_server(const std::string& name) {
    return {{"name", name},
            {"address", "192.0.2.9"},
            {"port", 123},
            {"reachability", 0.0},
            {"answered", 0.0},
            {"timescale", "unknown"},
            {"verdict", "unreachable"},
            {"reason", "none of 3 requests was answered"}};
}

}  // namespace

Json sample_report(std::uint64_t run_id, const std::string& outcome) {
    Json report{{"run_id", run_id},
                {"dry_run", outcome == "would_apply"},
                {"timestamp", "2026-01-02T03:04:05.000Z"},
                {"duration_s", 4.3},
                {"region", "asia"},
                {"service", "chronyd"},
                {"confidence", "high"},
                {"outcome", outcome},
                {"reason", "3 of 4 servers agree within 1.2 ms"},
                {"selected", {"ntp1.example", "ntp2.example:1123"}},
                {"previous", {"old.example"}},
                {"servers",
                 {sample_server(1, "ntp1.example", 94.1, "chosen", "best of its group"),
                  sample_server(2, "ntp2.example:1123", 90.0, "chosen", "best of its group"),
                  sample_server(0, "liar.example", 12.5, "falseticker", "it is 50.0 ms off the others"),
                  dead_server("dead.example")}},
                {"stages",
                 {{{"stage", "discover"}, {"ok", true}, {"duration_s", 0.1}, {"detail", "4 candidates"}},
                  {{"stage", "probe"}, {"ok", true}, {"duration_s", 4.1}, {"detail", "3 of 4 answered"}}}},
                {"diff", "--- a/ntpopt.sources\n+++ b/ntpopt.sources\n-server old.example\n+server ntp1.example\n"}};
    if (outcome == "would_apply")
        report["plan"] = {{"steps", {"write /etc/x (undone by removing it)", "reload", "verify: it works"}},
                          {"commands", {"reload"}},
                          {"verify", {"it works"}},
                          {"refusals", {"24 changes in the last 24 hours, and max_changes_per_day is 24"}},
                          {"files", {{{"path", "/etc/x"}, {"lines", 4}, {"world_readable", false}}}}};
    return report;
}

FakeControl::FakeControl() {
    properties.mode = "apply";
    properties.service = "chronyd";
    properties.unit = "chrony.service";
    properties.region = "asia";
    properties.selected = {"ntp1.example", "ntp2.example:1123"};
    properties.confidence = "high";
    properties.synchronised = true;
    properties.interval_usec = 21'600'000'000;
    runs[7] = sample_report(7, "applied");
    last_run = 7;
    server_list = runs[7]["servers"];
}

Status FakeControl::note(std::string what) const {
    if (throws) throw std::runtime_error("a bug");
    if (failure) return *failure;
    told.push_back(std::move(what));
    return {};
}

Snapshot FakeControl::snapshot() const {
    return properties;
}

std::optional<Duration> FakeControl::clock_error_bound() const {
    if (throws) throw std::runtime_error("a bug");
    return std::chrono::microseconds(1500);
}

Json FakeControl::metrics() const {
    if (throws) throw std::runtime_error("a bug");
    return metrics_document;
}

Result<std::uint64_t> FakeControl::reoptimize(bool dry_run) {
    if (auto noted = note(dry_run ? "reoptimize dry" : "reoptimize"); !noted) return noted.error();
    return on_reoptimize ? (*on_reoptimize)(dry_run) : last_run;
}

Result<Json> FakeControl::run(std::uint64_t run_id, bool whole_diff) const {
    if (const auto hook = on_run) hook(run_id);  // a copy, since the hook may replace itself
    const auto found = runs.find(run_id == 0 ? last_run : run_id);
    if (found == runs.end()) return Error{Errc::not_found, fmt::format("there is no run {}", run_id)};
    auto report = found->second;
    if (!whole_diff) report["diff"] = "/etc/x: 4 lines";
    return report;
}

Json FakeControl::servers() const {
    if (throws) throw std::runtime_error("a bug");
    return server_list;
}

Result<Json> FakeControl::explain(std::optional<Endpoint> server) const {
    if (auto noted = note("explain " + (server ? server->text() : "the round")); !noted) return noted.error();
    return explanation;
}

Result<HistoryRows> FakeControl::history(const HistoryQuery& query) const {
    const auto form = query.trace ? "trace" : query.json ? "json" : query.brief ? "brief" : "whole";
    const auto what =
        fmt::format("history {} {} {} {} {}", query.server ? query.server->text() : "-", query.since_usec,
                    query.until_usec == UINT64_MAX ? "-" : std::to_string(query.until_usec), query.limit, form);
    if (auto noted = note(what); !noted) return noted.error();
    // As the daemon does it: the newest that fit one answer, the oldest of them first.
    std::vector<Json> rows;
    for (auto row : history_document) {
        const auto time = parse_time(get_string(row, "timestamp"));
        if (time && to_usec(*time) >= query.until_usec) continue;
        if (query.json) {
            const Json timestamp = row["timestamp"];
            for (const auto* key : {"line", "asked", "score"})
                row.erase(key);
            row = Json{{"timestamp", timestamp}, {"line", render_json(row)}};
        }
        rows.push_back(std::move(row));
    }
    const auto fit = query.trace ? rows.size() : std::min(query.limit, rounds_of_an_answer);
    if (rows.size() > fit) rows.erase(rows.begin(), rows.end() - static_cast<std::ptrdiff_t>(fit));
    return HistoryRows([rows = std::move(rows), at = std::size_t{0}]() mutable -> std::optional<Json> {
        return at < rows.size() ? std::optional(rows[at++]) : std::nullopt;
    });
}

Json FakeControl::blacklist() const {
    return blacklist_document;
}

Status FakeControl::add_to_blacklist(const Endpoint& server, std::optional<Duration> time) {
    return note(fmt::format("blacklist {} {}", server.text(), time ? render_duration(*time) : "for good"));
}

Status FakeControl::remove_from_blacklist(const Endpoint& server) {
    return note("unblacklist " + server.text());
}

Status FakeControl::set_interval(std::optional<Duration> interval) {
    if (interval) properties.interval_usec = static_cast<std::uint64_t>(*interval / std::chrono::microseconds(1));
    return note("interval " + (interval ? render_duration(*interval) : "as configured"));
}

boost::asio::awaitable<Result<std::uint64_t>> FakeControl::rollback(bool original) {
    if (auto noted = note(original ? "rollback original" : "rollback"); !noted) co_return noted.error();
    co_return last_run;
}

Status FakeControl::reload() {
    return note("reload");
}

Json FakeControl::config() const {
    return config_document;
}

Result<Json> FakeControl::evidence(const EvidenceWindow& query) {
    if (auto noted = note(fmt::format("evidence {} {} {} {}", query.from_usec,
                                      query.to_usec == UINT64_MAX ? "-" : std::to_string(query.to_usec),
                                      query.after_seq, query.limit));
        !noted)
        return noted.error();
    auto rows = Json::array();
    for (const auto& row : evidence_document)
        if (static_cast<std::uint64_t>(get_integer(row, "seq").value_or(0)) > query.after_seq &&
            rows.size() < std::min(query.limit, entries_of_an_answer))
            rows.push_back(row);
    return rows;
}

boost::asio::awaitable<Result<Json>> FakeControl::verify_evidence() {
    if (auto noted = note("verify"); !noted) co_return noted.error();
    co_return verification;
}

boost::asio::awaitable<Result<Json>> FakeControl::test_notice(std::string channel) {
    const auto noted = note("test_notice " + (channel.empty() ? "of all" : channel));
    if (!noted) co_return noted.error();
    co_return notice_results;
}

boost::asio::awaitable<Json> FakeControl::status() {
    co_return status_document;
}

}  // namespace ntpopt::test

// Implementation of samples.hpp.
#include "tests/ctl/client/samples.hpp"

namespace ntpopt::test {

void whole(FakeControl& control) {
    auto run = sample_report(7, "applied");
    run.erase("servers");
    run.erase("diff");
    control.status_document = {
        {"state", "idle"},
        {"mode", "apply"},
        {"service", {{"name", "chronyd"}, {"unit", "chrony.service"}, {"version", "4.3"}, {"active", true}}},
        {"synchronised", true},
        {"clock_error_bound_ms", 1.5},
        {"selected", {"ntp1.example", "ntp2.example:1123"}},
        {"confidence", "high"},
        {"interval_s", 21600},
        {"last_run", run},
        {"next_run", "2026-01-02T09:04:05.000Z"},
        {"alarms", Json::array()},
        {"kept",
         {{{"transaction", 3}, {"timestamp", "2026-01-01T00:00:00.000Z"}, {"selected", {"old.example"}}},
          {{"original", true}}}}};
    control.properties.last_run_usec = 1'767'323'045'000'000;
    control.config_document = {
        {"mode", {{"value", "apply"}, {"origin", "/etc/ntpopt/ntpopt.toml:3"}}},
        {"schedule.interval", {{"value", "2h"}, {"origin", "override"}}},
        {"schedule.splay", {{"value", "10%"}, {"origin", "default"}}},
        {"discovery.lists", {{"value", {"https://lists.example/ntp.json"}}, {"origin", "default"}}},
        {"selection.weights", {{"value", {{"jitter", 0.35}, {"latency", 0.1}}}, {"origin", "default"}}}};
    control.blacklist_document = {{{"server", "bad.example"},
                                   {"until", "2026-01-03T03:04:05.000Z"},
                                   {"reason", "failed 3 rounds in a row"},
                                   {"by_hand", false}},
                                  {{"server", "worse.example"}, {"until", nullptr}, {"by_hand", true}}};
    Json row{{"hostname", "ntp1.example"}, {"offset", 0.12}, {"jitter", 0.3},      {"stratum", 2},
             {"reachability", 100.0},      {"score", 94.1},  {"verdict", "chosen"}};
    control.history_document = {{{"timestamp", "2026-01-01T00:00:00.000Z"},
                                 {"region", "asia"},
                                 {"servers", {row}},
                                 {"outcome", "applied"},
                                 {"confidence", "high"},
                                 {"selected", {"ntp1.example"}},
                                 {"asked", 20},
                                 {"score", 94.1},
                                 {"line", R"({"time_s":0.0})"}},
                                {{"timestamp", "2026-01-01T06:00:00.000Z"},
                                 {"region", "a,\"b"},
                                 {"servers", Json::array()},
                                 {"outcome", "no_consensus"},
                                 {"confidence", "none"},
                                 {"selected", Json::array()},
                                 {"asked", 0},
                                 {"line", R"({"time_s":21600.0})"}}};
    control.explanation = {{"server", control.server_list[2]},
                           {"sentences",
                            {"3 of 3 requests were answered.", "passed: reachability is 100 %, to be at least 60 %",
                             "failed: distance from the consensus is 50 ms, to be at most 1.2 ms"}},
                           {"counterfactuals",
                            {{{"figure", "jitter"}, {"unit", "ms"}, {"value", 0.25}, {"actual", 3.0}},
                             {{"figure", "reachability"}, {"unit", "%"}, {"value", 90.0}, {"actual", 66.7}}}}};
}

namespace {

Json entry(std::uint64_t seq, const char* kind, const char* body) {
    return {{"seq", seq},
            {"timestamp", "2026-01-01T0" + std::to_string(seq % 10) + ":00:00.000Z"},
            {"time_usec", std::uint64_t{1'767'225'600'000'000} + seq % 10 * 3'600'000'000},
            {"kind", kind},
            {"body", body},
            {"hash", std::string(63, 'a') + std::to_string(seq % 10)}};
}

}  // namespace

void with_evidence(FakeControl& control) {
    control.evidence_document = {
        entry(11, "configuration",
              R"({"files":[],"settings_sha256":"0123456789abcdef0123","version":"1.0","why":"start"})"),
        entry(12, "sources",
              R"({"in_all":2,"ours":[],"servers":["old1.example","old2.example"],"service":"chronyd","why":"start"})"),
        entry(13, "clock", R"({"bound_ns":12500000,"offset_ns":-1000,"peer":"old1.example","synchronised":true})"),
        entry(14, "operation",
              R"({"arguments":{"dry_run":false},"method":"Reoptimize","refused":null,"run_id":8,"uid":1000})"),
        entry(15, "requested", R"({"by_hand":true,"kind":"apply","servers":["ntp1.example","ntp2.example"]})"),
        entry(16, "changed",
              R"({"kind":"apply","peer":"ntp1.example","previous":["old1.example"],"reason":"","selected":)"
              R"(["ntp1.example","ntp2.example"],"state":"committed","transaction":3})"),
        entry(17, "clock", R"({"bound_ns":1500000,"peer":"ntp1.example","synchronised":true})"),
        entry(18, "clock", R"({"bound_ns":null,"peer":"","synchronised":false})"),
        entry(
            19, "operation",
            R"({"arguments":{"server":"x.example"},"method":"Unblacklist","refused":"not on it","run_id":0,"uid":0})")};
    control.verification = {{"ok", true},
                            {"entries", std::uint64_t{9}},
                            {"first_seq", std::uint64_t{11}},
                            {"head_seq", std::uint64_t{19}},
                            {"head_hash", std::string(63, 'a') + "9"},
                            {"applier_seq", std::uint64_t{15}},
                            {"applier_hash", std::string(63, 'a') + "5"},
                            {"alarms", Json::array()}};
}

void with_damaged_evidence(FakeControl& control) {
    with_evidence(control);
    control.verification["ok"] = false;
    control.verification["fault_seq"] = std::uint64_t{14};
    control.verification["fault"] = "it is missing";
    control.verification["alarms"] = {"the evidence is not as it was left, from entry 14 on: it is missing"};
}

void counted(FakeControl& control) {
    const auto row = [](const char* name, double offset_s, bool heard) {
        return Json{{"name", name},      {"heard", heard},        {"offset_s", offset_s},
                    {"delay_s", 0.0081}, {"jitter_s", 3e-4},      {"error_s", 5e-4},
                    {"stratum", 2},      {"answered_ratio", 1.0}, {"score", 94.1}};
    };
    const Json bounds{{{"le", 0.001}, {"count", 1}}, {{"le", 0.01}, {"count", 7}}, {{"le", 0.1}, {"count", 9}}};
    const Json durations{{{"le", 15.0}, {"count", 4}}, {{"le", 60.0}, {"count", 5}}};
    control.metrics_document = {
        {"version", "0.1.0"},
        {"start_usec", 1'767'300'000'000'000},
        {"service", "chronyd"},
        {"service_active", true},
        {"synchronised", true},
        {"observation_age_s", 12.5},
        {"clock_error_bound_s", 0.0015},
        {"clock_error_bounds", {{"buckets", bounds}, {"sum", 0.06}, {"count", 9}}},
        {"rounds",
         {{"applied", 1},
          {"unchanged", 3},
          {"would_apply", 0},
          {"no_consensus", 1},
          {"no_usable_servers", 0},
          {"refused", 0},
          {"rolled_back", 1},
          {"degraded", 0},
          {"failed", 0}}},
        {"round_durations", {{"buckets", durations}, {"sum", 95.25}, {"count", 6}}},
        {"last_round_usec", 1'767'323'045'000'000},
        {"last_round_good", true},
        {"next_round_usec", 1'767'344'645'500'000},
        {"packets_sent", 240},
        {"packets_answered", 231},
        {"packets_refused", {{"malformed", 0}, {"unsolicited", 2}, {"untimely", 1}, {"implausible", 0}}},
        {"kisses", 1},
        {"changes_left", 23},
        {"candidates_left", 8},
        {"blacklisted", 2},
        {"servers", {row("ntp1.example", 0.00012, true), row("ntp2.example:1123", -0.0034, false)}}};
}

void of_round(FakeControl& control) {
    control.explanation = sample_report(7, "applied");
    control.explanation.erase("servers");
    control.explanation.erase("diff");
    control.explanation["sentences"] = {"4 candidates were asked.", "3 agree."};
}

void unsynchronised(FakeControl& control) {
    whole(control);
    control.status_document["synchronised"] = false;
    control.status_document["confidence"] = "none";
    control.status_document["selected"] = Json::array();
    control.status_document["state"] = "probe";
    control.status_document["alarms"] = {"no server answers"};
    for (const auto* key : {"clock_error_bound_ms", "last_run", "next_run"})
        control.status_document.erase(key);
}

}  // namespace ntpopt::test

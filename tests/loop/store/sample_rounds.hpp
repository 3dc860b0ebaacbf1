// Rounds as the engine makes them, and a store in a folder of the test's own.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "daemon/io/store/sqlite_store.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {

inline constexpr double kFirst_s = 1'767'225'600;  // 2026-01-01
inline constexpr double kApart_s = 6 * 3600;

inline RealTime time_of_round(std::uint64_t run_id) {
    return from_usec(static_cast<std::uint64_t>((kFirst_s + kApart_s * static_cast<double>(run_id)) * 1e6));
}

/// A round of so many servers with figures of full length.
inline Json sample_round(std::uint64_t run_id, int servers) {
    auto list = Json::array();
    std::uint32_t dice = static_cast<std::uint32_t>(run_id) * 2654435761U + 1;
    const auto any = [&dice](double most) {
        dice = dice * 1664525U + 1013904223U;
        return most * dice / 4294967296.0;
    };
    for (int i = 0; i < servers; ++i) {
        Json parts{{"jitter", any(100)},
                   {"reachability", 100.0},
                   {"stratum", any(100)},
                   {"latency", any(100)},
                   {"regional_bonus", i % 2 == 0}};
        list.push_back({{"rank", i + 1},
                        {"name", fmt::format("ntp{}.some-operator.example", i)},
                        {"address", fmt::format("2001:db8:{:x}::{:x}", i, run_id % 7)},
                        {"port", 123},
                        {"offset_ms", any(5) - 2.5},
                        {"raw_offset_ms", any(50) - 25},
                        {"delay_ms", any(100)},
                        {"jitter_ms", any(3)},
                        {"error_ms", any(9)},
                        {"stratum", 1 + i % 3},
                        {"reachability", 100.0},
                        {"score", any(100)},
                        {"score_parts", std::move(parts)},
                        {"region", "asia/in"},
                        {"timescale", "utc"},
                        {"group", fmt::format("operator {}", i)},
                        {"verdict", i < 4 ? "chosen" : "reserve"},
                        {"reason", "expected error 1.234 ms, of which the best of its group has 1.111 ms less"},
                        {"pool", false}});
    }
    auto selected = Json::array({"ntp0.some-operator.example", "ntp1.some-operator.example"});
    return Json{{"run_id", run_id},
                {"dry_run", false},
                {"timestamp", render_time(time_of_round(run_id))},
                {"duration_s", 6.123},
                {"region", "asia/in"},
                {"service", "chronyd"},
                {"confidence", "high"},
                {"outcome", run_id == 1 ? "applied" : "unchanged"},
                {"reason", "nothing is better by more than 15 %"},
                {"selected", selected},
                {"previous", run_id == 1 ? Json::array() : selected},
                {"servers", std::move(list)},
                {"stages", {{{"stage", "discover"}, {"ok", true}, {"duration_s", 0.1}, {"detail", "40 candidates"}}}},
                {"diff", ""},
                {"trigger", "schedule"},
                {"transaction", 0}};
}

inline Status remember(SqliteStore& store, const Json& round, HistoryConfig limits = {}) {
    Remembered what;
    what.round = round;
    what.limits = limits;
    what.now = parse_time(get_string(round, "timestamp")).value();
    what.documents.emplace_back("selection", Json{{"round", get_integer(round, "run_id").value()}});
    return store.save(what);
}

/// Every store of a test must open; what it has to say is for the test to look at.
inline SqliteStore open_store(const Scratch& scratch) {
    auto opened = SqliteStore::open(scratch.path());
    EXPECT_TRUE(opened) << opened.error().detail;
    return *std::move(opened);
}

}  // namespace ntpopt::test

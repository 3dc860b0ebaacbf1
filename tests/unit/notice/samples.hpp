// Rounds, observations and events for the tests of this folder.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/notice/digest.hpp"
#include "daemon/core/notice/policy.hpp"

namespace ntpopt::test {

using namespace std::chrono_literals;

inline RealTime at(Duration after) {
    return RealTime(std::chrono::hours(500'000)) + after;
}

inline Json round_of(std::uint64_t id, const std::string& outcome, std::vector<std::string> before,
                     std::vector<std::string> after, const std::string& reason = "because") {
    return Json{{"run_id", id},
                {"dry_run", false},
                {"timestamp", render_time(at(0s))},
                {"outcome", outcome},
                {"reason", reason},
                {"previous", std::move(before)},
                {"selected", std::move(after)},
                {"servers", Json::array({Json{{"name", "new1.test"}, {"verdict", "chosen"}},
                                         Json{{"name", "bad.test"}, {"verdict", "falseticker"}},
                                         Json{{"name", "new2.test"}, {"verdict", "chosen"}}})}};
}

inline NoticeEvent rolled_back_event() {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    return policy
        .round_finished(
            round_of(
                17, "rolled_back", {"old1.test", "old2.test"}, {"old1.test", "old2.test"},
                "after 60s chronyd followed none of the new servers: new1.test unreachable, new2.test unreachable"),
            at(0s))
        .at(0);
}

inline NoticeEvent changed_event(std::uint64_t run = 18) {
    NoticePolicy policy(NotifyConfig{}, nullptr);
    return policy.round_finished(round_of(run, "applied", {"old1.test"}, {"new1.test", "new2.test"}), at(1min)).at(0);
}

}  // namespace ntpopt::test

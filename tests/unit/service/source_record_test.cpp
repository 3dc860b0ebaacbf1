// When the NTP service's own record of a server spares requests: only where nothing speaks against it.
#include "daemon/core/service/source_record.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "daemon/core/service/service.hpp"

namespace ntpopt {
namespace {

ServiceSource sound() {
    ServiceSource source;
    source.name = "a.test";
    source.address = *Address::parse("192.0.2.1");
    source.state = "selected";
    source.reach = 0377;
    source.record = SourceRecord{20, 9, 1200.0, 0.0003, 0.001, 40};
    return source;
}

TEST(SourceRecord, a_sound_one_spares_all_requests_but_one) {
    const auto spared = may_spare(sound(), ProbeConfig());
    ASSERT_TRUE(spared);
    EXPECT_EQ(spared->requests, 2);
    EXPECT_EQ(spared->samples, 20);
    EXPECT_EQ(spared->deviation_s, 0.0003);
}

struct Case {
    const char* what;
    std::function<void(ServiceSource&, ProbeConfig&)> change;
    bool spares = false;
};

TEST(SourceRecord, it_has_to_be_sound_in_every_way) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Case cases[] = {
        {"combined", [](auto& source, auto&) { source.state = "combined"; }, true},
        {"not combined, but it could be", [](auto& source, auto&) { source.state = "candidate"; }, true},
        {"a pool's member", [](auto& source, auto&) { source.pool = true; }, true},
        {"a span that is not told", [](auto& source, auto&) { source.record->span_s.reset(); }, true},
        {"just fresh", [](auto& source, auto&) { source.record->age_s = 2048; }, true},
        {"just long enough", [](auto& source, auto&) { source.record->span_s = 4; }, true},
        {"as many as the burst has",
         [](auto& source, auto& config) {
             config.samples = 8;
             source.record->samples = 8;
         },
         true},
        {"a falseticker", [](auto& source, auto&) { source.state = "falseticker"; }},
        {"too variable", [](auto& source, auto&) { source.state = "variable"; }},
        {"unreachable", [](auto& source, auto&) { source.state = "unreachable"; }},
        {"a word that nobody knows", [](auto& source, auto&) { source.state = "wonderful"; }},
        {"no word", [](auto& source, auto&) { source.state.clear(); }},
        {"the last poll was lost", [](auto& source, auto&) { source.reach = 0376; }},
        {"a poll was lost a while ago", [](auto& source, auto&) { source.reach = 0277; }},
        {"not polled long enough", [](auto& source, auto&) { source.reach = 017; }},
        {"an answer of long ago", [](auto& source, auto&) { source.record->age_s = 2049; }},
        {"an age that is none", [nan](auto& source, auto&) { source.record->age_s = nan; }},
        {"three samples", [](auto& source, auto&) { source.record->samples = 3; }},
        {"how many is not told", [](auto& source, auto&) { source.record->samples = 0; }},
        {"fewer than the burst has",
         [](auto& source, auto& config) {
             config.samples = 8;
             source.record->samples = 7;
         }},
        {"shorter than the burst", [](auto& source, auto&) { source.record->span_s = 3.9; }},
        {"a span that is none", [nan](auto& source, auto&) { source.record->span_s = nan; }},
        {"a deviation that is none", [nan](auto& source, auto&) { source.record->deviation_s = nan; }},
        {"a deviation below nothing", [](auto& source, auto&) { source.record->deviation_s = -1e-3; }},
        {"a deviation beyond all measure", [](auto& source, auto&) { source.record->deviation_s = 1; }},
        {"no record", [](auto& source, auto&) { source.record.reset(); }},
        {"no address", [](auto& source, auto&) { source.address.reset(); }},
        {"a reference clock", [](auto& source, auto&) { source.origin = "refclock"; }},
        {"nothing to spare", [](auto&, auto& config) { config.samples = 1; }},
    };
    for (const auto& [what, change, spares] : cases) {
        auto source = sound();
        ProbeConfig config;
        change(source, config);
        EXPECT_EQ(may_spare(source, config).has_value(), spares) << what;
    }
}

}  // namespace
}  // namespace ntpopt

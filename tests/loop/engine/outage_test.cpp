// An uplink that is away for a day, while one server in the house answers.
#include <gmock/gmock.h>

#include <algorithm>

#include "life.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::OptimizerTest;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct UplinkAway : OptimizerTest {
    /// One more round, six hours later, of a service that follows what was chosen last.
    std::vector<std::string> next_round() {
        if (!ears.reports.empty()) {
            world.service.observation.sources.clear();
            for (const auto& name : selected()) {
                ServiceSource source;
                source.name = name;
                source.ours = true;
                source.origin = "ours";
                source.state = "selected";
                source.reach = 255;
                world.service.observation.sources.push_back(source);
            }
            world.clock.skip(6h);
        }
        EXPECT_TRUE(make().reoptimize(false));
        live(1);
        return selected();
    }
    [[nodiscard]] std::vector<std::string> selected() const {
        std::vector<std::string> out;
        for (const auto& item : get_array(ears.reports.at(0), "selected"))
            out.push_back(item.get<std::string>());
        return out;
    }
};

TEST_F(UplinkAway, CostsNeitherTheSetNorTheCandidates) {
    const auto whole = next_round();
    ASSERT_THAT(whole, SizeIs(4));
    const auto all = world.prober.offsets;
    world.prober.offsets = {{"192.0.1.1", 0.0}};
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(next_round(), whole) << i;
    world.prober.offsets = all;
    EXPECT_EQ(next_round(), whole);
    EXPECT_THAT(world.prober.asked, SizeIs(5));
    EXPECT_THAT(optimizer->blacklist_entries(), IsEmpty());
    world.prober.offsets["192.0.1.1"] = 5.0;
    const auto without = next_round();
    EXPECT_THAT(without, SizeIs(4));
    EXPECT_THAT(without, Not(Contains("a.test"))) << "it is not believed alone";
}

/// Its address is a member of a pool, too, and is blacklisted as such.
TEST_F(UplinkAway, ServerInUseIsAskedUntilItIsBack) {
    world.discoverer.found.pop_back();
    Candidate pool{*Endpoint::parse("pool.test")};
    pool.pool = true;
    pool.timescale = Timescale::utc;
    world.discoverer.found.push_back(pool);
    world.resolver.addresses["pool.test"] = "192.0.1.1";
    auto whole = next_round();
    ASSERT_THAT(whole, Contains("a.test"));
    const auto is_asked = [&] {
        return std::any_of(world.prober.asked.begin(), world.prober.asked.end(),
                           [](const auto& target) { return target.address.text() == "192.0.1.1"; });
    };
    const auto all = world.prober.offsets;
    world.prober.offsets.erase("192.0.1.1");
    for (int i = 0; i < 6; ++i) {
        EXPECT_THAT(next_round(), Contains("a.test")) << i;
        EXPECT_TRUE(is_asked()) << i;
    }
    EXPECT_THAT(optimizer->blacklist_entries(), SizeIs(1));
    world.prober.offsets = all;
    EXPECT_THAT(next_round(), Contains("a.test"));
}

}  // namespace
}  // namespace ntpopt

// The gates that hold for every service, as tables; and that they never close on what an honest daemon decides.
#include "daemon/core/plan/gates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Offset {
    std::string_view name;
    double offset_s;
    double error_s;
    double bound_s = 0;
};

std::vector<Choice> choose(std::initializer_list<Offset> offsets) {
    std::vector<Choice> out;
    for (const auto& one : offsets)
        out.push_back({.endpoint = *Endpoint::parse(one.name),
                       .address = std::nullopt,
                       .timescale = Timescale::utc,
                       .offset_s = one.offset_s,
                       .error_s = one.error_s,
                       .bound_s = one.bound_s});
    return out;
}

ServiceObservation service(Service kind, bool synchronised = true) {
    ServiceObservation seen;
    seen.service = kind;
    seen.synchronised = synchronised;
    seen.capabilities.multi_source = kind != Service::timesyncd;
    return seen;
}

ServiceSource source(std::string_view name, std::string_view origin, bool ours = false) {
    ServiceSource out;
    out.name = name;
    out.origin = origin;
    out.ours = ours;
    return out;
}

std::string why(const Status& status) {
    return status ? "" : status.error().detail;
}

TEST(Gates, offsets_agree_within_their_bounds) {
    const auto seen = service(Service::chronyd);
    EXPECT_EQ(why(check_offsets(choose({{"a.test", 0.010, 0.001}, {"b.test", 0.014, 0.001}}), seen)), "");
    EXPECT_THAT(why(check_offsets(choose({{"a.test", 0.010, 0.001}, {"b.test", 0.021, 0.001}}), seen)),
                HasSubstr("a.test and b.test are 11.000 ms apart"));
    EXPECT_EQ(why(check_offsets(choose({{"a.test", 0.010, 0.001, 0.02}, {"b.test", 0.030, 0.001, 0.005}}), seen)), "");
    EXPECT_NE(why(check_offsets(choose({{"a.test", 0.010, 0.1, 0.002}, {"b.test", 0.030, 0.1, 0.004}}), seen)), "")
        << "a bound says more than an expected error";
}

TEST(Gates, a_synchronised_clock_is_never_stepped) {
    for (const auto& [kind, limit] :
         {std::pair(Service::timesyncd, 0.4), std::pair(Service::ntpd, 0.128), std::pair(Service::chronyd, 1.0)}) {
        const auto beyond = choose({{"a.test", -limit - 0.01, 0.001}});
        EXPECT_EQ(why(check_offsets(choose({{"a.test", limit - 0.01, 0.001}}), service(kind))), "") << name_of(kind);
        EXPECT_THAT(why(check_offsets(beyond, service(kind))), HasSubstr("steps the clock")) << name_of(kind);
        EXPECT_EQ(why(check_offsets(beyond, service(kind, false))), "") << "a clock that nobody keeps may be set";
    }
}

TEST(Gates, a_configuration_that_steps_earlier_counts_one_that_steps_later_does_not) {
    auto seen = service(Service::chronyd);
    seen.step_limit_s = 0.1;
    EXPECT_THAT(why(check_offsets(choose({{"a.test", 0.2, 0.001}}), seen)), HasSubstr("beyond 0.100 s it steps"));
    seen.step_limit_s = 100;
    EXPECT_EQ(why(check_offsets(choose({{"a.test", 0.2, 0.001}}), seen)), "");
    EXPECT_THAT(why(check_offsets(choose({{"a.test", 2, 0.001}}), seen)), HasSubstr("beyond 1.000 s"));
}

TEST(Gates, what_is_followed_already_bars_nobody) {
    auto seen = service(Service::chronyd);
    seen.sources = {source("liar.test", "ours", true)};
    const auto choices = choose({{"liar.test", 2, 0.001}, {"a.test", 0, 0.001}, {"b.test", 0, 0.001}});
    EXPECT_EQ(why(check_offsets(choices, seen)), "");
    seen.sources.front().port = 1123;
    EXPECT_NE(why(check_offsets(choices, seen)), "") << "another port is another server";
}

TEST(Gates, where_one_source_steers_alone_each_is_held_against_each) {
    auto seen = service(Service::timesyncd);
    seen.sources = {source("liar.test", "ours", true)};
    EXPECT_THAT(why(check_offsets(choose({{"liar.test", 0.2, 0.001}, {"a.test", 0, 0.001}}), seen)),
                HasSubstr("apart"));
    EXPECT_THAT(why(check_offsets(choose({{"liar.test", 2, 0.001}}), seen)), HasSubstr("steps the clock"));
}

TEST(Gates, the_catalogue_s_word_about_a_timescale_counts_before_the_caller_s) {
    const TimescaleOf catalogue = [](const Host& host) {
        return host.text() == "smear.test" ? Timescale::smear_24h : Timescale::unknown;
    };
    Config config;
    const auto seen = service(Service::chronyd);
    EXPECT_EQ(why(check_timescales(choose({{"a.test", 0, 0}}), seen, config, catalogue)), "");
    EXPECT_THAT(why(check_timescales(choose({{"smear.test", 0, 0}}), seen, config, catalogue)),
                HasSubstr("smear.test tells smear-24h, and the configuration wants timescale = \"utc\""));
    EXPECT_EQ(why(check_timescales(choose({{"smear.test", 0, 0}}), seen, config, {})), "") << "nobody knows better";
    config.selection.timescale = Timescale::smear_24h;
    EXPECT_EQ(why(check_timescales(choose({{"smear.test", 0, 0}}), seen, config, catalogue)), "");
    auto unknown = choose({{"x.test", 0, 0}});
    unknown.front().timescale = Timescale::unknown;
    EXPECT_THAT(why(check_timescales(unknown, seen, config, catalogue)), HasSubstr("tells an unknown timescale"));
}

TEST(Gates, timescales_do_not_mix_with_sources_that_stay) {
    const TimescaleOf catalogue = [](const Host& host) {
        return host.text() == "smear.test" ? Timescale::smear_24h : Timescale::unknown;
    };
    Config config;
    const auto choices = choose({{"a.test", 0, 0}});
    auto seen = service(Service::chronyd);
    seen.sources = {source("smear.test", "base"), source("smear.test", "ours", true), source("PHC0", "refclock")};
    EXPECT_EQ(why(check_timescales(choices, seen, config, catalogue)), "") << "they go, or are no servers";
    config.apply.augment = true;
    EXPECT_THAT(why(check_timescales(choices, seen, config, catalogue)), HasSubstr("set policy = \"replace\""));
    config.apply.augment = false;
    seen.sources = {source("smear.test", "dhcp")};
    EXPECT_THAT(why(check_timescales(choices, seen, config, catalogue)), HasSubstr("set replace_dhcp = true"));
    config.apply.replace_dhcp = true;
    EXPECT_EQ(why(check_timescales(choices, seen, config, catalogue)), "");
    config.apply.replace_dhcp = false;
    config.selection.timescale = Timescale::smear_24h;
    seen.sources = {source("nobody-knows.test", "dhcp")};
    EXPECT_NE(why(check_timescales(choose({{"smear.test", 0, 0}}), seen, config, catalogue)), "")
        << "doubt never joins a smearing class";
}

TEST(Gates, enough_servers_and_each_once) {
    auto seen = service(Service::ntpd);
    seen.capabilities.min_sources = 3;
    EXPECT_EQ(why(check_numbers({}, seen, {})), "no server was chosen");
    auto choices = choose({{"a.test", 0, 0}, {"b.test", 0, 0}});
    EXPECT_THAT(why(check_numbers(choices, seen, {})), HasSubstr("before it has 3 sources"));
    seen.sources = {source("base.test", "base"), source("a.test", "base")};
    ApplyConfig augment;
    augment.augment = true;
    EXPECT_NE(why(check_numbers(choices, seen, {})), "") << "what goes does not count";
    EXPECT_EQ(why(check_numbers(choices, seen, augment)), "") << "what stays does";
    choices.front().pool = true;
    EXPECT_EQ(why(check_numbers(choices, seen, {})), "");
    choices = choose({{"a.test", 0, 0}, {"b.test", 0, 0}, {"c.test", 0, 0}});
    EXPECT_EQ(why(check_numbers(choices, seen, {})), "");
    choices[0].address = choices[2].address = *Address::parse("192.0.2.1");
    EXPECT_THAT(why(check_numbers(choices, seen, {})), HasSubstr("a.test and c.test are one address"));
    choices = choose({{"a.test", 0, 0}, {"192.0.2.1", 0, 0}, {"c.test", 0, 0}});
    choices[2].address = *Address::parse("::ffff:192.0.2.1");
    EXPECT_THAT(why(check_numbers(choices, seen, {})), HasSubstr("192.0.2.1 and c.test are one address"));
    choices = choose({{"a.test", 0, 0}, {"b.test", 0, 0}, {"a.test:1123", 0, 0}});
    EXPECT_THAT(why(check_numbers(choices, seen, {})), HasSubstr("one address")) << "no service follows a host twice";
}

TEST(Gates, each_closed_gate_has_a_sentence_of_its_own) {
    auto seen = service(Service::chronyd);
    seen.capabilities.min_sources = 3;
    auto choices = choose({{"a.test", 0, 0}, {"b.test", 5, 0}});
    choices[0].timescale = Timescale::smear_meta;
    EXPECT_EQ(closed_gates(choices, seen, Config(), {}).size(), 3u);
    EXPECT_THAT(closed_gates(choose({{"a.test", 0, 0}}), service(Service::chronyd), Config(), {}), IsEmpty());
}

TEST(Gates, what_an_honest_daemon_decides_from_its_measurements_passes) {
    int applied = 0;
    for (int seed = 0; seed < 3000; ++seed) {
        world::Dice dice(static_cast<std::uint64_t>(seed));
        world::Machine machine;
        machine.config = world::random_config(dice);
        for (int round = 0; round < 3; ++round) {
            auto seen = service(Service::none, false);
            for (const auto& incumbent : machine.state.incumbents) {
                seen.sources.push_back(source(incumbent.endpoint.host.text(), "ours", true));
                seen.sources.back().port = incumbent.endpoint.port;
            }
            const auto servers = world::random_servers(dice, 16);
            const auto result = decide(world::observe(servers), machine.state, machine.config, machine.context);
            if (result.decision.outcome == Outcome::would_apply) {
                ++applied;
                Config config;
                config.selection = machine.config;
                for (const auto& gate : {check_offsets(result.decision.selected, seen),
                                         check_timescales(result.decision.selected, seen, config, {}),
                                         check_numbers(result.decision.selected, seen, config.apply)})
                    EXPECT_EQ(why(gate), "") << "seed " << seed;
            }
            machine.state = commit(result.next, result.decision.outcome == Outcome::would_apply);
            machine.context.time_s += 21600;
        }
    }
    EXPECT_GT(applied, 1000);
}

}  // namespace
}  // namespace ntpopt

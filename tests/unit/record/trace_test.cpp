// Lines of a trace: what may be written, what survives the way there and back, and what each mistake is called.
#include "daemon/core/record/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.hpp"
#include "daemon/core/record/replay.hpp"
#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// A candidate's line as docs/interface.md gives it, with one key replaced, or taken away where `value` is empty.
std::string candidate(std::string_view key = "", std::string_view value = "") {
    auto json = parse_json(R"({"name":"a","address":"192.0.2.1","operator":"x","regional":false,"timescale":"utc",
        "trusted":false,"stratum":2,"leap":0,"refid":"192.0.2.9","root_delay_s":0.01,"root_dispersion_s":0.002,
        "reference_age_s":30.0,"kod":null,"samples":[{"offset_s":0.001,"delay_s":0.02},null]})")
                    .value();
    if (!key.empty()) json.erase(std::string(key));
    auto text = render_json(json);
    if (!value.empty()) text.insert(1, std::string("\"").append(key).append("\":").append(value).append(","));
    return text;
}

std::string round(const std::string& candidates, std::string_view more = "") {
    return std::string(R"({"time_s":1.8e9,)").append(more) + R"("candidates":[)" + candidates + "]}";
}

/// The same without its answer.
std::string silent(std::string line) {
    const std::string_view answer = R"({"offset_s":0.001,"delay_s":0.02})";
    return line.replace(line.find(answer), answer.size(), "null");
}

TEST(Trace, EveryMistakeIsNamedWithItsLine) {
    const std::string deep(40, '[');
    const std::pair<std::string, const char*> cases[] = {
        {"nonsense", "column "},
        {R"({"time_s":1)", "column "},
        {deep, "nested more than 32 deep"},
        {"[]", "not a JSON object"},
        {"{}", "none of the keys candidates, config, state and event"},
        {R"({"time_s":1})", "none of the keys"},
        {R"({"candidates":[]})", "key 'time_s' is missing"},
        {R"({"time_s":null,"candidates":[]})", "key 'time_s' is not a number"},
        {R"({"time_s":"1","candidates":[]})", "key 'time_s' is not a number"},
        {R"({"time_s":-1,"candidates":[]})", "key 'time_s' is not between 0 and"},
        {R"({"time_s":1e300,"candidates":[]})", "key 'time_s' is not between 0 and"},
        {R"({"time_s":1e999,"candidates":[]})", "number overflow"},
        {R"({"time_s":NaN,"candidates":[]})", "column "},
        {R"({"time_s":1,"candidates":{}})", "key 'candidates' is not an array"},
        {round("7"), "candidate 1: is not an object"},
        {round(candidate() + ",7"), "candidate 2: is not an object"},
        {round(candidate("name")), "candidate 1: key 'name' is missing"},
        {round(candidate("name", R"("")")), "candidate 1: key 'name' is empty"},
        {round(candidate("name", R"("no such name")")), "candidate 1 ('no such name'): key 'name' "},
        {round(candidate("name", R"("\u0007\n")")), R"(candidate 1 ('\x07\x0a'): key 'name' )"},
        {round(candidate("address")), "candidate 1 ('a'): key 'address' is missing"},
        {round(candidate("address", R"("300.1.1.1")")), "('a'): key 'address' "},
        {round(candidate("port", "0")), "key 'port' is not between 1 and 65535"},
        {round(candidate("port", "123.5")), "key 'port' is not an integer"},
        {round(candidate("operator")), "key 'operator' is missing"},
        {round(candidate("operator", "7")), "key 'operator' is not a string"},
        {round(candidate("operator", '"' + std::string(2000, 'x') + '"')), "key 'operator' is longer than 1024 bytes"},
        {round(candidate("pool", "true")), "key 'pool' is not a string"},
        {round(candidate("source", R"("heaven")")),
         "key 'source' has no meaning: 'heaven'; it is one of configured, current, "},
        {round(candidate("source", R"("")")), "key 'source' has no meaning: ''"},
        {round(candidate("regional")), "key 'regional' is missing"},
        {round(candidate("regional", "null")), "key 'regional' is null"},
        {round(candidate("regional", "1")), "key 'regional' is neither true nor false"},
        {round(candidate("timescale")), "key 'timescale' is missing"},
        {round(candidate("timescale", R"("UTC")")),
         "key 'timescale' has no meaning: 'UTC'; it is one of utc, smear-24h, smear-meta, unknown"},
        {round(candidate("timescale", R"("")")), "key 'timescale' has no meaning: ''"},
        {round(candidate("timescale", "null")), "key 'timescale' is null"},
        {round(candidate("timescale", "7")), "key 'timescale' is not a string"},
        {round(candidate("trusted", "null")), "key 'trusted' is null"},
        {round(candidate("trusted")), "key 'trusted' is missing"},
        {round(candidate("stratum")), "key 'stratum' is missing"},
        {round(candidate("stratum", "256")), "key 'stratum' is not between 0 and 255"},
        {round(candidate("leap", "4")), "key 'leap' is not between 0 and 3"},
        {round(candidate("refid", R"("too long")")), "key 'refid' is neither a dotted quad nor up to four letters"},
        {round(candidate("root_delay_s", "1e12")), "key 'root_delay_s' is not between"},
        {round(candidate("reference_time", R"("1.2")")), "key 'reference_time' is not two times eight"},
        {round(candidate("kod", "1")), "key 'kod' is not a string"},
        {round(candidate("samples")), "key 'samples' is missing"},
        {round(candidate("samples", "null")), "key 'samples' is not an array"},
        {round(candidate("samples", "[1]")), "key 'samples' holds something that is neither an object nor null"},
        {round(candidate("samples", R"([{"offset_s":1}])")), "a sample: key 'delay_s' is missing"},
        {round(candidate("samples", R"([{"offset_s":null,"delay_s":1}])")), "offset_s and delay_s are numbers"},
        {round(candidate("samples", R"([{"offset_s":1e12,"delay_s":1}])")), "a sample: key 'offset_s' is not between"},
        {round(candidate(
             "samples", '[' + std::string(200, ' ') + "null" +
                            [] {
                                std::string more;
                                for (int i = 0; i < 64; ++i)
                                    more += ",null";
                                return more;
                            }() +
                            ']')),
         "key 'samples' has more than 64 entries"},
        {round(candidate("spared", "7")), "key 'spared' is not an object"},
        {round(candidate("spared", "{}")), "spared: key 'requests' is missing"},
        {round(candidate("spared", R"({"requests":0,"samples":9,"deviation_s":0.001})")),
         "spared: key 'requests' is not between 1 and 64"},
        {round(candidate("spared", R"({"requests":2,"samples":9,"deviation_s":-1})")),
         "spared: key 'deviation_s' is not between"},
        {round(candidate("spared", R"({"requests":2,"samples":9,"deviation_s":null})")),
         "spared: requests, samples and deviation_s are numbers"},
        {round(candidate() + "," + candidate("stratum", "3")),
         "candidate 2 ('a') repeats candidate 1: the same name, port and address"},
        {round(candidate("port", "124") + "," + candidate() + "," + candidate("port", "124")),
         "candidate 3 ('a:124') repeats candidate 1"},
        {round(candidate("pool", R"("p.test")") + "," + candidate("pool", R"("P.test")")),
         "candidate 2 ('p.test') repeats candidate 1"},
        {round(candidate("address", "null") + "," + candidate("address", "null")), "repeats candidate 1"},
        {round(candidate(), R"("config":{"sources":3},)"), "keys 'candidates' and 'config' do not go in one line"},
        {round(candidate(), R"("event":"rolled_back",)"), "keys 'candidates' and 'event' do not go in one line"},
        {R"({"state":{},"config":{}})", "keys 'config' and 'state' do not go in one line"},
        {round("", R"("current":[{"name":"x","timescale":"tai"}],)"), "current: key 'timescale' has no meaning: 'tai'"},
        {round("", R"("current":[{"pool":true}],)"), "current: key 'name' is missing"},
        {round("", R"("current":[7],)"), "key 'current' holds something that is not an object"},
        {round("", R"("own_addresses":["x"],)"), "own_addresses: "},
        {round("", R"("synchronised":"yes",)"), "key 'synchronised' is neither true nor false"},
        {R"({"config":7})", "key 'config' is not an object"},
        {R"({"config":{"sorces":3}})", "config: selection.sorces: unknown key; did you mean selection.sources?"},
        {R"({"config":{"sources":30}})", "config: selection.sources: 30 is out of range"},
        {R"({"state":7})", "selection state: document: not an object"},
        {R"({"state":{"servers":{"a":{"weight":-1}}}})",
         "selection state: servers.a: 'weight' is not a number in range"},
        {R"({"more_state":{"servers":7}})", "selection state: servers: not an object"},
        {R"({"event":"heat death"})",
         "key 'event' has no meaning: 'heat death'; it is one of rolled_back, not_applied, forgotten, blacklist, "},
        {R"({"event":null})", "key 'event' is null"},
        {R"({"event":7})", "key 'event' is not a string"},
        {R"({"event":"blacklist"})", "key 'server' is missing"},
        {R"({"event":"unblacklist","server":"a b"})", "key 'server' "},
        {R"({"event":"rolled_back","servers":[1]})", "servers: "},
    };
    for (const auto& [line, expected] : cases) {
        Replay replay;
        EXPECT_TRUE(replay.feed(round(candidate())));
        EXPECT_TRUE(replay.feed("   "));
        const auto answer = replay.feed(line);
        ASSERT_FALSE(answer) << line;
        EXPECT_THAT(answer.error().detail, AllOf(StartsWith("line 3: "), HasSubstr(expected))) << line;
        EXPECT_LT(answer.error().detail.size(), 800U);
    }
}

TEST(Trace, ALineThatIsTooLongIsRefused) {
    EXPECT_THAT(parse_trace_line(std::string(kMaxTraceLine + 1, ' ')).error().detail, HasSubstr("8388608 bytes"));
    std::string many;
    for (std::size_t i = 0; i <= kMaxTraceCandidates; ++i)
        many += i == 0 ? "0" : ",0";
    EXPECT_THAT(parse_trace_line(round(many)).error().detail, HasSubstr("more than 10000 entries"));
}

TEST(Trace, EveryMissingKeyThatHasToBeThereIsMissed) {
    for (const auto* key : {"name", "address", "operator", "regional", "timescale", "trusted", "stratum", "leap",
                            "refid", "root_delay_s", "root_dispersion_s", "reference_age_s", "kod", "samples"})
        EXPECT_THAT(parse_trace_line(round(candidate(key))).error().detail,
                    HasSubstr(fmt::format("key '{}' is missing", key)));
}

TEST(Trace, RandomRoundsSurviveTheWayThereAndBackAndAreDecidedAlike) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        world::Dice dice(seed);
        world::Machine machine;
        machine.config.sources = dice.roll(1, 6);
        if (dice.chance(0.3)) machine.config.trusted = {"good1.test"};
        if (dice.chance(0.3)) machine.context.current = world::current({"old.test", "good2.test"});
        if (dice.chance(0.2)) machine.context.leap_window = true;
        if (dice.chance(0.2)) machine.context.serves_others = true;
        if (dice.chance(0.5)) machine.round(world::random_servers(dice, 12));
        machine.context.time_s += 0.1 / 3;
        auto seen = world::observe(world::random_servers(dice, 12));
        for (auto& one : seen)
            if (dice.chance(0.3)) one.measurement.spared = Spared{dice.roll(1, 7), 12, 1e-3 / dice.roll(1, 9)};
        const auto live = decide(seen, machine.state, machine.config, machine.context);
        const auto expected = render_decision(machine.context.time_s, live.decision);

        const auto line = render_trace_round(seen, machine.config, machine.context, fingerprint(expected));
        const auto parsed = parse_trace_line(line);
        ASSERT_TRUE(parsed) << parsed.error().detail;
        const auto& again = std::get<TraceRound>(*parsed);
        EXPECT_EQ(render_trace_round(again.observations, machine.config, again.context, again.decided), line);

        Replay replay;
        EXPECT_TRUE(replay.feed(render_trace_config(machine.config)));
        for (const auto& part : render_trace_state(machine.state))
            EXPECT_TRUE(replay.feed(part));
        EXPECT_EQ(replay.state(), machine.state);
        const auto answer = replay.feed(line);
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->output, expected) << seed;
        EXPECT_FALSE(answer->differs);
        EXPECT_EQ(replay.state(), commit(live.next, true));
    }
}

TEST(Trace, TheDefaultsAreTheSameWithAndWithoutTheirLine) {
    const auto line = render_trace_config(SelectionConfig{});
    const auto parsed = std::get<SelectionConfig>(parse_trace_line(line).value());
    EXPECT_EQ(render_trace_config(parsed), line);
    EXPECT_EQ(parsed.half_jitter_ms, SelectionConfig{}.half_jitter_ms);
    EXPECT_EQ(parsed.half_latency_ms, SelectionConfig{}.half_latency_ms);
    EXPECT_EQ(parsed.weights, SelectionConfig{}.weights);
}

TEST(Trace, ALargeMemoryIsSeveralLines) {
    SelectionState state;
    for (int i = 0; i < 2500; ++i)
        state.servers[fmt::format("192.0.{}.{}:123", i / 250, i % 250 + 1)].weight = 1 / (i + 1.0);
    state.pools["p.test"].weight = 1;
    const auto lines = render_trace_state(state);
    EXPECT_THAT(lines, SizeIs(3));
    Replay replay;
    for (const auto& line : lines)
        EXPECT_TRUE(replay.feed(line));
    EXPECT_EQ(replay.state(), state);
}

TEST(Trace, ASilentServerIsUnreachableWhateverItsLineSaysOfIt) {
    for (const auto* stratum : {"0", "2", "null"}) {
        const auto line = silent(candidate("stratum", stratum));
        EXPECT_THAT(Replay().feed(round(line)).value().output, HasSubstr(R"("verdict":"unreachable")")) << line;
    }
}

TEST(Trace, AServerThatAdmitsToBeUnsynchronisedIsNotUnreachable) {
    const auto line = silent(candidate("leap", "3"));
    EXPECT_THAT(Replay().feed(round(line)).value().output, HasSubstr(R"("verdict":"unsynchronised")"));
}

TEST(Trace, AMemberOfAPoolGoesByThePoolsName) {
    const auto parsed = parse_trace_line(round(candidate("pool", R"("2.pool.test")"))).value();
    const auto& seen = std::get<TraceRound>(parsed).observations.at(0);
    EXPECT_TRUE(seen.candidate.pool);
    EXPECT_EQ(seen.candidate.endpoint.text(), "2.pool.test");
    EXPECT_EQ(seen.address->text(), "192.0.2.1");
}

TEST(Trace, TrustOnALineCountsForItsRoundOnly) {
    Replay replay;
    ASSERT_TRUE(replay.feed(round(candidate("trusted", "true"))));
    EXPECT_THAT(replay.last_round()->config.trusted, testing::ElementsAre("a"));
    EXPECT_TRUE(replay.last_round()->decision.consensus.trusted);
    ASSERT_TRUE(replay.feed(round(candidate())));
    EXPECT_THAT(replay.last_round()->config.trusted, IsEmpty());
}

TEST(Replay, ADecisionCountsAsAppliedUnlessAnEventSaysOtherwise) {
    world::Machine machine;
    const auto line = render_trace_round(world::observe(world::honest(6)), machine.config, machine.context, "");
    const auto incumbents = [&](const char* event) {
        Replay replay;
        EXPECT_TRUE(replay.feed(line));
        EXPECT_TRUE(replay.feed(event));
        return replay.state().incumbents.size();
    };
    EXPECT_EQ(incumbents(""), 4U);
    EXPECT_EQ(incumbents(R"({"event":"blacklist","server":"x.test"})"), 4U);
    EXPECT_EQ(incumbents(R"({"event":"rolled_back"})"), 0U);
    EXPECT_EQ(incumbents(R"({"event":"not_applied"})"), 0U);
    EXPECT_EQ(incumbents(R"({"event":"forgotten"})"), 0U);
    Replay replay;
    EXPECT_TRUE(replay.feed(line));
    EXPECT_TRUE(replay.feed(R"({"event":"rolled_back"})"));
    EXPECT_THAT(replay.state().penalties, SizeIs(4)) << "what was tried is left alone for a while";
}

TEST(Replay, NumbersHaveSeventeenDigitsAndServersStandByName) {
    Decision decision;
    decision.servers.resize(2);
    decision.servers[0].name = "z";
    decision.servers[0].score = 0.1;
    decision.servers[1].name = "a\"";
    decision.servers[1].error_ms = HUGE_VAL;
    const auto line = render_decision(1e9 + 0.1, decision);
    EXPECT_THAT(line, StartsWith(R"({"time_s":1000000000.1,"confidence":"none","outcome":"unchanged","reason":"",)"
                                 R"("selected":[],"servers":[{"name":"a\"",)"));
    EXPECT_THAT(line, HasSubstr(R"("score":0.10000000000000001,)"));
    EXPECT_THAT(line, HasSubstr(R"("error_ms":null,)"));
    EXPECT_TRUE(parse_json(line));
}

}  // namespace
}  // namespace ntpopt

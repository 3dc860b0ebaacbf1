// The log of the last rounds: it keeps its bounds, and what it keeps can be played back.
#include "daemon/core/record/trace_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/select/random_world.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;

/// Where the lines are kept.
struct Kept {
    std::vector<std::pair<std::uint64_t, std::string>> rows;

    void keep(TraceLog& log) {
        if (log.change().afresh) rows.clear();
        for (const auto segment : log.change().dropped)
            std::erase_if(rows, [segment](const auto& row) { return row.first == segment; });
        rows.insert(rows.end(), log.change().added.begin(), log.change().added.end());
        log.mark_kept();
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const auto& row : rows)
            out.push_back(row.second);
        return out;
    }
};

struct Life {
    world::Machine machine;
    world::Dice dice{7};
    TraceLog log;
    Kept kept;
    std::vector<std::string> decisions;

    std::vector<std::string> lines() {
        kept.keep(log);
        for (const auto& row : kept.rows)
            EXPECT_TRUE(log.has_segment(row.first));
        return kept.lines();
    }

    void round(const std::vector<Observation>& seen) {
        auto result = decide(seen, machine.state, machine.config, machine.context);
        log.add_round({seen, machine.state, machine.config, machine.context, result.decision});
        decisions.push_back(render_decision(machine.context.time_s, result.decision));
        machine.state = commit(std::move(result.next), true);
        log.settle(std::nullopt, machine.state);
        machine.context.time_s += 6 * 3600;
        // As after a restart.
        kept.keep(log);
        log = TraceLog::parse(parse_json(render_json(log.document())).value()).value();
    }
    void rounds(int count) {
        for (int i = 0; i < count; ++i)
            round(world::observe(world::random_servers(dice, 12)));
    }
};

std::vector<std::string> play(const std::vector<std::string>& lines) {
    Replay replay;
    std::vector<std::string> out;
    for (const auto& line : lines) {
        const auto answer = replay.feed(line);
        EXPECT_TRUE(answer) << answer.error().detail;
        if (!answer) return out;
        EXPECT_FALSE(answer->differs);
        if (!answer->output.empty()) out.push_back(answer->output);
    }
    return out;
}

std::size_t bytes_of(const std::vector<std::string>& lines) {
    std::size_t bytes = 0;
    for (const auto& line : lines)
        bytes += line.size();
    return bytes;
}

TEST(TraceLog, KeepsTheLastRoundsAndTheMemoryTheyBeganWith) {
    Life life;
    life.rounds(130);
    const auto played = play(life.lines());
    EXPECT_GT(played.size(), TraceLog::kMaxRounds - TraceLog::kRoundsOfASegment);
    EXPECT_LE(played.size(), TraceLog::kMaxRounds);
    EXPECT_THAT(played, ElementsAreArray(life.decisions.end() - static_cast<std::ptrdiff_t>(played.size()),
                                         life.decisions.end()));
}

TEST(TraceLog, NeverGrowsBeyondItsBytes) {
    Life life;
    for (int i = 0; i < 60; ++i) {
        life.round(world::observe(world::honest(200)));
        ASSERT_LE(bytes_of(life.lines()), TraceLog::kMaxBytes);
    }
    const auto played = play(life.lines());
    ASSERT_FALSE(played.empty());
    EXPECT_EQ(played.back(), life.decisions.back());
}

TEST(TraceLog, ManyBlacklistingsDoNotFillIt) {
    Life life;
    life.rounds(1);
    const TraceEvent event{.kind = TraceEvent::Kind::blacklist,
                           .time_s = 1,
                           .server = fmt::format("{0}.{0}.{0}.test", std::string(60, 'x'))};
    auto state = life.machine.state;
    for (int i = 0; i < 10'000; ++i) {
        auto after = after_event(state, event);
        life.log.add_event(event, state, after);
        state = std::move(after);
    }
    EXPECT_LE(bytes_of(life.lines()), TraceLog::kMaxBytes);
    life.machine.state = state;
    life.rounds(2);
    EXPECT_THAT(play(life.lines()), testing::Contains(life.decisions.back()));
}

TEST(TraceLog, ARoundWithoutAnEndIsFollowedByTheMemory) {
    Life life;
    life.rounds(2);
    const auto seen = world::observe(world::honest(6));
    const auto result = decide(seen, life.machine.state, life.machine.config, life.machine.context);
    life.log.add_round({seen, life.machine.state, life.machine.config, life.machine.context, result.decision});
    life.decisions.push_back(render_decision(life.machine.context.time_s, result.decision));
    life.rounds(2);
    EXPECT_THAT(play(life.lines()), ElementsAreArray(life.decisions));
}

TEST(TraceLog, AWindowIsCutByTime) {
    Life life;
    life.rounds(10);
    const double end_s = life.machine.context.time_s;
    const auto lines = life.lines();
    const auto part = cut_trace(lines, {.since_s = end_s - 5 * 6 * 3600, .until_s = end_s - 2 * 6 * 3600});
    EXPECT_THAT(play(part.value()), ElementsAreArray(life.decisions.begin() + 5, life.decisions.begin() + 8));
    EXPECT_THAT(cut_trace(lines, {.since_s = end_s}).value(), IsEmpty());
    EXPECT_THAT(cut_trace(lines, {.rounds = 0}).value(), IsEmpty());
    EXPECT_EQ(cut_trace(lines, {}).value(), lines);
}

TEST(TraceLog, RefusesADocumentOfSomebodyElse) {
    for (const auto* text : {"7", "{}", R"({"format":3})", R"({"format":2})", R"({"format":2,"segments":[{}]})",
                             R"({"format":1,"segments":[{"lines":[7]}]})"})
        EXPECT_FALSE(TraceLog::parse(parse_json(text).value())) << text;
    EXPECT_THAT(TraceLog::parse(nullptr).value().change().added, IsEmpty());
}

TEST(TraceLog, ThatOfTheFirstVersionGoesOn) {
    Life life;
    life.rounds(3);
    auto old = life.log.document();
    old["format"] = 1;
    old["segments"] = Json::array({Json{{"lines", life.lines()}}});
    life.kept = {};
    life.log = TraceLog::parse(old).value();
    life.rounds(2);
    EXPECT_THAT(play(life.lines()), ElementsAreArray(life.decisions));
    const auto lines = life.lines();
    EXPECT_EQ(
        std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("{\"state\""); }), 1)
        << "the memory goes on, too";
}

TEST(TraceLog, IsCutToALimitOfItsOwn) {
    Life life;
    life.rounds(60);
    const auto whole = bytes_of(life.lines());
    life.log.keep_within(whole / 2);
    EXPECT_LE(bytes_of(life.lines()), whole / 2);
    const auto played = play(life.lines());
    EXPECT_THAT(played, ElementsAreArray(life.decisions.end() - static_cast<std::ptrdiff_t>(played.size()),
                                         life.decisions.end()));
    life.log.keep_within(0);
    EXPECT_THAT(life.lines(), IsEmpty());
    life.rounds(1);
    EXPECT_THAT(play(life.lines()), testing::ElementsAre(life.decisions.back()));
}

}  // namespace
}  // namespace ntpopt

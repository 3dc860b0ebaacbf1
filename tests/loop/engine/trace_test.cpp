// A trace of what really happened, from an engine that is restarted, rolled back and told to leave servers alone:
// played back it comes to the same decisions, byte for byte.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>

#include "daemon/core/record/replay.hpp"
#include "fakes.hpp"

namespace ntpopt {
namespace {

using test::FakeWorld;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Silent final : OptimizerListener {
    std::function<void()> on_finished = [] {};
    std::function<void(Stage)> on_progress = [](Stage) {};
    std::vector<std::string> troubles;

    void state_changed() override {}
    void service_observed(const ServiceObservation&) override {}
    void run_started(std::uint64_t, bool, std::string_view) override {}
    void run_progress(std::uint64_t, Stage stage, std::size_t, std::size_t) override { on_progress(stage); }
    void run_finished(std::uint64_t, const Json&) override { on_finished(); }
    void selection_changed(const std::vector<std::string>&, const std::vector<std::string>&,
                           std::string_view) override {}
    void server_blacklisted(std::string_view, std::uint64_t, std::string_view) override {}
    void trouble(std::string_view what) override { troubles.emplace_back(what); }
    void reconverge_failed(const TransactionReport&) override {}
};

std::vector<std::string> play(const std::vector<std::string>& lines, std::vector<std::string>* warnings = nullptr) {
    std::vector<std::string> out;
    std::size_t at = 0;
    const auto done = run_replay([&] { return at < lines.size() ? std::optional(lines[at++]) : std::nullopt; },
                                 [&](std::string_view line) { out.emplace_back(line); },
                                 [&](std::string_view line) {
                                     if (warnings) warnings->emplace_back(line);
                                 });
    EXPECT_TRUE(done) << done.error().detail;
    return out;
}

struct TraceTest : testing::Test {
    FakeWorld world;
    Silent ears;
    std::unique_ptr<Optimizer> engine;
    std::vector<std::string> decisions;  ///< as the live engine made them
    std::map<std::string, double> truth;
    std::uint32_t dice = 1;

    TraceTest() {
        for (const auto* more : {"f.test", "g.test"})
            world.add(more, 0.0);
        truth = world.prober.offsets;
        world.prober.on_probe = [this] { shake(); };
    }

    void restart() {
        engine = std::make_unique<Optimizer>(world.io.get_executor(), world.ports(), world.alarm, world.store, ears,
                                             world.config, 0);
        ears.on_progress = [](Stage) {};
    }

    /// No round measures quite what the last one did.
    void shake() {
        for (const auto& [address, offset] : truth) {
            dice = dice * 1664525U + 1013904223U;
            world.prober.offsets[address] = offset + 3e-4 * (dice / 4294967296.0 - 0.5);
        }
    }

    void run() {
        boost::asio::co_spawn(world.io, engine->run(), [](std::exception_ptr escaped) { EXPECT_FALSE(escaped); });
        world.io.restart();
        world.io.run_for(std::chrono::seconds(60));
        EXPECT_TRUE(world.io.stopped()) << "did not end by itself";
    }

    void note_decision() {
        const auto* round = engine->last_round();
        if (!round) return;
        auto line = render_decision(round->context.time_s, round->decision);
        if (decisions.empty() || decisions.back() != line) decisions.push_back(std::move(line));
    }

    /// So many rounds of a new life by hand, one after the other; `before(i)` says how the i-th is to be.
    void rounds(
        int count, const std::function<void(int)>& before = [](int) {}) {
        restart();
        int done = 0;
        ears.on_finished = [this, count, before, &done] {
            note_decision();
            if (++done >= count) return engine->stop();
            before(done);
            EXPECT_TRUE(engine->reoptimize(false));
        };
        before(0);
        EXPECT_TRUE(engine->reoptimize(false));
        run();
    }

    [[nodiscard]] std::string address_of(const std::string& name) { return world.resolver.addresses.at(name); }
    [[nodiscard]] std::string first_choice() { return engine->last_round()->decision.selected.at(0).endpoint.text(); }
    std::vector<std::string> trace(const TraceWindow& window = {}) { return engine->trace(window).value(); }
};

Endpoint endpoint(const std::string& text) {
    return Endpoint::parse(text).value();
}

TEST_F(TraceTest, FiftyRoundsWithARestartARollbackAndABlacklistingReplayByteForByte) {
    rounds(12, [this](int i) {
        // The best one starts to lie: it has to go, and the change to do so is undone once.
        if (i == 8) {
            truth[address_of(first_choice())] = 0.25;
            world.service.ends.state = TransactionState::rolled_back;
        }
        if (i == 9) world.service.ends.state = TransactionState::committed;
    });
    EXPECT_THAT(trace(), Contains(HasSubstr(R"("event":"rolled_back")")));
    rounds(14, [this](int i) {
        if (i == 4) {
            EXPECT_TRUE(engine->blacklist(endpoint(first_choice()), std::chrono::hours(1)));
        }
        if (i == 6) {
            EXPECT_TRUE(engine->blacklist(endpoint("never.test"), std::nullopt));
        }
        if (i == 7) {
            EXPECT_TRUE(engine->unblacklist(endpoint("never.test")));
        }
        if (i == 9) world.config.selection.hysteresis = 0.01;
        if (i == 9) engine->reload(world.config);
    });
    rounds(14, [this](int i) {
        if (i == 3) truth["192.0.4.1"] = -0.004;
        if (i == 5) world.service.apply_failure = Error{Errc::refused, "too many changes today"};
        if (i == 5) truth[address_of(first_choice())] = 0.1;
        if (i == 6) world.service.apply_failure.reset();
        if (i == 7) truth["192.0.4.1"] = 0;
    });
    restart();
    EXPECT_TRUE(engine->rollback(true));
    ears.on_finished = [this] { engine->stop(); };
    run();
    restart();
    EXPECT_TRUE(engine->reoptimize(true));
    ears.on_finished = [this] {
        note_decision();
        engine->stop();
    };
    run();
    rounds(9);

    ASSERT_THAT(decisions, SizeIs(50));
    std::vector<std::string> warnings;
    const auto lines = trace();
    EXPECT_THAT(play(lines, &warnings), ElementsAreArray(decisions));
    EXPECT_THAT(warnings, IsEmpty());
    EXPECT_THAT(lines,
                AllOf(Contains(HasSubstr(R"("event":"blacklist")")), Contains(HasSubstr(R"("event":"unblacklist")")),
                      Contains(HasSubstr(R"("event":"not_applied")")), Contains(HasSubstr(R"("event":"forgotten")"))));
    EXPECT_THAT(ears.troubles, IsEmpty());

    // Any part of it says the same of its rounds.
    for (const std::size_t newest : {1U, 7U, 33U}) {
        const auto part = play(trace({.rounds = newest}), &warnings);
        EXPECT_THAT(part, ElementsAreArray(decisions.end() - static_cast<std::ptrdiff_t>(newest), decisions.end()));
    }
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(TraceTest, RoundsInWhichTheServicesRecordSparedRequestsReplayByteForByte) {
    for (const auto* name : {"a.test", "b.test", "c.test"})
        world.service.uses(name, address_of(name));
    rounds(6, [this](int i) {
        auto& record = world.service.observation.sources.back().record;
        if (i == 3) record->deviation_s = 0.004;
        if (i == 4) record.reset();
        if (i == 5) truth.erase(address_of("a.test"));
        if (i == 5) world.prober.offsets.erase(address_of("a.test"));
    });
    ASSERT_THAT(decisions, SizeIs(6));
    std::vector<std::string> warnings;
    const auto lines = trace();
    EXPECT_THAT(lines, Contains(HasSubstr(R"("spared":{"requests":2,"samples":30,"deviation_s":0.0002})")));
    EXPECT_THAT(play(lines, &warnings), ElementsAreArray(decisions));
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(TraceTest, ABlacklistingDuringARoundIsNotLostWithTheRoundsOwnMemory) {
    rounds(3);
    world.prober.on_probe = [this] {
        shake();
        EXPECT_TRUE(engine->blacklist(endpoint("a.test"), std::nullopt));
    };
    rounds(1);
    EXPECT_THAT(engine->blacklist_entries(), SizeIs(1));
    world.prober.on_probe = [this] { shake(); };
    restart();
    EXPECT_THAT(engine->blacklist_entries(), SizeIs(1));
    rounds(2);
    EXPECT_THAT(play(trace()), ElementsAreArray(decisions));
}

TEST_F(TraceTest, AChangeThatARestartInterruptedIsToldAsItEnded) {
    using State = TransactionState;
    for (const auto& [ended, interrupted] : {std::pair(State::committed, false), std::pair(State::rolled_back, false),
                                             std::pair(State::rolled_back, true)}) {
        rounds(2);
        truth[address_of(first_choice())] += 0.3;
        world.service.hangs = true;
        restart();
        ears.on_progress = [this](Stage stage) {
            if (stage != Stage::verify) return;
            EXPECT_TRUE(engine->blacklist(endpoint("never.test"), std::nullopt));
            boost::asio::post(world.io, [this] { engine->stop(); });
        };
        EXPECT_TRUE(engine->reoptimize(false));
        run();
        note_decision();
        world.service.hangs = false;
        world.service.has_last = true;
        world.service.last = world.service.ends;
        world.service.last.id = ++world.service.ends.id;
        world.service.last.state = ended;
        world.service.last.interrupted = interrupted;
        restart();
        ears.on_finished = [this] { engine->stop(); };
        run();
        EXPECT_THAT(engine->blacklist_entries(), Contains(testing::Field(&BlacklistEntry::name, "never.test")));
        rounds(2);
    }
    std::vector<std::string> warnings;
    EXPECT_THAT(play(trace(), &warnings), ElementsAreArray(decisions));
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(TraceTest, AMemoryThatWasLostIsTold) {
    rounds(4);
    world.store.documents.erase("selection");
    rounds(4);
    std::vector<std::string> warnings;
    EXPECT_THAT(play(trace(), &warnings), ElementsAreArray(decisions));
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(TraceTest, ADamagedTraceIsTroubleAndBegunAfresh) {
    rounds(2);
    world.store.documents["trace"] = Json{{"format", 1}, {"segments", Json::array({Json{{"lines", {7}}}})}};
    decisions.clear();
    rounds(2);
    EXPECT_THAT(ears.troubles, Contains(HasSubstr("the trace of the last rounds is damaged")));
    EXPECT_THAT(play(trace()), ElementsAreArray(decisions));
}

TEST_F(TraceTest, TheLastRoundCanBeExplainedAfterARestart) {
    rounds(3);
    const auto before = *engine->last_round();
    restart();
    const auto* after = engine->last_round();
    ASSERT_NE(after, nullptr);
    EXPECT_EQ(render_decision(after->context.time_s, after->decision),
              render_decision(before.context.time_s, before.decision));
    EXPECT_EQ(after->state, before.state);
}

TEST_F(TraceTest, ARoundWithTooManyCandidatesIsLeftOutAndTheNextOneIsWhole) {
    rounds(2);
    world.config.probe.max_candidates = 1000;
    for (std::size_t i = 0; i < TraceLog::kMaxCandidates; ++i)
        world.discoverer.found.push_back({.endpoint = endpoint("silent" + std::to_string(i) + ".test")});
    rounds(2);
    EXPECT_EQ(engine->last_round(), nullptr);
    world.discoverer.found.erase(world.discoverer.found.begin() + 7, world.discoverer.found.end());
    const auto known = decisions;
    rounds(2);
    const auto lines = trace();
    EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                            [](const auto& line) { return line.find("left_out") != std::string::npos; }),
              1);
    std::vector<std::string> warnings;
    EXPECT_THAT(play(lines, &warnings), SizeIs(4));
    EXPECT_THAT(warnings, IsEmpty());
}

}  // namespace
}  // namespace ntpopt

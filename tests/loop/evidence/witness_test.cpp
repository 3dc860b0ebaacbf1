// The witness: when it writes what, and that it notices evidence that is not as it was left, by itself and by what the
// applier was told.
#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/engine/witnessed_service.hpp"
#include "daemon/io/store/sqlite_store.hpp"
#include "tests/loop/engine/fakes.hpp"
#include "tests/loop/store/sample_rounds.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using test::open_store;
using test::Scratch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kHour = std::chrono::hours(1);

struct Fixture {
    explicit Fixture(const Scratch& scratch) : store(open_store(scratch)) {
        seen.leap = 0;
        witness.begin();
    }

    SqliteStore store;
    test::FakeClock clock;
    std::vector<std::string> told;
    Witness witness{store, clock, [this](const std::string& what) { told.push_back(what); }};
    ServiceObservation seen = test::FakeTimeService().observation;

    std::vector<std::string> kinds() {
        std::vector<std::string> all;
        for (const auto& entry : store.entries({}).value())
            all.push_back(entry.kind);
        return all;
    }
    Json newest() { return parse_json(store.entry(store.mark().seq).value()->body).value(); }
    void follow(const std::vector<std::string>& names) {
        seen.sources.clear();
        for (const auto& name : names) {
            ServiceSource source;
            source.name = name;
            seen.sources.push_back(source);
        }
    }
    Json verify() { return witness.verify(seen.evidence).value(); }
};

TEST(Witness, NotesTheClockOnceAnHourAndWithEachRound) {
    Scratch scratch;
    Fixture f(scratch);
    for (int minute = 0; minute < 24 * 60; minute += 15) {
        f.witness.observed(f.seen);
        f.clock.skip(std::chrono::minutes(15));
    }
    EXPECT_THAT(f.kinds(), SizeIs(testing::AllOf(testing::Ge(24U), testing::Le(26U))));
    const auto before = f.store.mark().seq;
    f.witness.round_ended(Json{{"transaction", 0}}, f.seen, std::chrono::seconds(10), {});
    EXPECT_EQ(f.store.mark().seq, before + 1);
    EXPECT_EQ(get_integer(f.newest(), "age_usec"), 10'000'000);
    EXPECT_EQ(get_integer(f.newest(), "bound_ns"), 150'000) << "15 ppm of 10 s";
    EXPECT_THAT(f.told, IsEmpty());
}

TEST(Witness, NotesOtherSourcesThanBeforeAndWhoseDoingTheyAre) {
    Scratch scratch;
    Fixture f(scratch);
    f.follow({"b", "a", "a"});
    f.witness.observed(f.seen);
    f.witness.observed(f.seen);
    EXPECT_THAT(f.kinds(), ElementsAre("sources", "clock"));
    f.follow({"c"});
    f.witness.observed(f.seen);
    EXPECT_THAT(f.kinds(), SizeIs(2)) << "to and fro is not followed within ten minutes";
    f.clock.skip(std::chrono::minutes(11));
    f.witness.observed(f.seen);
    EXPECT_EQ(get_string(f.newest(), "why"), "elsewhere");

    f.witness.requested("apply", Json{{"servers", {"d"}}});
    f.follow({"c", "d"});
    f.witness.observed(f.seen);
    TransactionReport report;
    report.id = 4;
    report.kind = "apply";
    f.witness.changed(report);
    f.follow({"d"});
    f.witness.observed(f.seen);
    EXPECT_EQ(get_string(f.newest(), "why"), "change");
    EXPECT_THAT(f.kinds(), ElementsAre("sources", "clock", "sources", "requested", "changed", "sources"));
}

TEST(Witness, AChangeThatLeftTheSourcesAsTheyWereIsNotBlamedForTheNext) {
    Scratch scratch;
    Fixture f(scratch);
    f.follow({"a"});
    f.witness.observed(f.seen);
    TransactionReport report;
    report.state = TransactionState::rolled_back;
    f.witness.changed(report);
    f.witness.observed(f.seen);
    f.clock.skip(std::chrono::hours(48));
    f.follow({"b"});
    f.witness.observed(f.seen);
    EXPECT_EQ(get_string(*parse_json(f.store.entries({})->at(f.kinds().size() - 2).body), "why"), "elsewhere");
}

TEST(Witness, ARoundThatAnEarlierProcessBeganIsARecovery) {
    Scratch scratch;
    Fixture f(scratch);
    f.witness.round_ended(Json{{"run_id", 3}, {"transaction", 9}, {"outcome", "applied"}}, f.seen, {}, {});
    EXPECT_THAT(f.kinds(), ElementsAre("recovery"));
    f.witness.round_ended(Json{{"run_id", 3}, {"transaction", 9}, {"outcome", "applied"}}, f.seen, {}, {});
    EXPECT_THAT(f.kinds(), ElementsAre("recovery", "clock"));
}

TEST(Witness, OldEvidenceGoesOnlyWhereTheClockIsToBeBelieved) {
    Scratch scratch;
    Fixture f(scratch);
    HistoryConfig limits;
    limits.evidence_retention = std::chrono::hours(48);
    f.seen.synchronised = false;
    for (int i = 0; i < 100; ++i) {
        f.witness.round_ended(Json{{"transaction", 0}}, f.seen, {}, limits);
        f.clock.skip(kHour);
    }
    EXPECT_THAT(f.kinds(), SizeIs(100));
    f.seen.synchronised = true;
    f.witness.round_ended(Json{{"transaction", 0}}, f.seen, {}, limits);
    EXPECT_THAT(f.kinds(), SizeIs(testing::Lt(53U)));
    EXPECT_EQ(get_bool(f.verify(), "ok"), true);
}

TEST(WitnessedService, WritesDownWhatIsAskedBeforeItIsAsked) {
    Scratch scratch;
    Fixture f(scratch);
    asio::io_context io{1};
    test::FakeTimeService service;
    service.ends.kind = "apply";
    WitnessedService witnessed(service, f.witness);
    const Choice choice{*Endpoint::parse("a.test"), std::nullopt, false, 0, Timescale::utc, 0, 0};
    const auto ask = [&]() -> asio::awaitable<void> {
        std::vector<Choice> choices{choice};
        TimeService::OnState nobody = [&](TransactionState) { EXPECT_THAT(f.kinds(), ElementsAre("requested")); };
        const auto done = co_await witnessed.apply(std::move(choices), true, std::move(nobody));
        EXPECT_TRUE(done);
        service.apply_failure = Error{Errc::refused, "the gate is closed"};
        TimeService::OnState still_nobody = [](TransactionState) {};
        std::vector<Choice> none;
        const auto refused = co_await witnessed.apply(std::move(none), false, std::move(still_nobody));
        EXPECT_FALSE(refused);
    };
    asio::co_spawn(io, ask(), asio::detached);
    io.run();
    EXPECT_THAT(f.kinds(), ElementsAre("requested", "changed", "requested", "changed"));
    EXPECT_EQ(get_string(f.newest(), "reason"), "the gate is closed");
    EXPECT_EQ(get_string(f.newest(), "state"), "refused");
}

/// Some days of evidence; what the applier was told at its end.
EvidenceMark live_for_days(const Scratch& scratch, int days) {
    Fixture f(scratch);
    EXPECT_THAT(f.told, IsEmpty());
    f.witness.configured("start", {}, "1");
    for (int i = 0; i < days * 4; ++i) {
        f.witness.round_ended(Json{{"transaction", 0}}, f.seen, {}, {});
        f.clock.skip(6 * kHour);
    }
    return f.store.mark();
}

TEST(Witness, ADatabaseRestoredFromAnOlderCopyIsNoticedByWhatTheApplierWasTold) {
    Scratch scratch;
    const auto early = live_for_days(scratch, 2);
    const auto file = scratch.file(SqliteStore::kFile);
    std::filesystem::copy_file(file, scratch.file("copy"));
    const auto late = live_for_days(scratch, 2);
    ASSERT_GT(late.seq, early.seq);
    {
        Fixture f(scratch);
        f.seen.evidence = late;
        f.witness.observed(f.seen);
        EXPECT_THAT(f.witness.alarms(), IsEmpty());
        EXPECT_TRUE(get_bool(f.verify(), "ok"));
    }
    std::filesystem::copy_file(scratch.file("copy"), file, std::filesystem::copy_options::overwrite_existing);
    EvidenceMark told;
    {
        Fixture f(scratch);
        EXPECT_THAT(f.told, IsEmpty()) << "the chain of the copy is whole";
        EXPECT_TRUE(get_bool(f.verify(), "ok")) << "and nobody was asked";
        f.seen.evidence = late;
        EXPECT_FALSE(get_bool(f.verify(), "ok"));
        EXPECT_EQ(get_integer(f.verify(), "fault_seq"), early.seq + 1);
        f.witness.observed(f.seen);
        f.witness.observed(f.seen);
        EXPECT_THAT(f.witness.alarms(), ElementsAre(HasSubstr("older copy")));
        EXPECT_THAT(f.told, SizeIs(1)) << "once";
        EXPECT_EQ(f.kinds()[static_cast<std::size_t>(early.seq)], "alarm");
        // Lived on for as long as it takes: the entry of that number is another one now.
        while (f.store.mark().seq <= late.seq)
            f.witness.round_ended(Json{{"transaction", 0}}, f.seen, {}, {});
        EXPECT_THAT(get_string(f.verify(), "fault"), HasSubstr("made anew"));
        told = f.store.mark();
    }
    // The applier was told of this chain meanwhile, by the next change.
    Fixture next(scratch);
    next.seen.evidence = told;
    EXPECT_THAT(next.witness.alarms(), IsEmpty());
    EXPECT_FALSE(get_bool(next.verify(), "ok")) << "the alarm stays";
    EXPECT_EQ(get_integer(next.verify(), "fault_seq"), early.seq + 1);
    EXPECT_THAT(get_string(next.verify(), "fault"), HasSubstr("older copy"));
}

TEST(Witness, ATailThatWasCutOffIsNoticedByTheHeadAndWhereThatWasCutTooByTheApplier) {
    for (const bool head_too : {false, true}) {
        Scratch scratch;
        const auto late = live_for_days(scratch, 3);
        {
            auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
            ASSERT_TRUE(database.run("DELETE FROM evidence WHERE seq > ?", late.seq - 2));
            if (head_too) {
                ASSERT_TRUE(
                    database.script("UPDATE evidence_head SET seq = (SELECT max(seq) FROM evidence), hash = "
                                    "(SELECT hash FROM evidence ORDER BY seq DESC LIMIT 1)"));
            }
        }
        Fixture f(scratch);
        EXPECT_THAT(f.told, SizeIs(head_too ? 0 : 1));
        f.seen.evidence = late;
        f.witness.observed(f.seen);
        EXPECT_THAT(f.witness.alarms(), testing::Contains(HasSubstr("not as it was left")));
        EXPECT_FALSE(get_bool(f.verify(), "ok"));
    }
}

TEST(Witness, ADatabaseThatIsGoneIsNoticedByTheApplier) {
    Scratch scratch;
    const auto late = live_for_days(scratch, 1);
    std::filesystem::remove(scratch.file(SqliteStore::kFile));
    Fixture f(scratch);
    f.seen.evidence = late;
    f.witness.observed(f.seen);
    EXPECT_THAT(f.witness.alarms(), SizeIs(1));
}

TEST(Witness, AFullDiskIsAnAlarmUntilItIsNot) {
    Scratch scratch;
    Fixture f(scratch);
    f.witness.observed(f.seen);
    const auto pages = static_cast<int>(std::filesystem::file_size(scratch.file(SqliteStore::kFile)) / 4096);
    ASSERT_TRUE(f.store.limit_pages(pages));
    for (int i = 0; i < 30; ++i)
        f.witness.operated({0, "Reload", Json::object(), "", 0});
    EXPECT_THAT(f.witness.alarms(), ElementsAre(HasSubstr("cannot be written")));
    EXPECT_THAT(f.told, SizeIs(1));
    ASSERT_TRUE(f.store.limit_pages(100'000));
    f.witness.operated({0, "Reload", Json::object(), "", 0});
    EXPECT_THAT(f.witness.alarms(), IsEmpty());
    EXPECT_THAT(f.kinds(), SizeIs(33));
}

TEST(Witness, EvidenceThatCannotBeReadIsNotSaidToBeForged) {
    Scratch scratch;
    ServiceObservation told;
    {
        Fixture f(scratch);
        f.witness.observed(f.seen);
        told.evidence = f.store.mark();
    }
    ASSERT_NE(told.evidence.seq, 0U);
    auto other = Database::open(scratch.file(SqliteStore::kFile)).value();
    ASSERT_TRUE(other.script("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE"));
    Fixture f(scratch);
    f.witness.observed(told);
    EXPECT_THAT(f.witness.alarms(), ElementsAre(HasSubstr("evidence cannot be written")));
    EXPECT_FALSE(f.witness.verify(told.evidence));
    EXPECT_FALSE(f.store.entries({}));
}

}  // namespace
}  // namespace ntpopt

// The memory in its file: what comes back, what goes for its age or size, what happens to a damaged file, a full disk
// and the files of the first version.
#include <gmock/gmock.h>

#include <fstream>

#include "daemon/io/store/sqlite_store.hpp"
#include "tests/loop/store/sample_rounds.hpp"

namespace ntpopt {
namespace {

using test::open_store;
using test::remember;
using test::sample_round;
using test::Scratch;
using test::time_of_round;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::uint64_t usec_of(std::uint64_t run_id) {
    return to_usec(time_of_round(run_id));
}

std::uint64_t size_of(const Scratch& scratch) {
    return std::filesystem::file_size(scratch.file(SqliteStore::kFile));
}

TEST(SqliteStore, DocumentsAndRoundsSurviveARestart) {
    Scratch scratch;
    {
        auto store = open_store(scratch);
        EXPECT_TRUE(store.load("selection")->is_null());
        EXPECT_TRUE(store.last_round()->is_null());
        ASSERT_TRUE(remember(store, sample_round(1, 3)));
        ASSERT_TRUE(remember(store, sample_round(2, 3)));
    }
    auto store = open_store(scratch);
    EXPECT_THAT(store.notices(), IsEmpty());
    EXPECT_EQ(store.load("selection")->dump(), R"({"round":2})");
    const auto last = store.last_round().value();
    EXPECT_EQ(get_integer(last, "run_id"), 2);
    EXPECT_THAT(get_array(last, "servers"), SizeIs(3));
    // The keys stand as they stood.
    std::vector<std::string> keys;
    for (const auto& [key, value] : last.items())
        keys.push_back(key);
    std::vector<std::string> wanted;
    const auto written = sample_round(2, 3);
    for (const auto& [key, value] : written.items())
        wanted.push_back(key);
    EXPECT_EQ(keys, wanted);
    EXPECT_EQ(store.round(7).error().code, Errc::not_found);
}

TEST(SqliteStore, NullRemovesADocument) {
    Scratch scratch;
    auto store = open_store(scratch);
    Remembered what;
    what.documents = {{"a", Json{{"x", 1}}}, {"b", Json{{"y", 2}}}};
    ASSERT_TRUE(store.save(what));
    what.documents = {{"a", nullptr}};
    ASSERT_TRUE(store.save(what));
    EXPECT_TRUE(store.load("a")->is_null());
    EXPECT_EQ(store.load("b")->dump(), R"({"y":2})");
}

TEST(SqliteStore, FindsByTimeNameNumberAndBytes) {
    Scratch scratch;
    auto store = open_store(scratch);
    for (std::uint64_t i = 1; i <= 6; ++i)
        ASSERT_TRUE(remember(store, sample_round(i, i % 2 == 0 ? 2 : 1)));
    EXPECT_THAT(store.find({}).value(), ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(store.find({.since_usec = usec_of(3)}).value(), ElementsAre(3, 4, 5, 6));
    EXPECT_THAT(store.find({.until_usec = usec_of(3)}).value(), ElementsAre(1, 2));
    EXPECT_THAT(store.find({.limit = 2}).value(), ElementsAre(5, 6));
    EXPECT_THAT(store.find({.server = "ntp1.some-operator.example"}).value(), ElementsAre(2, 4, 6));
    EXPECT_THAT(store.find({.server = "nobody.example"}).value(), IsEmpty());
    EXPECT_THAT(store.find({.bytes = 1}).value(), ElementsAre(6)) << "always one";
    const auto size = store.round(6)->head.size() + store.round(6)->servers.size();
    EXPECT_THAT(store.find({.bytes = size}).value(), ElementsAre(6));
}

TEST(SqliteStore, TheNewestNinetyDaysOfTwoThousandRoundsAreThereAndTheFileIsSmall) {
    Scratch scratch;
    auto store = open_store(scratch);
    const HistoryConfig limits;
    std::uint64_t largest = 0;
    for (std::uint64_t i = 1; i <= 2000; ++i) {
        ASSERT_TRUE(remember(store, sample_round(i, 40), limits));
        largest = std::max(largest, size_of(scratch));
    }
    const auto kept = store.find({}).value();
    EXPECT_THAT(kept, SizeIs(361)) << "90 days, and the one that is just so old";
    EXPECT_EQ(kept.back(), 2000U);
    EXPECT_LE(largest, limits.max_size);
    RecordProperty("largest_bytes", std::to_string(largest));
    EXPECT_THAT(get_array(unpack_round(*store.round(kept.front())).value(), "servers"), SizeIs(40));
}

TEST(SqliteStore, TheOldestRoundsGoWhereTheFileWouldBeTooLarge) {
    Scratch scratch;
    auto store = open_store(scratch);
    HistoryConfig limits;
    limits.max_size = 512 * 1024;
    for (std::uint64_t i = 1; i <= 100; ++i) {
        ASSERT_TRUE(remember(store, sample_round(i, 40), limits));
        ASSERT_LE(size_of(scratch), limits.max_size) << i;
    }
    const auto kept = store.find({}).value();
    EXPECT_GT(kept.size(), 20U);
    EXPECT_LT(kept.size(), 60U);
    EXPECT_EQ(kept.back(), 100U);
    // The limit is lowered: the file shrinks.
    limits.max_size = 128 * 1024;
    ASSERT_TRUE(remember(store, sample_round(101, 1), limits));
    EXPECT_LE(size_of(scratch), limits.max_size);
    EXPECT_EQ(store.find({}).value().back(), 101U);
}

TEST(SqliteStore, AClockThatWasWrongCostsNothingAndLeavesNothing) {
    Scratch scratch;
    auto store = open_store(scratch);
    ASSERT_TRUE(remember(store, sample_round(1, 1)));
    auto future = sample_round(2, 1);
    future["timestamp"] = "2040-01-01T00:00:00.000Z";
    Remembered what;
    what.round = future;
    ASSERT_TRUE(store.save(what)) << "nobody vouches for this clock";
    EXPECT_THAT(store.find({}).value(), ElementsAre(1, 2));
    ASSERT_TRUE(remember(store, sample_round(3, 1)));
    EXPECT_THAT(store.find({}).value(), ElementsAre(1, 3));
}

TEST(SqliteStore, TheLinesOfTheTraceComeBackInTheirOrder) {
    Scratch scratch;
    const auto lines_of = [](SqliteStore& store) {
        std::vector<std::string> lines;
        EXPECT_TRUE(store.trace([&](std::uint64_t segment, std::string line) {
            lines.push_back(fmt::format("{} {}", segment, line));
            return lines.size() < 3;
        }));
        return lines;
    };
    {
        auto store = open_store(scratch);
        Remembered what;
        const TraceChange first{true, {}, {{1, "a"}, {1, "b"}, {2, "c"}}};
        what.trace = &first;
        ASSERT_TRUE(store.save(what));
        const TraceChange second{false, {1}, {{2, "d"}, {3, "e"}, {3, "f"}}};
        what.trace = &second;
        ASSERT_TRUE(store.save(what));
    }
    auto store = open_store(scratch);
    EXPECT_THAT(lines_of(store), ElementsAre("2 c", "2 d", "3 e"));
    Remembered what;
    const TraceChange third{true, {}, {{1, "g"}}};
    what.trace = &third;
    ASSERT_TRUE(store.save(what));
    EXPECT_THAT(lines_of(store), ElementsAre("1 g"));
}

TEST(SqliteStore, ADamagedFileIsSetAsideAndAFreshOneBegun) {
    const std::vector<std::pair<const char*, std::function<void(std::fstream&)>>> damages{
        {"no database", [](std::fstream& file) { file << std::string(8192, 'x'); }},
        {"a page overwritten", [](std::fstream& file) { file.seekp(4096 * 3), file << std::string(4096, '\xAA'); }},
        {"its middle missing", [](std::fstream& file) { file.seekp(4096), file << std::string(40960, '\0'); }},
    };
    for (const auto& [what, damage] : damages) {
        SCOPED_TRACE(what);
        Scratch scratch;
        {
            auto store = open_store(scratch);
            for (std::uint64_t i = 1; i <= 20; ++i)
                ASSERT_TRUE(remember(store, sample_round(i, 40)));
        }
        {
            std::fstream file(scratch.file(SqliteStore::kFile), std::ios::in | std::ios::out | std::ios::binary);
            damage(file);
        }
        {
            auto store = open_store(scratch);
            EXPECT_THAT(store.notices(), ElementsAre(HasSubstr("set aside as")));
            EXPECT_TRUE(scratch.has("ntpopt.db.damaged"));
            EXPECT_THAT(store.find({}).value(), IsEmpty());
            EXPECT_TRUE(remember(store, sample_round(1, 1)));
        }
        EXPECT_THAT(open_store(scratch).notices(), IsEmpty());
    }
}

TEST(SqliteStore, AnotherProgramsDatabaseAndALaterVersionsAreNotWrittenTo) {
    for (const auto* mark : {"PRAGMA application_id = 7; CREATE TABLE x (y);", "PRAGMA user_version = 99;"}) {
        Scratch scratch;
        { ASSERT_TRUE(remember(*std::make_unique<SqliteStore>(open_store(scratch)), sample_round(1, 1))); }
        {
            auto database = Database::open(scratch.file(SqliteStore::kFile)).value();
            ASSERT_TRUE(database.script(mark));
        }
        auto store = open_store(scratch);
        EXPECT_THAT(store.notices(), ElementsAre(HasSubstr("set aside")));
        EXPECT_TRUE(scratch.has("ntpopt.db.damaged"));
    }
}

TEST(SqliteStore, AFullDiskCostsTheRoundAndNothingElse) {
    Scratch scratch;
    auto store = open_store(scratch);
    for (std::uint64_t i = 1; i <= 3; ++i)
        ASSERT_TRUE(remember(store, sample_round(i, 40)));
    const auto pages = static_cast<int>(size_of(scratch) / 4096);
    ASSERT_TRUE(store.limit_pages(pages));
    const auto refused = remember(store, sample_round(4, 400));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("full"));
    EXPECT_THAT(store.find({}).value(), ElementsAre(1, 2, 3));
    EXPECT_EQ(store.load("selection")->dump(), R"({"round":3})") << "all or nothing";
    ASSERT_TRUE(store.limit_pages(100'000));
    EXPECT_TRUE(remember(store, sample_round(5, 40)));
    EXPECT_THAT(store.find({}).value(), ElementsAre(1, 2, 3, 5));
}

TEST(SqliteStore, TheFilesOfTheFirstVersionAreTakenOverOnce) {
    Scratch scratch;
    const auto write = [&](const std::string& name, const std::string& text) {
        std::ofstream(scratch.file(name)) << text;
    };
    write("selection.json", R"({"penalties":{"bad.example":{"failures":3}}})");
    write("overrides.json", R"({"interval":"2h"})");
    write("trace.json", R"({"format":1)");
    write("last-run.json", render_json(sample_round(41, 5)));
    {
        auto store = open_store(scratch);
        EXPECT_THAT(store.notices(), testing::UnorderedElementsAre(HasSubstr("trace.json cannot be taken over"),
                                                                   HasSubstr("took over")));
        EXPECT_EQ(store.load("overrides")->dump(), R"({"interval":"2h"})");
        EXPECT_THAT(get_object(*store.load("selection"), "penalties"), SizeIs(1));
        EXPECT_TRUE(store.load("trace")->is_null());
        EXPECT_EQ(get_integer(*store.last_round(), "run_id"), 41);
    }
    EXPECT_TRUE(scratch.has("selection.json.migrated"));
    EXPECT_TRUE(scratch.has("trace.json.damaged"));
    EXPECT_FALSE(scratch.has("selection.json"));
    // One that turns up later is not believed over what is remembered.
    write("overrides.json", R"({"interval":"9h"})");
    EXPECT_EQ(open_store(scratch).load("overrides")->dump(), R"({"interval":"2h"})");
}

TEST(SqliteStore, ASecondDaemonIsRefused) {
    Scratch scratch;
    const auto store = open_store(scratch);
    EXPECT_EQ(SqliteStore::open(scratch.path()).error().code, Errc::busy);
}

TEST(SqliteStore, AFileThatCannotBeReadIsNeverWrittenTo) {
    Scratch scratch;
    { ASSERT_TRUE(remember(*std::make_unique<SqliteStore>(open_store(scratch)), sample_round(1, 1))); }
    // A directory in the log's place: neither root nor anybody else can open it as a file.
    std::filesystem::create_directory(scratch.file("ntpopt.db-wal"));
    {
        auto store = open_store(scratch);
        EXPECT_THAT(store.notices(), ElementsAre(HasSubstr("nothing can be remembered")));
        EXPECT_FALSE(remember(store, sample_round(2, 1)));
        EXPECT_THAT(store.find({}).value(), IsEmpty());
        std::filesystem::remove(scratch.file("ntpopt.db-wal"));
        EXPECT_FALSE(remember(store, sample_round(2, 1))) << "what it knows is not what is in the file";
    }
    EXPECT_THAT(open_store(scratch).find({}).value(), ElementsAre(1));
}

TEST(SqliteStore, CachesAreReadAtOnceAndSurviveTheProcess) {
    Scratch scratch;
    const auto at = time_of_round(1);
    const CachedAnswer answer{"a.example", "aaaa", {"2001:db8::1", "2001:db8::2"}, at, at + std::chrono::minutes(5)};
    const CachedList list{"https://lists.example/x.json", "\"etag\"", at, at, R"(["a.example"])"};
    {
        auto store = open_store(scratch);
        store.put(answer);
        store.put(list);
        EXPECT_EQ(store.answer("a.example", "aaaa")->answers, answer.answers);
        EXPECT_FALSE(store.answer("a.example", "a"));
        EXPECT_EQ(store.list(list.url)->body, list.body);
    }
    auto store = open_store(scratch);
    const auto read = store.answer("a.example", "aaaa");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->answers, answer.answers);
    EXPECT_EQ(read->expires, answer.expires);
    EXPECT_EQ(store.list(list.url)->etag, list.etag);
    auto renewed = list;
    renewed.checked += std::chrono::hours(1);
    store.put(renewed);
    EXPECT_EQ(store.list(list.url)->checked, renewed.checked);
}

CachedList list_of(int number, std::size_t bytes, RealTime at) {
    return {fmt::format("https://lists.example/{}", number), "\"etag\"", at, at, std::string(bytes, 'x')};
}

TEST(SqliteStore, AsManyListsAreKeptAsMayBeConfigured) {
    Scratch scratch;
    auto store = open_store(scratch);
    for (int i = 0; i < 40; ++i)
        store.put(list_of(i, 10, time_of_round(1) - std::chrono::minutes(i)));
    ASSERT_TRUE(remember(store, sample_round(1, 3)));
    for (int i = 0; i < 40; ++i)
        EXPECT_EQ(store.list(list_of(i, 0, {}).url).has_value(), i < 32) << i;
}

TEST(SqliteStore, AListThatNobodyAsksForAnyMoreGoesAfterAWeek) {
    Scratch scratch;
    auto store = open_store(scratch);
    const auto at = time_of_round(100);
    store.put(list_of(1, 10, at - std::chrono::hours(167)));
    store.put(list_of(2, 10, at - std::chrono::hours(169)));
    store.put(list_of(3, 10, at + std::chrono::hours(100'000)));
    ASSERT_TRUE(remember(store, sample_round(100, 3)));
    EXPECT_TRUE(store.list(list_of(1, 0, {}).url));
    EXPECT_FALSE(store.list(list_of(2, 0, {}).url));
    EXPECT_FALSE(store.list(list_of(3, 0, {}).url)) << "by a clock that was wrong";
}

TEST(SqliteStore, ListsPushNoHistoryOut) {
    Scratch scratch;
    HistoryConfig limits;
    limits.max_size = 1024 * 1024;
    auto store = open_store(scratch);
    for (std::uint64_t round = 1; round <= 20; ++round) {
        for (int i = 0; i < 32; ++i)
            store.put(list_of(i, 100'000, time_of_round(round) + std::chrono::seconds(i)));
        ASSERT_TRUE(remember(store, sample_round(round, 40), limits));
    }
    EXPECT_THAT(store.find({}).value(), SizeIs(20));
    EXPECT_LE(size_of(scratch), limits.max_size);
    for (const int i : {30, 31})
        EXPECT_EQ(store.list(list_of(i, 0, {}).url)->body.size(), 100'000U) << i;
    const auto dropped = store.list(list_of(0, 0, {}).url);
    ASSERT_TRUE(dropped) << "it was asked for, and is not asked again at once";
    EXPECT_EQ(dropped->body + dropped->etag, "");
}

TEST(SqliteStore, TheOutboxSurvivesARestartUntilItIsDelivered) {
    Scratch scratch;
    {
        auto store = open_store(scratch);
        EXPECT_TRUE(store.notice_state().value().is_null());
        ASSERT_TRUE(
            store.change({{{1, "email", Json{{"key", "a"}}}, {2, "slack", Json{{"key", "a"}}}}, {}, Json{{"n", 1}}}));
        ASSERT_TRUE(store.change({{{3, "email", Json{{"key", "b"}}}}, {1}, Json{{"n", 2}}}));
    }
    auto store = open_store(scratch);
    const auto waiting = store.waiting().value();
    ASSERT_THAT(waiting, testing::SizeIs(2));
    EXPECT_EQ(waiting[0].id, 2U);
    EXPECT_EQ(waiting[0].channel, "slack");
    EXPECT_EQ(waiting[1].event, (Json{{"key", "b"}}));
    EXPECT_EQ(store.notice_state().value(), (Json{{"n", 2}}));
    ASSERT_TRUE(store.change({{}, {2, 3}, Json{{"n", 3}}}));
    EXPECT_THAT(store.waiting().value(), testing::IsEmpty());
}

}  // namespace
}  // namespace ntpopt

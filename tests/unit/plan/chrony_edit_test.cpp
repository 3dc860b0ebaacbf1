// Marks in a chrony.conf: what is written, and that taking them away gives every text back byte for byte.
#include "daemon/core/plan/chrony_edit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::vector<ChronyDirective> directives(std::string_view text) {
    return *parse_chrony_sources_file(text);
}

std::vector<std::string> texts(const std::vector<ChronyDirective>& list) {
    std::vector<std::string> all;
    for (const auto& directive : list)
        all.push_back(directive.text);
    return all;
}

constexpr std::string_view kRhel8 =
    "# Our servers.\npool  2.rhel.pool.test   iburst\nserver NTP.test. iburst\n\ndriftfile /var/lib/chrony/drift\n";

TEST(ChronyEdit, OwnLinesAreSilencedAndOursStandAtTheEnd) {
    const auto text = mark_chrony_config(kRhel8, directives("server a.test iburst\npool b.test maxsources 2\n"),
                                         {"2.rhel.pool.test", "ntp.test"});
    EXPECT_THAT(text, StartsWith("# Our servers.\n#ntpopt# pool  2.rhel.pool.test   iburst\n"
                                 "#ntpopt# server NTP.test. iburst\n\ndriftfile"));
    EXPECT_THAT(text, EndsWith("\nserver a.test iburst\npool b.test maxsources 2\n#ntpopt# end\n"));
    const auto effective = parse_chrony_config(text);
    ASSERT_TRUE(effective);
    EXPECT_THAT(texts(effective->sources), ElementsAre("server a.test iburst", "pool b.test maxsources 2"));

    const auto marks = read_chrony_marks(text);
    ASSERT_TRUE(marks);
    EXPECT_TRUE(marks->present);
    EXPECT_EQ(marks->original, kRhel8);
    EXPECT_THAT(texts(marks->ours), ElementsAre("server a.test iburst", "pool b.test maxsources 2"));
    EXPECT_THAT(texts(marks->silenced), ElementsAre("pool 2.rhel.pool.test iburst", "server NTP.test. iburst"));
    EXPECT_THAT(texts(without_marks(effective->sources, *marks)),
                ElementsAre("pool 2.rhel.pool.test iburst", "server NTP.test. iburst"));
}

TEST(ChronyEdit, NothingToWriteGivesTheTextBack) {
    EXPECT_EQ(mark_chrony_config(kRhel8, {}, {}), kRhel8);
    const auto marks = read_chrony_marks(kRhel8);
    ASSERT_TRUE(marks);
    EXPECT_FALSE(marks->present);
    EXPECT_THAT(marks->ours, IsEmpty());
}

TEST(ChronyEdit, ALastLineWithoutItsNewlineComesBackWithout) {
    for (const std::string_view text : {"server a.test", "driftfile /x", "# server a.test"}) {
        const auto marked = mark_chrony_config(text, directives("server b.test\n"), {"a.test"});
        EXPECT_EQ(read_chrony_marks(marked)->original, text);
        EXPECT_THAT(texts(parse_chrony_config(marked)->sources), ElementsAre("server b.test"));
        const auto appended = read_chrony_marks(marked + "makestep 1 3\n");
        EXPECT_EQ(appended->original, std::string(text) + "\nmakestep 1 3\n") << "what was added later is a line still";
    }
}

TEST(ChronyEdit, WhatSomebodyElseWroteElsewhereStays) {
    auto text = mark_chrony_config(kRhel8, directives("server b.test\n"), {"ntp.test"});
    text = "# mine\n" + text + "allow 10/8\n";
    const auto marks = read_chrony_marks(text);
    ASSERT_TRUE(marks);
    EXPECT_EQ(marks->original, "# mine\n" + std::string(kRhel8) + "allow 10/8\n");
}

TEST(ChronyEdit, TheMarksOfAnEarlierTextComeBackAroundWhatSomebodyElseWroteSince) {
    const auto before = mark_chrony_config(kRhel8, directives("server b.test\n"), {"ntp.test"});
    const auto now = mark_chrony_config(kRhel8, directives("server c.test\n"), {"ntp.test", "2.rhel.pool.test"});
    const auto edited = read_chrony_marks("# mine\n" + now);
    EXPECT_EQ(mark_chrony_config(edited->original, *read_chrony_marks(before)), "# mine\n" + before);
    EXPECT_EQ(mark_chrony_config(edited->original, *read_chrony_marks(kRhel8)), "# mine\n" + std::string(kRhel8));
}

TEST(ChronyEdit, MarksThatSomebodyElseEditedAreRefused) {
    const auto text = mark_chrony_config(kRhel8, directives("server b.test iburst\n"), {"ntp.test"});
    const auto with = [&](std::string_view old, std::string_view now) {
        std::string edited = text;
        return edited.replace(edited.find(old), old.size(), now);
    };
    for (const auto& edited :
         {with("#ntpopt# end\n", ""), with("server b.test iburst\n", "allow 0/0\n"),
          with("server b.test iburst\n", "server  b.test iburst\n"), with("#ntpopt# begin", "#ntpopt# began"),
          with("#ntpopt# server NTP.test.", "#ntpopt# allow NTP.test."), text + "#ntpopt# end\n", text + text}) {
        const auto marks = read_chrony_marks(edited);
        ASSERT_FALSE(marks) << edited;
        EXPECT_EQ(marks.error().code, Errc::refused);
        EXPECT_THAT(marks.error().detail, HasSubstr("\"#ntpopt# begin\" to \"#ntpopt# end\""));
    }
}

TEST(ChronyEdit, APlanSilencesWhatItRemovesAndNothingOfWhatStays) {
    ChronyPlan plan;
    plan.removed = directives("pool 2.rhel.pool.test iburst\n");
    plan.staged_text = plan.final_text = render_chrony_sources(directives("server a.test iburst\n"));
    const auto edits = edit_chrony_config(kRhel8, *read_chrony_marks(kRhel8), plan);
    EXPECT_EQ(edits.before, kRhel8);
    EXPECT_THAT(edits.staged, StartsWith(kRhel8)) << "while both are there, a new chronyd follows both";
    EXPECT_THAT(edits.final, HasSubstr("#ntpopt# pool  2.rhel.pool.test"));
    EXPECT_THAT(edits.final, Not(HasSubstr("#ntpopt# server")));
    const auto again = edit_chrony_config(edits.final, *read_chrony_marks(edits.final), plan);
    EXPECT_EQ(again.staged, edits.final);
    EXPECT_EQ(again.final, edits.final) << "the same plan again changes nothing";

    ChronyPlan original;
    original.original = true;
    original.staged_text = plan.final_text;
    EXPECT_EQ(edit_chrony_config(edits.final, *read_chrony_marks(edits.final), original).final, kRhel8);
}

TEST(ChronyEdit, EveryTextComesBack) {
    const std::vector<std::string> pieces = {
        "server a.test iburst", "  pool\tb.test ",     "#",         "",         "\r",    "SERVER a.test",
        "! server a.test",      "peer 10.0.0.1 key 3", "# Ansible", "\xff\xfe", "server"};
    std::mt19937 random(1);
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        const auto count = random() % 8;
        for (unsigned line = 0; line < count; ++line)
            text += pieces[random() % pieces.size()] + (line + 1 == count && random() % 2 ? "" : "\n");
        const auto marked = mark_chrony_config(text, directives("server n.test iburst\n"), {"a.test", "b.test"});
        const auto marks = read_chrony_marks(marked);
        ASSERT_TRUE(marks) << marked;
        ASSERT_EQ(marks->original, text);
        ASSERT_EQ(mark_chrony_config(marks->original, marks->ours, {"a.test", "b.test"}), marked);
    }
}

}  // namespace
}  // namespace ntpopt

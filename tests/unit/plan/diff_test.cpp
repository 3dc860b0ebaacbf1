// Unified diffs as diff -u prints them.
#include "daemon/core/plan/diff.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

struct Case {
    std::string before, after, expected;
};

class Diff : public testing::TestWithParam<Case> {};

TEST_P(Diff, is_what_diff_u_says) {
    EXPECT_EQ(unified_diff(GetParam().before, GetParam().after, "a", "b"), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    texts, Diff,
    testing::Values(Case{"x\n", "x\n", ""}, Case{"", "x\ny\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n"},
                    Case{"x\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n"},
                    Case{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
                         "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"},
                    Case{"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n",
                         "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -7,4 +8,3 @@\n 7\n 8\n 9\n-10\n"}));

TEST(DiffBounds, a_huge_text_is_named_not_compared) {
    std::string big;
    for (int i = 0; i < 3000; ++i)
        big += "line\n";
    EXPECT_EQ(unified_diff(big, "x\n", "a", "b"), "--- a\n+++ b\n@@ 3000 lines become 1 @@\n");
}

}  // namespace
}  // namespace ntpopt

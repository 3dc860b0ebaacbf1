// Text tools.
#include "common/text.hpp"

#include <gmock/gmock.h>

namespace ntpopt {
namespace {

using testing::ElementsAre;

TEST(Text, PrintableHidesNothingAndBreaksNothing) {
    EXPECT_EQ(printable("abc"), "abc");
    EXPECT_EQ(printable("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
    EXPECT_EQ(printable(std::string(300, 'x'), 10), "xxxxxxxxxx...");
}

TEST(Text, CutsUp) {
    EXPECT_EQ(trim(" \ta b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
    EXPECT_THAT(words("  server  a iburst "), ElementsAre("server", "a", "iburst"));
    EXPECT_THAT(lines("a\r\nb\n\nc"), ElementsAre("a", "b", "", "c"));
    EXPECT_TRUE(lines("").empty());
}

TEST(Text, NearestNamesTheLikelyWord) {
    EXPECT_EQ(nearest("intervall", {"interval", "splay", "boot_delay"}), "interval");
    EXPECT_EQ(nearest("zzzzz", {"interval", "splay"}), "");
}

}  // namespace
}  // namespace ntpopt

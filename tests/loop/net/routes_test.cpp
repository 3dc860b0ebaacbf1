// Which families are worth asking for.
#include "daemon/io/net/routes.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

bool same(Families a, Families b) {
    return a.ipv4 == b.ipv4 && a.ipv6 == b.ipv6;
}

TEST(Routes, AFamilyThatLeadsNowhereIsLeftOutOnlyBesideOneThatDoes) {
    const Families both{true, true};
    const Families v4{true, false};
    const Families v6{false, true};
    const Families none{false, false};
    EXPECT_TRUE(same(worth_asking(both, both), both));
    EXPECT_TRUE(same(worth_asking(both, v4), v4));
    EXPECT_TRUE(same(worth_asking(both, v6), v6));
    EXPECT_TRUE(same(worth_asking(both, none), both)) << "a closed network";
    EXPECT_TRUE(same(worth_asking(v6, v4), v6)) << "as configured";
    EXPECT_TRUE(same(worth_asking(v4, v6), v4));
}

TEST(Routes, AreAskedWithoutHarm) {
    const auto first = routed_families();
    for (int i = 0; i < 2000; ++i)
        ASSERT_TRUE(same(routed_families(), first)) << "no descriptor leaks";
}

}  // namespace
}  // namespace ntpopt

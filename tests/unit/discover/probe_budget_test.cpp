// Whom one round may ask.
#include "daemon/core/discover/probe_budget.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

Address at(const char* text) {
    return *Address::parse(text);
}

TEST(ProbeBudget, AnAddressCountsOnce) {
    ProbeBudget budget(2, 0);
    EXPECT_TRUE(budget.take(at("192.0.2.1"), 123));
    EXPECT_TRUE(budget.take(at("192.0.2.1"), 123));
    EXPECT_TRUE(budget.take(at("2001:db8::1"), 123));
    EXPECT_TRUE(budget.is_full());
    EXPECT_FALSE(budget.take(at("192.0.2.2"), 123));
    EXPECT_TRUE(budget.take(at("192.0.2.1"), 123));
    EXPECT_EQ(budget.taken(), 2U);
}

TEST(ProbeBudget, AHostIsAskedOnOnePortButThisMachineOnAny) {
    ProbeBudget budget(9, 0);
    EXPECT_TRUE(budget.take(at("192.0.2.1"), 1123));
    EXPECT_FALSE(budget.take(at("192.0.2.1"), 123));
    EXPECT_FALSE(budget.take(at("192.0.2.1"), 11123));
    EXPECT_TRUE(budget.take(at("192.0.2.2"), 123));
    EXPECT_TRUE(budget.take(at("127.0.0.1"), 123));
    EXPECT_TRUE(budget.take(at("127.0.0.1"), 1123));
    EXPECT_FALSE(budget.is_full());
}

TEST(ProbeBudget, ReservedPlacesAreForThoseWhoseTurnComes) {
    ProbeBudget budget(3, 2);
    budget.release();
    EXPECT_TRUE(budget.take(at("192.0.2.1"), 123));
    EXPECT_TRUE(budget.take(at("192.0.2.2"), 123));
    EXPECT_FALSE(budget.take(at("192.0.2.3"), 123));
    budget.release();
    EXPECT_TRUE(budget.take(at("192.0.2.4"), 123));
    EXPECT_TRUE(budget.is_full());
}

}  // namespace
}  // namespace ntpopt

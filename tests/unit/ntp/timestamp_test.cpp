// NTP timestamps: eras, exact differences, rounding.
#include "daemon/core/ntp/timestamp.hpp"

#include <gtest/gtest.h>

namespace ntpopt {
namespace {

using namespace std::chrono_literals;

constexpr Duration kEra1 = std::chrono::seconds(2'085'978'496);  // 2036-02-07 06:28:16, when the seconds wrap to zero
constexpr Duration k2026 = std::chrono::seconds(1'767'225'600);

constexpr std::uint64_t at(std::uint32_t seconds, std::uint32_t fraction = 0) {
    return std::uint64_t{seconds} << 32 | fraction;
}

struct UnixRow {
    const char* what;
    std::uint64_t bits;
    Duration near;
    Duration unix_time;
};

class ToUnix : public testing::TestWithParam<UnixRow> {};

TEST_P(ToUnix, ChoosesTheEraNextToThePivot) {
    EXPECT_EQ(to_unix({GetParam().bits}, GetParam().near), GetParam().unix_time);
}

INSTANTIATE_TEST_SUITE_P(
    Eras, ToUnix,
    testing::Values(UnixRow{"1970", at(2'208'988'800), 0ns, 0ns},
                    UnixRow{"just before 1970", at(2'208'988'799, 0x80000000), 0ns, -500ms},
                    UnixRow{"2026", at(2'208'988'800U + 1'767'225'600U), k2026, k2026},
                    UnixRow{"era 1 seen from 2026", at(0), k2026, kEra1},
                    UnixRow{"era 1 seen from itself", at(3600), kEra1 + 24h, kEra1 + 1h},
                    UnixRow{"last second of era 0 seen from era 1", at(0xffffffff, 0xffffffff), kEra1 + 1s, kEra1},
                    UnixRow{"half a second before the wrap", at(0xffffffff, 0x80000000), kEra1, kEra1 - 500ms},
                    UnixRow{"67 years back", at(2'208'988'800), std::chrono::hours(24 * 365 * 67), 0ns}),
    [](const auto& row) {
        std::string name(row.param.what);
        for (auto& c : name)
            if (c == ' ') c = '_';
        return name;
    });

TEST(Timestamp, DifferenceIsExactToTheNanosecond) {
    for (const Duration apart : {0ns, 1ns, -1ns, 999'999'999ns, -999'999'999ns, 1'000'000'001ns}) {
        const auto earlier = from_unix(k2026 + 123'456'789ns);
        const auto later = from_unix(k2026 + 123'456'789ns + apart);
        EXPECT_EQ(difference(later, earlier), apart) << apart.count();
    }
}

TEST(Timestamp, DifferenceCrossesTheEra) {
    const auto before = from_unix(kEra1 - 1ms);
    const auto after = from_unix(kEra1 + 1ms);
    EXPECT_EQ(difference(after, before), 2ms);
    EXPECT_EQ(difference(before, after), -2ms);
}

TEST(Timestamp, DifferenceHoldsForSixtySevenYears) {
    const Duration years = std::chrono::hours(24 * 365 * 67);
    EXPECT_EQ(difference(from_unix(k2026 + years), from_unix(k2026)), years);
    EXPECT_EQ(difference(from_unix(k2026), from_unix(k2026 + years)), -years);
}

TEST(Timestamp, RoundTripsEveryNanosecondPattern) {
    Duration time = -7s;
    for (int i = 0; i < 20'000; ++i, time += 104'729'003'127ns) {
        EXPECT_EQ(to_unix(from_unix(time), time + 1h), time) << time.count();
    }
}

TEST(Timestamp, ZeroIsUnknown) {
    EXPECT_FALSE(NtpTime{}.known());
    EXPECT_TRUE(NtpTime{1}.known());
}

TEST(Timestamp, ShortFormat) {
    EXPECT_EQ(short_to_seconds(0), 0.0);
    EXPECT_EQ(short_to_seconds(0x00018000), 1.5);
    EXPECT_EQ(short_to_seconds(1), 1.0 / 65536);
    EXPECT_LT(short_to_seconds(0xffffffff), 65536.0);
}

}  // namespace
}  // namespace ntpopt

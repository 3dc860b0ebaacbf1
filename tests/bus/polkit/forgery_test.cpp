// A reply names the call that it answers by a number that counts up, so that anybody could guess it. The system bus
// drops replies that nobody asked for; here it does not, and it is up to us.
#include "daemon/io/bus/sender.hpp"
#include "tests/bus/polkit/forger.hpp"
#include "tests/bus/polkit/polkit_fixture.hpp"

namespace ntpopt::test {
namespace {

constexpr std::uint32_t kSerials = 64;

TEST_F(AskingPolkit, AForgedYesIsNoYes) {
    fake->mood = FakePolkit::Mood::silent;
    Forger forger(bus.address());
    spawn(somebody(true));
    ASSERT_TRUE(loop.until([&] { return fake->asked.size() == 1; }));
    for (std::uint32_t serial = 1; serial <= kSerials; ++serial)
        forger.reply(connection->getUniqueName(), serial, "(bba{ss})", Forger::yes_of_polkit());
    ASSERT_TRUE(loop.until([&] { return outcomes.size() == 1; }));
    ASSERT_FALSE(outcomes.front());
    EXPECT_EQ(outcomes.front().error().code, Errc::access_denied);
    EXPECT_THAT(outcomes.front().error().detail, testing::HasSubstr("forged"));
}

TEST_F(AskingPolkit, AForgedUserIsNotBelieved) {
    Senders senders(pump);
    Forger forger(bus.address());
    // The forger is on the bus's socket before the question is.
    for (std::uint32_t serial = 1; serial <= kSerials; ++serial)
        forger.reply(connection->getUniqueName(), serial, "u", Forger::number(0));
    const auto user = loop.run(senders.user_of(caller->getUniqueName()));
    if (user) {
        EXPECT_EQ(*user, ::geteuid());
    } else {
        EXPECT_THAT(user.error().detail, testing::HasSubstr("forged"));
    }
}

}  // namespace
}  // namespace ntpopt::test

// ntpoptd's question to polkit, a polkit to answer it and a caller to ask about, on a bus where everybody may do
// everything, so that only our own checks are in the way of a forger.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/api/polkit.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/bus/harness/private_bus.hpp"
#include "tests/bus/polkit/fake_polkit.hpp"

namespace ntpopt::test {

class AskingPolkit : public testing::Test {
  protected:
    static Polkit::Limits limits() {
        Polkit::Limits limits;
        limits.answer = std::chrono::seconds(3);
        limits.password = std::chrono::seconds(60);
        return limits;
    }

    [[nodiscard]] Caller somebody(bool interactive = false) const {
        return {caller->getUniqueName(), 1000, interactive};
    }

    Status ask(Caller who, Action action = Action::reoptimize) {
        return loop.run(polkit.allow(std::move(who), action));
    }

    /// Asks without waiting; what comes of it goes to `outcomes`.
    void spawn(Caller who) { boost::asio::co_spawn(loop.io, ask_and_note(std::move(who)), boost::asio::detached); }
    boost::asio::awaitable<void> ask_and_note(Caller who) {
        auto outcome = co_await polkit.allow(std::move(who), Action::reoptimize);
        outcomes.push_back(std::move(outcome));
    }

    PrivateBus bus{Policies::permissive};
    std::unique_ptr<sdbus::IConnection> connection = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IConnection> caller = sdbus::createSystemBusConnection();
    Loop loop;
    BusPump pump{loop.io, *connection, [](const Error&) {}};
    std::unique_ptr<FakePolkit> fake = std::make_unique<FakePolkit>(loop);
    Polkit polkit{pump, limits()};
    std::vector<Status> outcomes;
};

}  // namespace ntpopt::test

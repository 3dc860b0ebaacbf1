// The courier among fakes, its clock and alarm held by the test: hours of an outage pass in no time, a restart is a new
// object on the same outbox.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/engine/notices.hpp"
#include "tests/loop/engine/by_hand.hpp"
#include "tests/loop/engine/fakes.hpp"

namespace ntpopt::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class MemoryOutbox final : public Outbox {
  public:
    std::map<std::uint64_t, OutboxEntry> entries;
    Json state;
    bool full = false;
    int changes = 0;

    Result<std::vector<OutboxEntry>> waiting() override {
        std::vector<OutboxEntry> out;
        for (const auto& [id, entry] : entries)
            out.push_back(entry);
        return out;
    }
    Result<Json> notice_state() override { return state; }
    Status change(const OutboxChange& change) override {
        if (full) return Error{Errc::io, "disk full"};
        ++changes;
        for (const auto& entry : change.added)
            entries[entry.id] = entry;
        for (const auto id : change.removed)
            entries.erase(id);
        state = change.state;
        return {};
    }
};

class FakeNotifier final : public Notifier {
  public:
    std::map<std::string, Delivery> answers;  ///< by channel; delivered where there is none
    std::map<std::string, std::vector<Notice>> sent;
    std::map<std::string, int> attempts;
    bool greylists = false;  ///< asks one recipient to come again, and takes it for the others
    bool hangs = false;
    bool waits = false;  ///< for arrive()
    std::function<void()> arrive = [] {};

    asio::awaitable<Delivery> deliver(NotifyChannel channel, Notice notice) override {
        ++attempts[channel.name];
        if (hangs) {
            const auto executor = co_await asio::this_coro::executor;
            asio::steady_timer never(executor, asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        if (waits) {
            const auto executor = co_await asio::this_coro::executor;
            asio::steady_timer until_it_arrives(executor, asio::steady_timer::time_point::max());
            arrive = [&until_it_arrives] { until_it_arrives.cancel(); };
            boost::system::error_code ignored;
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            co_await until_it_arrives.async_wait(token);
        }
        const auto known = answers.find(channel.name);
        const Delivery good{true, false, {}};
        auto answer = known == answers.end() ? good : known->second;
        if (greylists && channel.wait_for_all) answer = {false, false, "asks to come again"};
        if (greylists && !channel.wait_for_all) answer = {true, true, "not for one"};
        if (answer.ok) sent[channel.name].push_back(std::move(notice));
        co_return answer;
    }
};

struct NoticesTest : testing::Test {
    asio::io_context io{1};
    HandClock clock;
    HandAlarm alarm{io};
    MemoryOutbox outbox;
    FakeNotifier notifier;
    NotifyConfig config;
    std::vector<std::string> troubles;
    std::unique_ptr<Notices> notices;
    std::uint64_t run = 0;

    NoticesTest() {
        config.email.server = "mail.test";
        config.email.from = "ntpopt@host.test";
        config.email.to = {"admin@host.test"};
    }

    void start() {
        io.restart();
        notices = std::make_unique<Notices>(io.get_executor(), clock, alarm, outbox, notifier, config, "host.test",
                                            [this](std::string_view what) { troubles.emplace_back(what); });
        asio::co_spawn(io, notices->run(), [](const std::exception_ptr& escaped) { EXPECT_FALSE(escaped); });
        io.poll();
    }
    void stop() {
        notices->stop();
        io.poll();
        pass(10s);  // an attempt under way gets some seconds
        EXPECT_TRUE(io.stopped());
    }
    /// Lets time pass, with every wake-up that falls due in it.
    void pass(Duration time) {
        const auto end = clock.passed + time;
        while (alarm.until && *alarm.until - 1h <= end) {
            clock.passed = std::max(clock.passed, *alarm.until - 1h);
            alarm.ring();
            io.poll();
        }
        clock.passed = end;
    }
    Json round(const std::string& outcome, const std::vector<std::string>& before = {"a.test"},
               const std::vector<std::string>& after = {"b.test"}) {
        return Json{{"run_id", ++run},         {"timestamp", render_time(clock.now())},
                    {"outcome", outcome},      {"reason", "because"},
                    {"previous", before},      {"selected", after},
                    {"servers", Json::array()}};
    }
    void tell(const Json& report) {
        notices->run_finished(run, report);
        io.poll();
    }
    bool asleep() const { return alarm.until && *alarm.until - clock.since_boot() > 24h * 30; }
};

}  // namespace ntpopt::test

// usage: courier CONFIG STATE_DIR LIBEXEC_DIR SECONDS. The notices as they are in ntpoptd, with its outbox in a file,
// the child ntpopt-notify and whoever that talks to; only the clock, which begins at SECONDS, is held by standard
// input: "tell COUNT SECONDS" has so many changes rolled back evenly within this time, "pass SECONDS" lets it pass with
// all that falls due. Each is answered by a line of JSON.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include <boost/asio/co_spawn.hpp>

#include "daemon/core/config/parse.hpp"
#include "daemon/engine/notices.hpp"
#include "daemon/io/notify/child_notifier.hpp"
#include "daemon/io/store/sqlite_store.hpp"
#include "tests/loop/engine/by_hand.hpp"

namespace ntpopt::test {
namespace {

namespace asio = boost::asio;

class CountedNotifier final : public Notifier {
  public:
    explicit CountedNotifier(std::string libexec_dir) : child_(std::move(libexec_dir), "") {}
    int attempts = 0;
    int under_way = 0;

    asio::awaitable<Delivery> deliver(NotifyChannel channel, Notice notice) override {
        ++attempts;
        ++under_way;
        auto delivery = co_await child_.deliver(std::move(channel), std::move(notice));
        --under_way;
        co_return delivery;
    }

  private:
    ChildNotifier child_;
};

class Courier {
  public:
    Courier(const NotifyConfig& config, SqliteStore store, std::string libexec_dir, Duration passed)
        : store_(std::move(store)), notifier_(std::move(libexec_dir)) {
        clock_.passed = passed;
        notices_.emplace(io_.get_executor(), clock_, alarm_, store_, notifier_, config, "host.test",
                         [this](std::string_view what) { troubles_.emplace_back(what); });
        asio::co_spawn(io_, notices_->run(), [](const std::exception_ptr& escaped) {
            if (escaped) std::rethrow_exception(escaped);
        });
        settle();
    }

    void tell(int count, Duration within) {
        for (int i = 0; i < count; ++i) {
            const auto run = static_cast<std::uint64_t>(clock_.passed / std::chrono::microseconds(1)) + 1;
            notices_->run_finished(run, Json{{"run_id", run},
                                             {"timestamp", render_time(clock_.now())},
                                             {"outcome", "rolled_back"},
                                             {"reason", fmt::format("event {}", i)},
                                             {"previous", {"old.test"}},
                                             {"selected", {"new.test"}},
                                             {"servers", Json::array()}});
            pass(within / count);
        }
    }

    void pass(Duration time) {
        const auto end = clock_.since_boot() + time;
        settle();
        while (alarm_.until && *alarm_.until <= end) {
            clock_.passed += std::max(*alarm_.until - clock_.since_boot(), Duration::zero());
            alarm_.ring();
            settle();
        }
        clock_.passed += end - clock_.since_boot();
    }

    Json state() {
        const auto waiting = store_.waiting();
        return {{"attempts", notifier_.attempts},
                {"waiting", waiting ? Json(waiting->size()) : Json(nullptr)},
                {"alarms", notices_->alarms()},
                {"troubles", troubles_}};
    }

  private:
    /// The clock stands still while a message is on its way.
    void settle() {
        for (io_.poll(); notifier_.under_way > 0; io_.poll())
            io_.run_one();
    }

    asio::io_context io_{1};
    HandClock clock_;
    HandAlarm alarm_{io_};
    SqliteStore store_;
    CountedNotifier notifier_;
    std::vector<std::string> troubles_;
    std::optional<Notices> notices_;
};

int run(const std::vector<std::string>& arguments) {
    std::ifstream file(arguments.at(0));
    const auto parsed = parse_config({{arguments[0], std::string(std::istreambuf_iterator<char>(file), {})}});
    auto store = SqliteStore::open(arguments.at(1));
    if (!parsed.ok() || !store) {
        fmt::print(stderr, "{}{}\n", render_problems(parsed.problems), store ? "" : store.error().detail);
        return 1;
    }
    Courier courier(parsed.config.notify, *std::move(store), arguments.at(2),
                    std::chrono::seconds(std::stoi(arguments.at(3))));
    int count = 0;
    int seconds = 0;
    for (std::string verb; std::cin >> verb;) {
        if (verb == "tell" && std::cin >> count >> seconds) courier.tell(count, std::chrono::seconds(seconds));
        if (verb == "pass" && std::cin >> seconds) courier.pass(std::chrono::seconds(seconds));
        std::cout << render_json(courier.state()) << std::endl;
    }
    return 0;
}

}  // namespace
}  // namespace ntpopt::test

int main(int argc, char** argv) {
    try {
        return ntpopt::test::run({argv + 1, argv + argc});
    } catch (const std::exception& e) {
        fmt::print(stderr, "courier: {}\n", e.what());
        return 1;
    }
}

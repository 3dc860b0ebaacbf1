// A backend that does nothing but write down what it was asked to do, and fails where it is told to.
#pragma once

#include <string>
#include <vector>

#include "daemon/apply/backend.hpp"
#include "daemon/ports/clock.hpp"

namespace ntpopt::test {

struct FakeService {
    std::vector<std::string> calls;
    std::string fails_at;  ///< the step that fails
    bool fails_once = false;
    bool needed = true;
    bool drifted = false;
    std::vector<std::string> left_alone;
    Service kind = Service::chronyd;
    bool knew_committed = false;  ///< at the last question or change
    bool knew_last = false;       ///< the same

    Status step(const std::string& name) {
        calls.push_back(name);
        if (name != fails_at) return {};
        if (fails_once) fails_at.clear();
        return Error{Errc::verification_failed, name + " failed"};
    }
};

class FakeChange final : public Change {
  public:
    explicit FakeChange(FakeService& service) : service_(service) {}
    [[nodiscard]] Json record() const override { return {{"fake", true}}; }
    [[nodiscard]] Json description() const override { return {{"refusals", Json::array()}}; }
    [[nodiscard]] bool is_needed() const override { return service_.needed; }
    [[nodiscard]] std::vector<std::string> previous() const override { return {"old.test"}; }
    boost::asio::awaitable<Status> write_files() override { co_return service_.step("write_files"); }
    boost::asio::awaitable<Status> reload() override { co_return service_.step("reload"); }
    boost::asio::awaitable<Status> prove() override { co_return service_.step("prove"); }
    boost::asio::awaitable<Status> remove_base() override { co_return service_.step("remove_base"); }
    boost::asio::awaitable<Result<std::string>> confirm() override {
        if (auto done = service_.step("confirm"); !done) co_return done.error();
        co_return std::string("new.test");
    }
    boost::asio::awaitable<Status> undo() override { co_return service_.step("undo"); }
    [[nodiscard]] Status withdraw_files() override { return service_.step("withdraw_files"); }
    [[nodiscard]] std::vector<std::string> left_alone() const override { return service_.left_alone; }

  private:
    FakeService& service_;
};

class FakeBackend final : public Backend {
  public:
    explicit FakeBackend(FakeService& service) : service_(service) {}
    [[nodiscard]] Service service() const override { return service_.kind; }
    boost::asio::awaitable<Result<ServiceObservation>> observe(Past past) override {
        service_.knew_committed = !past.committed.is_null();
        service_.knew_last = !past.last.is_null();
        ServiceObservation seen;
        seen.service = service_.kind;
        seen.drifted = service_.drifted;
        co_return seen;
    }
    boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) override {
        service_.knew_committed = !goal.past.committed.is_null();
        service_.knew_last = !goal.past.last.is_null();
        if (goal.original && goal.past.committed.is_null()) co_return nothing_changed();
        if (auto done = service_.step("prepare"); !done) co_return done.error();
        co_return std::unique_ptr<Change>(std::make_unique<FakeChange>(service_));
    }
    [[nodiscard]] Result<std::unique_ptr<Change>> resume(const Json& record) override {
        if (!get_bool(record, "fake")) return Error{Errc::parse, "no record of mine"};
        return std::unique_ptr<Change>(std::make_unique<FakeChange>(service_));
    }

  private:
    FakeService& service_;
};

class FakeClock final : public Clock {
  public:
    [[nodiscard]] RealTime now() const override { return time; }
    [[nodiscard]] Duration since_boot() const override { return time.time_since_epoch(); }
    [[nodiscard]] double random() override { return 0.5; }

    RealTime time = from_usec(1'800'000'000'000'000);
};

}  // namespace ntpopt::test

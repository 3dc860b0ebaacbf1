// Transactions on a backend that does nothing, with a journal in a folder of their own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "daemon/apply/transaction.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/loop/apply/fake_backend.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {

inline std::vector<Choice> choose(std::initializer_list<std::string_view> names) {
    std::vector<Choice> choices;
    for (const auto name : names)
        choices.push_back({*Endpoint::parse(name), std::nullopt, false, 0, Timescale::utc, 0, 0});
    return choices;
}

inline boost::asio::awaitable<Result<std::shared_ptr<Backend>>> found(std::shared_ptr<Backend> backend) {
    co_return backend;
}

class Transaction : public testing::Test {
  protected:
    Transaction() { start(); }

    /// A new process, as far as the journal goes.
    void start() {
        transactions_.reset();
        journal_.reset();
        journal_.emplace(std::move(*Journal::open(path_)));
        const auto backend = std::make_shared<FakeBackend>(service_);
        transactions_.emplace(
            *journal_, clock_, config_, [backend] { return found(backend); },
            [backend](Service) -> Result<std::shared_ptr<Backend>> { return std::shared_ptr<Backend>(backend); });
        transactions_->on_change(
            [this](const TransactionReport& report) { states_.emplace_back(name_of(report.state)); });
    }

    Result<std::uint64_t> begin(std::initializer_list<std::string_view> names, bool by_hand = false) {
        return loop_.run(transactions_->begin_apply(choose(names), by_hand));
    }

    TransactionReport run(Result<std::uint64_t> number) {
        EXPECT_TRUE(number) << number.error().detail;
        if (number) loop_.run(finish());
        return *transactions_->report(0);
    }
    boost::asio::awaitable<bool> finish() {
        co_await transactions_->run();
        co_return true;
    }

    const Scratch scratch_;
    const std::string path_ = scratch_.path();
    Loop loop_;
    FakeService service_;
    FakeClock clock_;
    Config config_;
    std::optional<Journal> journal_;
    std::optional<Transactions> transactions_;
    std::vector<std::string> states_;
};

}  // namespace ntpopt::test

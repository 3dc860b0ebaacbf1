// Runs coroutines and waits for events in a test, always with a deadline and never with a sleep.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace ntpopt::test {

using namespace std::chrono_literals;

class Loop {
  public:
    boost::asio::io_context io{1};

    /// Runs the loop until the condition holds; false at the deadline.
    bool until(const std::function<bool()>& condition, std::chrono::milliseconds deadline = 60s) {
        const auto end = std::chrono::steady_clock::now() + deadline;
        auto work = boost::asio::make_work_guard(io);
        while (!condition()) {
            if (std::chrono::steady_clock::now() >= end) return false;
            io.restart();
            io.run_one_until(end);
        }
        return true;
    }

    /// Runs the loop until the coroutine has ended, and returns what it returned.
    template <typename T>
    T run(boost::asio::awaitable<T> task) {
        std::optional<T> result;
        std::exception_ptr thrown;
        bool done = false;
        boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& e, T value) {
            thrown = e;
            if (!e) result = std::move(value);
            done = true;
        });
        if (!until([&] { return done; })) throw std::runtime_error("the coroutine did not end in time");
        if (thrown) std::rethrow_exception(thrown);
        return std::move(*result);
    }
};

}  // namespace ntpopt::test

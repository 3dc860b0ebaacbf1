// Runs several fallible coroutines at the same time and waits for all of them. What escapes from one becomes its own
// Errc::internal and spoils nothing else. And one coroutine under a deadline.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"

namespace ntpopt {

/// What a coroutine came to: its result, or what escaped from it instead.
template <typename T>
Result<T> result_of(const std::exception_ptr& escaped, Result<T> result) {
    if (!escaped) return result;
    try {
        std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
        return Error{Errc::internal, e.what()};
    }
}

/// The results in the order of the tasks. When the caller is cancelled, every task is, and their results still come.
template <typename T>
boost::asio::awaitable<std::vector<Result<T>>> gather(std::vector<boost::asio::awaitable<Result<T>>> tasks) {
    namespace asio = boost::asio;
    struct Shared {
        explicit Shared(asio::any_io_executor executor) : finished(executor, asio::steady_timer::time_point::max()) {}
        std::vector<Result<T>> results;
        std::vector<asio::cancellation_signal> signals;
        std::size_t running = 0;
        asio::steady_timer finished;
    };
    const auto executor = co_await asio::this_coro::executor;
    auto shared = std::make_shared<Shared>(executor);
    shared->running = tasks.size();
    shared->results.resize(tasks.size(), Error{Errc::internal, "did not run"});
    shared->signals = std::vector<asio::cancellation_signal>(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        auto on_done = [shared, i](std::exception_ptr failure, Result<T> result) {
            shared->results[i] = result_of(failure, std::move(result));
            if (--shared->running == 0) shared->finished.cancel();
        };
        asio::co_spawn(executor, std::move(tasks[i]),
                       asio::bind_cancellation_slot(shared->signals[i].slot(), std::move(on_done)));
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    while (shared->running > 0) {
        boost::system::error_code woken;
        auto token = asio::redirect_error(asio::use_awaitable, woken);
        co_await shared->finished.async_wait(token);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() == asio::cancellation_type::none || shared->running == 0) continue;
        for (auto& signal : shared->signals)
            signal.emit(asio::cancellation_type::terminal);
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    co_return std::move(shared->results);
}

/// The result of the work, or Errc::timeout at the deadline: then the work is cancelled, and whether and when it obeys
/// delays nobody. Cancelled itself, it cancels the work and says Errc::shutting_down.
template <typename T>
boost::asio::awaitable<Result<T>> with_deadline(boost::asio::awaitable<Result<T>> work, Duration deadline) {
    namespace asio = boost::asio;
    struct Shared {
        explicit Shared(asio::any_io_executor executor) : timer(executor) {}
        std::optional<Result<T>> result;
        asio::cancellation_signal signal;
        asio::steady_timer timer;
    };
    const auto executor = co_await asio::this_coro::executor;
    auto shared = std::make_shared<Shared>(executor);
    shared->timer.expires_after(deadline);
    auto on_done = [shared](std::exception_ptr failure, Result<T> result) {
        shared->result = result_of(failure, std::move(result));
        shared->timer.cancel();
    };
    asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(shared->signal.slot(), std::move(on_done)));
    co_await asio::this_coro::throw_if_cancelled(false);
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    if (!shared->result) co_await shared->timer.async_wait(token);
    if (shared->result) co_return std::move(*shared->result);
    shared->signal.emit(asio::cancellation_type::terminal);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        co_return Error{Errc::shutting_down, "the round was stopped"};
    co_return Error{Errc::timeout, "took longer than " + render_duration(deadline)};
}

}  // namespace ntpopt

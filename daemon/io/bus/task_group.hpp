// Owns the coroutines that nobody waits for. What escapes from one is a bug, and is told to one place; before the
// process ends, all are cancelled and waited for, so that none is destroyed in the middle.
#pragma once

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/duration.hpp"

namespace ntpopt {

class TaskGroup {
  public:
    /// Called with the name of the task and what it threw; cancellation is not reported.
    using OnEscape = std::function<void(std::string_view task, std::string_view what)>;

    TaskGroup(boost::asio::any_io_executor executor, OnEscape on_escape);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Starts the task with the next turn of the loop.
    void spawn(std::string name, boost::asio::awaitable<void> task);

    /// Asks every task to end (asio terminal cancellation).
    void cancel();

    /// Waits until every task has ended, at most so long; true where all have.
    boost::asio::awaitable<bool> drain(Duration deadline);

    [[nodiscard]] std::size_t size() const { return tasks_.size(); }

  private:
    struct Task {
        std::string name;
        boost::asio::cancellation_signal cancellation;
    };
    void finish(const std::shared_ptr<Task>& task, const std::exception_ptr& escaped);

    boost::asio::any_io_executor executor_;
    OnEscape on_escape_;
    std::list<std::shared_ptr<Task>> tasks_;
    boost::asio::steady_timer emptied_;
};

}  // namespace ntpopt

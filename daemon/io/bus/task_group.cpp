// Implementation of task_group.hpp.
#include "daemon/io/bus/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace ntpopt {

TaskGroup::TaskGroup(boost::asio::any_io_executor executor, OnEscape on_escape)
    : executor_(executor), on_escape_(std::move(on_escape)), emptied_(executor) {}

void TaskGroup::spawn(std::string name, boost::asio::awaitable<void> task) {
    const auto entry = std::make_shared<Task>();
    entry->name = std::move(name);
    tasks_.push_back(entry);
    boost::asio::co_spawn(
        executor_, std::move(task),
        boost::asio::bind_cancellation_slot(
            entry->cancellation.slot(), [this, entry](const std::exception_ptr& escaped) { finish(entry, escaped); }));
}

void TaskGroup::cancel() {
    const auto tasks = tasks_;  // a task may end while this goes on
    for (const auto& task : tasks) task->cancellation.emit(boost::asio::cancellation_type::terminal);
}

boost::asio::awaitable<bool> TaskGroup::drain(Duration deadline) {
    if (tasks_.empty()) co_return true;
    emptied_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline));
    co_await emptied_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return tasks_.empty();
}

void TaskGroup::finish(const std::shared_ptr<Task>& task, const std::exception_ptr& escaped) {
    const auto name = std::move(task->name);
    tasks_.remove(task);
    // Asio may have posted a cancellation that still points into the signal; it is let go behind that.
    boost::asio::post(executor_, [task] {});
    if (tasks_.empty()) emptied_.cancel();
    if (!escaped) return;
    try {
        std::rethrow_exception(escaped);
    } catch (const boost::system::system_error& e) {
        if (e.code() != boost::asio::error::operation_aborted) on_escape_(name, e.what());
    } catch (const std::exception& e) {
        on_escape_(name, e.what());
    } catch (...) {
        on_escape_(name, "something that is no std::exception");
    }
}

}  // namespace ntpopt

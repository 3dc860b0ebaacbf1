// The owner of coroutines that nobody waits for.
#include "daemon/io/bus/task_group.hpp"

#include <gmock/gmock.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/bus/harness/loop.hpp"

namespace ntpopt {
namespace {

using boost::asio::awaitable;
using test::Loop;
using namespace std::chrono_literals;

awaitable<void> wait_for(Duration duration) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(duration));
    co_await timer.async_wait(boost::asio::use_awaitable);
}

awaitable<void> fail() {
    throw std::runtime_error("broken");
    co_return;
}

class Tasks : public testing::Test {
  protected:
    Loop loop_;
    std::vector<std::string> escaped_;
    TaskGroup group_{loop_.io.get_executor(), [this](std::string_view task, std::string_view what) {
                         escaped_.push_back(std::string(task) + ": " + std::string(what));
                     }};
};

TEST_F(Tasks, EndByThemselves) {
    group_.spawn("short", wait_for(1ms));
    group_.spawn("shorter", wait_for(0ms));
    EXPECT_EQ(group_.size(), 2U);
    EXPECT_TRUE(loop_.run(group_.drain(10s)));
    EXPECT_EQ(group_.size(), 0U);
    EXPECT_TRUE(escaped_.empty());
}

TEST_F(Tasks, WhatEscapesIsToldOnce) {
    group_.spawn("bad", fail());
    EXPECT_TRUE(loop_.run(group_.drain(10s)));
    EXPECT_THAT(escaped_, testing::ElementsAre("bad: broken"));
}

TEST_F(Tasks, CancelledOnesEndWithoutAWord) {
    group_.spawn("long", wait_for(1h));
    group_.spawn("longer", wait_for(2h));
    loop_.io.poll();
    group_.cancel();
    EXPECT_TRUE(loop_.run(group_.drain(10s)));
    EXPECT_TRUE(escaped_.empty());
}

// Asio posts a cancellation into a task; one that ended meanwhile had taken the signal with it.
TEST_F(Tasks, ATaskThatEndsAsItIsCancelledIsHarmless) {
    for (int i = 0; i < 100; ++i) {
        group_.spawn("short", wait_for(0ms));
        group_.spawn("bad", fail());
    }
    group_.cancel();
    EXPECT_TRUE(loop_.run(group_.drain(10s)));
    loop_.io.poll();
    EXPECT_EQ(escaped_.size(), 100U);
}

TEST_F(Tasks, ADrainThatIsOverTellsSo) {
    group_.spawn("long", wait_for(1h));
    EXPECT_FALSE(loop_.run(group_.drain(1ms)));
    group_.cancel();
    EXPECT_TRUE(loop_.run(group_.drain(10s)));
}

}  // namespace
}  // namespace ntpopt

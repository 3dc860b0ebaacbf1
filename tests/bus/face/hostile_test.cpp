// Callers that want to stop the daemon: wrong types, huge strings, floods, sudden death, strangers.
#include <unistd.h>

#include <array>
#include <thread>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "tests/bus/face/face_fixture.hpp"

namespace ntpopt {
namespace {

using test::as_nobody;
using namespace std::chrono_literals;
using test::Face;

class Hostile : public Face {
  protected:
    /// The daemon still answers, and nothing escaped.
    void expect_alive() {
        EXPECT_EQ(call<wire::Dict>("GetRun", std::uint64_t{7}).value().value["outcome"], "applied");
        EXPECT_TRUE(lost.empty());
        EXPECT_TRUE(escaped.empty());
    }
};

TEST_F(Hostile, WrongTypesAreRefusedByName) {
    const auto wrong = [&](const std::string& member, const auto&... arguments) {
        const auto answer = tell(member, arguments...);
        ASSERT_FALSE(answer) << member;
        EXPECT_EQ(answer.error().code, Errc::invalid_argument) << member;
    };
    wrong("Reoptimize");
    wrong("Reoptimize", std::string("x"));
    wrong("Reoptimize", std::map<std::string, std::string>{{"dry_run", "true"}});
    wrong("Reoptimize", wire::Dict(Json::parse(R"({"dry_run":"true"})")));
    wrong("Reoptimize", wire::Dict(Json::parse(R"({"dry-run":true})")));
    wrong("GetRun", std::string("7"));
    wrong("SetInterval", std::int32_t{-1});
    wrong("SetInterval", UINT64_MAX);
    wrong("Blacklist", std::string("a"));
    wrong("Blacklist", std::string("a\nserver evil.example"), std::uint64_t{0});
    wrong("Unblacklist", std::string(""));
    wrong("GetHistory", wire::Dict(Json::parse(R"({"limit":1000000})")));
    wrong("Explain", std::string("no host"));
    wrong("GetEvidence", wire::Dict(Json::parse(R"({"limit":1001})")));
    wrong("TestNotice", std::string(65, 'a'));
    wrong("TestNotice", std::string("\x1b[2J"));
    wrong("GetEvidence", wire::Dict(Json::parse(R"({"from":5})")));
    EXPECT_TRUE(control.told.empty());
    expect_alive();
}

TEST_F(Hostile, HugeStringsAreRefused) {
    const std::string huge(8U << 20, 'x');
    EXPECT_EQ(tell("Blacklist", huge, std::uint64_t{0}).error().code, Errc::invalid_argument);
    EXPECT_EQ(tell("Explain", huge).error().code, Errc::invalid_argument);
    EXPECT_EQ(tell("Reoptimize", wire::Dict(Json{{"dry_run", huge}})).error().code, Errc::invalid_argument);
    EXPECT_LT(tell("Explain", huge).error().detail.size(), 1100U);
    expect_alive();
}

TEST_F(Hostile, PropertiesAreNotForWriting) {
    auto message = manager.message(contract::kPropertiesInterface, "Set", std::string(contract::kManagerInterface),
                                   std::string("Mode"), sdbus::Variant(std::string("observe")));
    EXPECT_EQ(loop.run(manager.call(std::move(message), 10s)).error().code, Errc::access_denied);
    expect_alive();
}

// A thousand calls at once from each of a hundred connections, none of which waits for an answer.
TEST_F(Hostile, AFloodFromAHundredConnectionsIsSurvived) {
    std::vector<std::unique_ptr<sdbus::IConnection>> connections;
    for (int i = 0; i < 100; ++i) {
        connections.push_back(sdbus::createSystemBusConnection());
        const auto proxy = sdbus::createProxy(*connections.back(), contract::kManagerName, contract::kManagerPath);
        for (int n = 0; n < 1000; ++n) {
            auto message = proxy->createMethodCall(contract::kManagerInterface, n % 2 == 0 ? "ListServers" : "Reload");
            message.dontExpectReply();
            proxy->callMethod(message);
        }
    }
    expect_alive();
}

TEST_F(Hostile, WhoAsksTooMuchAtOnceIsToldSo) {
    int done = 0;
    int busy = 0;
    for (int i = 0; i < 100; ++i) {
        boost::asio::co_spawn(loop.io, manager.call(manager.message(contract::kManagerInterface, "Reload"), 10s),
                              [&](const std::exception_ptr&, const Result<sdbus::MethodReply>& reply) {
                                  ++done;
                                  busy += reply.has_error() && reply.error().code == Errc::busy ? 1 : 0;
                              });
    }
    ASSERT_TRUE(loop.until([&] { return done == 100; }));
    EXPECT_LE(control.told.size(), 100U - static_cast<std::size_t>(busy));
    expect_alive();
}

TEST_F(Hostile, CallersThatDieInTheMiddleLeaveNothing) {
    for (int i = 0; i < 50; ++i) {
        auto connection = sdbus::createSystemBusConnection();
        const auto proxy = sdbus::createProxy(*connection, contract::kManagerName, contract::kManagerPath);
        auto message = proxy->createMethodCall(contract::kManagerInterface, "Reoptimize");
        message << wire::Dict();
        proxy->callMethod(message, [](sdbus::MethodReply&, const sdbus::Error*) {});
    }
    expect_alive();
    ASSERT_TRUE(loop.until([&] { return tasks.size() == 0; }));
}

// Runs `function` as another user while the daemon goes on, and returns its exit code.
int while_serving(test::Loop& loop, int (*function)()) {
    static int (*child_function)();
    child_function = function;
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    int code = 127;
    std::thread waiter([&] {
        code = as_nobody(child_function);
        ::close(ends[1]);
    });
    bool over = false;
    boost::asio::posix::stream_descriptor end(loop.io, ends[0]);
    end.async_wait(boost::asio::posix::descriptor_base::wait_read, [&](boost::system::error_code) { over = true; });
    EXPECT_TRUE(loop.until([&] { return over; }));
    waiter.join();
    return code;
}

/// 0 where exactly this error comes.
template <typename... Arguments>
bool fails_with(const char* name, const char* interface, const char* member, const Arguments&... arguments) {
    const auto connection = sdbus::createSystemBusConnection();
    const auto proxy = sdbus::createProxy(*connection, contract::kManagerName, contract::kManagerPath);
    auto message = proxy->createMethodCall(interface, member);
    (void)(static_cast<sdbus::Message&>(message) << ... << arguments);
    try {
        proxy->callMethod(message, std::chrono::seconds(10));
    } catch (const sdbus::Error& e) {
        return e.getName() == name;
    }
    return false;
}

constexpr const char* kDenied = "org.freedesktop.DBus.Error.AccessDenied";

TEST_F(Hostile, AStrangerMayReadButNotChange) {
    authority.root_only = true;
    const auto code = while_serving(loop, [] {
        const auto connection = sdbus::createSystemBusConnection();
        const auto proxy = sdbus::createProxy(*connection, contract::kManagerName, contract::kManagerPath);
        auto list = proxy->createMethodCall(contract::kManagerInterface, "ListServers");
        wire::Rows rows;
        auto reply = proxy->callMethod(list, std::chrono::seconds(10));
        reply >> rows;
        if (rows.value.size() != 4) return 2;
        auto run = proxy->createMethodCall(contract::kManagerInterface, "GetRun");
        run << std::uint64_t{7};
        wire::Dict report;
        auto answer = proxy->callMethod(run, std::chrono::seconds(10));
        answer >> report;
        if (report.value["diff"] != "/etc/x: 4 lines") return 3;
        const auto* interface = contract::kManagerInterface;
        if (!fails_with(kDenied, interface, "Reoptimize", wire::Dict())) return 4;
        if (!fails_with(kDenied, interface, "Rollback", wire::Dict())) return 5;
        if (!fails_with(kDenied, interface, "Blacklist", std::string("a"), std::uint64_t{0})) return 6;
        if (!fails_with(kDenied, interface, "SetInterval", std::uint64_t{3'600'000'000})) return 7;
        if (!fails_with(kDenied, interface, "Reload")) return 8;
        return 0;
    });
    EXPECT_EQ(code, 0);
    EXPECT_TRUE(control.told.empty());
    expect_alive();
}

TEST_F(Hostile, AStrangerMaySetNothingAndOwnNothing) {
    const auto code = while_serving(loop, [] {
        if (!fails_with(kDenied, contract::kPropertiesInterface, "Set", std::string(contract::kManagerInterface),
                        std::string("Mode"), sdbus::Variant(std::string("observe"))))
            return 2;
        if (!fails_with(kDenied, "org.example.Other", "Anything")) return 3;
        try {
            sdbus::createSystemBusConnection()->requestName(contract::kApplierName);
            return 4;
        } catch (const sdbus::Error&) {
        }
        return 0;
    });
    EXPECT_EQ(code, 0);
    expect_alive();
}

}  // namespace
}  // namespace ntpopt

// A daemon's face over a fake Control on a private bus with the shipped policies, and a client on the same loop.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/api/manager_face.hpp"
#include "daemon/io/bus/bus_call.hpp"
#include "dbus/contract.hpp"
#include "dbus/wire.hpp"
#include "tests/bus/fake/fake_control.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/bus/harness/private_bus.hpp"

namespace ntpopt::test {

/// Lets everybody, nobody, or root only do everything, whoever runs the test.
class FixedAuthority final : public Authority {
  public:
    bool allows = true;
    bool root_only = false;
    std::vector<Caller> asked;
    boost::asio::awaitable<Status> allow(Caller caller, Action) override {
        asked.push_back(caller);
        if (root_only ? caller.is_root() : allows) co_return Status();
        co_return Error{Errc::access_denied, "not today"};
    }
};

class Face : public testing::Test {
  protected:
    Face() {
        server_connection->requestName(contract::kManagerName);
        server_pump.kick();
    }

    ~Face() override {
        tasks.cancel();
        loop.run(tasks.drain(10s));
    }

    template <typename Value, typename... Arguments>
    Result<Value> call(const std::string& member, const Arguments&... arguments) {
        return loop.run(
            manager.call_for<Value>(manager.message(contract::kManagerInterface, member, arguments...), 60s));
    }

    template <typename... Arguments>
    Status tell(const std::string& member, const Arguments&... arguments) {
        auto reply = loop.run(manager.call(manager.message(contract::kManagerInterface, member, arguments...), 60s));
        if (!reply) return reply.error();
        return {};
    }

    Json properties() {
        auto message =
            manager.message(contract::kPropertiesInterface, "GetAll", std::string(contract::kManagerInterface));
        return loop.run(manager.call_for<wire::Dict>(std::move(message), 60s)).value().value;
    }

    PrivateBus bus;
    std::unique_ptr<sdbus::IConnection> server_connection = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IConnection> client_connection = sdbus::createSystemBusConnection();
    Loop loop;
    std::vector<std::string> lost;
    BusPump server_pump{loop.io, *server_connection, [this](const Error& e) { lost.push_back(e.detail); }};
    BusPump client_pump{loop.io, *client_connection, [](const Error&) {}};
    std::vector<std::string> escaped;
    TaskGroup tasks{loop.io.get_executor(), [this](std::string_view task, std::string_view what) {
                        escaped.push_back(std::string(task) + ": " + std::string(what));
                    }};
    FakeControl control;
    FixedAuthority authority;
    ManagerFace face{server_pump, tasks, control, authority};
    BusObject manager{client_pump, contract::kManagerName, contract::kManagerPath};
};

}  // namespace ntpopt::test

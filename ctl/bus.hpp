// The client's side of the bus: one connection without a thread or loop of its own, calls that wait, and a wait for
// signals. Failures are values here; sdbus-c++'s exceptions end in this file.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/json.hpp"
#include "dbus/compat.hpp"
#include "dbus/errors.hpp"
#include "dbus/wire.hpp"

namespace ntpopt::ctl {

class Bus {
  public:
    /// `host` "" is this machine; else the bus of another one, over ssh.
    [[nodiscard]] static Result<std::unique_ptr<Bus>> connect(const std::string& host, Duration timeout);

    [[nodiscard]] sdbus::IConnection& connection() { return *connection_; }
    [[nodiscard]] Duration timeout() const { return timeout_; }

    /// From now on the user may be asked for a password (by polkit) when a call wants one.
    void allow_interaction() { interactive_ = true; }
    [[nodiscard]] bool is_interactive() const { return interactive_; }

    /// Handles what has arrived, waiting for it at most so long; returns early when the process gets a signal.
    [[nodiscard]] Status wait(Duration at_most);

    /// The unique name behind a well-known one, "" for none.
    [[nodiscard]] Result<std::string> owner_of(const std::string& name);

  private:
    Bus(std::unique_ptr<sdbus::IConnection> connection, Duration timeout);
    std::unique_ptr<sdbus::IConnection> connection_;
    Duration timeout_;
    bool interactive_ = false;
};

/// One object of one service.
class Remote {
  public:
    Remote(Bus& bus, std::string service, std::string path, std::string interface);

    /// Calls a method for its dictionary, its list of dictionaries, its one value, or nothing.
    template <typename... Arguments>
    [[nodiscard]] Result<Json> dict(const char* member, const Arguments&... arguments) {
        return document<wire::Dict>(member, arguments...);
    }
    template <typename... Arguments>
    [[nodiscard]] Result<Json> rows(const char* member, const Arguments&... arguments) {
        return document<wire::Rows>(member, arguments...);
    }
    template <typename Value, typename... Arguments>
    [[nodiscard]] Result<Value> value(const char* member, const Arguments&... arguments) {
        auto reply = send(message(interface_, member, arguments...));
        if (!reply) return reply.error();
        Value read{};
        return take(*reply, read) ? Result<Value>(std::move(read)) : Result<Value>(unreadable(member));
    }
    template <typename... Arguments>
    [[nodiscard]] Status call(const char* member, const Arguments&... arguments) {
        auto reply = send(message(interface_, member, arguments...));
        if (!reply) return reply.error();
        return {};
    }
    [[nodiscard]] Result<Json> property(const std::string& name);

    /// What to do with a signal: its member and its arguments as a list.
    using OnSignal = std::function<void(const std::string& member, const Json& arguments)>;
    /// Hears the signals of the object's interface and of its properties, from `owner` (a unique name) only.
    [[nodiscard]] Status listen(const std::string& owner, OnSignal on_signal);
    /// Told with the new owner ("" for none) whenever the service comes or goes.
    [[nodiscard]] Status watch_owner(std::function<void(const std::string& owner)> on_change);

    [[nodiscard]] const std::string& service() const { return service_; }

  private:
    template <typename... Arguments>
    sdbus::MethodCall message(const std::string& interface, const char* member, const Arguments&... arguments) {
        auto call = proxy_->createMethodCall(interface, member);
        (void)(static_cast<sdbus::Message&>(call) << ... << arguments);
        if (bus_.is_interactive()) compat::Interaction::allow(call);
        return call;
    }
    template <typename Document, typename... Arguments>
    Result<Json> document(const char* member, const Arguments&... arguments) {
        auto reply = send(message(interface_, member, arguments...));
        if (!reply) return reply.error();
        // The daemon is trusted with larger answers than it trusts its callers with; the bus bounds them.
        Document read;
        read.max_entries = kMaxEntriesOfAnswer;
        if constexpr (std::is_same_v<Document, wire::Rows>) read.max_string = kMaxStringOfAnswer;
        if (!take(*reply, read)) return unreadable(member);
        return std::move(read.value);
    }
    template <typename Value>
    static bool take(sdbus::Message& reply, Value& value) {
        try {
            reply >> value;
            return true;
        } catch (const sdbus::Error&) {
            return false;
        }
    }
    [[nodiscard]] Result<sdbus::MethodReply> send(const sdbus::MethodCall& call);
    [[nodiscard]] Error unreadable(const char* member) const;

    static constexpr std::size_t kMaxEntriesOfAnswer = 10'000'000;
    static constexpr std::size_t kMaxStringOfAnswer = 32 * 1024 * 1024;

    Bus& bus_;
    std::string service_;
    std::string path_;
    std::string interface_;
    std::unique_ptr<sdbus::IProxy> proxy_;
    std::vector<sdbus::Slot> matches_;
};

}  // namespace ntpopt::ctl

// Implementation of name_owner.hpp.
#include "daemon/io/bus/name_owner.hpp"

#include <fmt/format.h>
#include <sdbus-c++/Message.h>

#include "dbus/contract.hpp"

namespace ntpopt {

NameOwner::NameOwner(BusPump& pump, std::string name, OnChange on_change)
    : name_(std::move(name)),
      on_change_(std::move(on_change)),
      bus_(sdbus::createProxy(pump.connection(), contract::kBusName, contract::kBusPath)) {
    const auto rule =
        fmt::format("type='signal',sender='{}',path='{}',interface='{}',member='NameOwnerChanged',arg0='{}'",
                    contract::kBusName, contract::kBusPath, contract::kBusInterface, name_);
    match_ = pump.connection().addMatch(rule, [this](sdbus::Message& signal) {
        // sd-bus lets a signal from any unique name pass a match on a well-known sender; the bus itself always signs
        // with its own name, which nobody can forge.
        if (signal.getSender() != contract::kBusName) return;
        try {
            std::string changed;
            std::string before;
            std::string after;
            signal >> changed >> before >> after;
            if (changed != name_) return;
            followed_ = true;
            take(std::move(after));
        } catch (const sdbus::Error&) {
            // Only the bus can have sent it, and it does not send anything else.
        }
    });
    auto ask = bus_->createMethodCall(contract::kBusInterface, "GetNameOwner");
    ask << name_;
    bus_->callMethod(ask, [this](sdbus::MethodReply& reply, const sdbus::Error* error) {
        if (followed_) return;
        std::string owner;
        try {
            if (!error) reply >> owner;
        } catch (const sdbus::Error&) {
            owner.clear();
        }
        take(std::move(owner));
    });
    pump.kick();
}

NameOwner::~NameOwner() = default;

void NameOwner::take(std::string owner) {
    owner_ = std::move(owner);
    if (on_change_) on_change_(owner_);
}

}  // namespace ntpopt

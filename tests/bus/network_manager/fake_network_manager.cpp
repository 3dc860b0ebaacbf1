// Implementation of fake_network_manager.hpp.
#include "tests/bus/network_manager/fake_network_manager.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

namespace ntpopt::test {
namespace {

constexpr const char* kName = "org.freedesktop.NetworkManager";
constexpr const char* kPath = "/org/freedesktop/NetworkManager";

}  // namespace

FakeNetworkManager::FakeNetworkManager(Loop& loop, std::optional<FakeValue> active)
    : loop_(loop), active_(std::move(active)), manager_(sdbus::createObject(*connection_, kPath)) {
    pump_.emplace(loop.io, *connection_, [](const Error&) {});
    manager_->registerProperty(kName, "ActiveConnections", active_ ? active_->signature : "ao",
                               [this](sdbus::PropertyGetReply& reply) { tell_connections(reply); });
    manager_->finishRegistration();
    connection_->requestName(kName);
    pump_->kick();
}

void FakeNetworkManager::tell_connections(sdbus::PropertyGetReply& reply) {
    if (active_)
        active_->write(reply);
    else
        reply << connections_;
    if (falls_silent) boost::asio::post(loop_.io, [this] { pump_.reset(); });
}

FakeValue FakeNetworkManager::lease(const std::string& family, FakeValue options) {
    const auto path = fmt::format("{}/DHCP{}Config/{}", kPath, family, objects_.size());
    auto object = sdbus::createObject(*connection_, path);
    object->registerProperty(fmt::format("{}.DHCP{}Config", kName, family), "Options", options.signature,
                             [this, options](sdbus::PropertyGetReply& reply) {
                                 ++asked;
                                 options.write(reply);
                             });
    object->finishRegistration();
    objects_.push_back(std::move(object));
    pump_->kick();
    return FakeValue::of(sdbus::ObjectPath(path));
}

void FakeNetworkManager::connect(const FakeValue& dhcp4, const FakeValue& dhcp6) {
    const auto path = fmt::format("{}/ActiveConnection/{}", kPath, objects_.size());
    auto object = sdbus::createObject(*connection_, path);
    const auto interface = fmt::format("{}.Connection.Active", kName);
    object->registerProperty(interface, "Dhcp4Config", dhcp4.signature,
                             [dhcp4](sdbus::PropertyGetReply& reply) { dhcp4.write(reply); });
    object->registerProperty(interface, "Dhcp6Config", dhcp6.signature,
                             [dhcp6](sdbus::PropertyGetReply& reply) { dhcp6.write(reply); });
    object->finishRegistration();
    objects_.push_back(std::move(object));
    connections_.emplace_back(path);
    pump_->kick();
}

}  // namespace ntpopt::test

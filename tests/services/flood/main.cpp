// usage: flood CONNECTIONS CALLS. So many connections to the system bus call ntpoptd and the applier so often each,
// wrong calls and right ones in turn, without waiting for an answer in between. One connection in ten (none of fewer)
// dies when it has called. Prints how the others were answered as JSON: how often which error came, "answered" for
// none.
#include <fmt/format.h>
#include <poll.h>
#include <systemd/sd-bus.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "common/json.hpp"

namespace {

using ntpopt::Json;

constexpr std::uint64_t kPatience_usec = 60'000'000;
constexpr int kOneInDies = 10;

int check(int result, const char* what) {
    if (result < 0) throw std::system_error(-result, std::generic_category(), what);
    return result;
}

int on_answer(sd_bus_message* message, void* data, sd_bus_error*) {
    const auto* error = sd_bus_message_get_error(message);
    auto& counted = (*static_cast<Json*>(data))[error != nullptr ? error->name : "answered"];
    counted = counted.is_null() ? 1 : counted.get<int>() + 1;
    return 0;
}

struct Call {
    bool of_applier;
    const char* member;
    const char* types;  ///< "" for none, else of one string, one number or empty containers
};

constexpr std::array kCalls{
    Call{false, "GetStatus", ""},     Call{false, "Reoptimize", "s"},     Call{false, "Reoptimize", "a{sv}"},
    Call{false, "Explain", "s"},      Call{false, "SetInterval", "t"},    Call{false, "ListServers", ""},
    Call{false, "NoSuchMethod", "t"}, Call{true, "Apply", "aa{sv}a{sv}"}, Call{true, "Rollback", "a{sv}"},
    Call{false, "Rollback", "a{sv}"},
};

/// Hands the call to the bus; the answer is counted in `answers` when it comes.
void send(sd_bus* bus, const Call& call, const std::string& huge, Json& answers) {
    const auto* name = call.of_applier ? "org.ntpopt1.Applier" : "org.ntpopt1";
    const auto* path = call.of_applier ? "/org/ntpopt1/applier" : "/org/ntpopt1";
    const auto* interface = call.of_applier ? "org.ntpopt1.Applier" : "org.ntpopt1.Manager";
    sd_bus_message* message = nullptr;
    check(sd_bus_message_new_method_call(bus, &message, name, path, interface, call.member), "a message");
    const std::string types = call.types;
    int appended = 0;
    if (types == "s") appended = sd_bus_message_append(message, "s", huge.c_str());
    if (types == "t") appended = sd_bus_message_append(message, "t", UINT64_MAX);
    if (types == "a{sv}") appended = sd_bus_message_append(message, "a{sv}", 0);
    if (types == "aa{sv}a{sv}") appended = sd_bus_message_append(message, "aa{sv}a{sv}", 0, 0);
    check(appended, "arguments");
    check(sd_bus_call_async(bus, nullptr, message, on_answer, &answers, kPatience_usec), "a call");
    sd_bus_message_unref(message);
}

int sum_of(const Json& answers) {
    int sum = 0;
    for (const auto& count : answers)
        sum += count.get<int>();
    return sum;
}

Json flood(int connections, int calls) {
    std::vector<sd_bus*> callers(static_cast<std::size_t>(connections));
    for (auto& bus : callers) {
        const char* name = nullptr;
        check(sd_bus_open_system(&bus), "the bus");
        check(sd_bus_get_unique_name(bus, &name), "a name on the bus");  // connected: what is sent now goes at once
    }
    Json answers = Json::object();
    const std::string huge(100'000, 'x');
    for (int i = 0; i < calls; ++i)
        for (std::size_t j = 0; j < callers.size(); ++j)
            send(callers[j], kCalls.at((static_cast<std::size_t>(i) + j) % kCalls.size()), huge, answers);
    for (int i = 0; i < connections / kOneInDies; ++i) {
        sd_bus_close_unref(callers.back());  // what it had no room for is lost
        callers.pop_back();
    }
    const int expected = static_cast<int>(callers.size()) * calls;
    while (sum_of(answers) < expected) {
        std::vector<pollfd> polled;
        for (auto* bus : callers) {
            while (check(sd_bus_process(bus, nullptr), "an answer") > 0) {
            }
            polled.push_back({sd_bus_get_fd(bus), static_cast<short>(check(sd_bus_get_events(bus), "events")), 0});
        }
        if (sum_of(answers) < expected) check(poll(polled.data(), polled.size(), 1000), "poll");
    }
    for (auto* bus : callers)
        sd_bus_close_unref(bus);
    return answers;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 3) throw std::invalid_argument("usage: flood CONNECTIONS CALLS");
        std::puts(ntpopt::render_json(flood(std::stoi(argv[1]), std::stoi(argv[2]))).c_str());
        return 0;
    } catch (const std::exception& e) {
        fmt::print(stderr, "flood: {}\n", e.what());
        return 1;
    }
}

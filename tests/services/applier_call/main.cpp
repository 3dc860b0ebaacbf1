// usage: applier_call observe | plan SERVERS | apply SERVERS [OPTIONS] | rollback [OPTIONS] | reconverge | transaction
// ID | storm COUNT SERVERS SERVERS. SERVERS and OPTIONS are JSON. `storm` calls Apply (with either servers), Reconverge
// and Rollback in turn and counts the answers by name. Prints the answer as JSON; a failure is its bus name and text on
// stderr, exit status 1.
#include <fmt/format.h>
#include <sdbus-c++/sdbus-c++.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "dbus/contract.hpp"
#include "dbus/wire.hpp"

namespace {

using namespace ntpopt;

Json parse(const std::vector<std::string>& words, std::size_t index, const char* fallback) {
    std::string text = words.size() > index ? words[index] : fallback;
    if (text == "-") text.assign(std::istreambuf_iterator<char>(std::cin), {});
    auto json = parse_json(text);
    if (!json) throw std::runtime_error(json.error().detail);
    return *json;
}

std::string answer_of(sdbus::IProxy& proxy, sdbus::MethodCall& message) {
    try {
        proxy.callMethod(message);
        return "begun";
    } catch (const sdbus::Error& e) {
        return e.getName();
    }
}

Json storm(sdbus::IProxy& proxy, int count, const Json& first, const Json& second) {
    Json answers = Json::object();
    for (int i = 0; i < count; ++i) {
        static constexpr const char* kMembers[] = {"Apply", "Reconverge", "Rollback", "Apply"};
        auto message = proxy.createMethodCall(contract::kApplierInterface, kMembers[i % 4]);
        if (i % 4 == 0) message << wire::Rows(first) << wire::Dict(Json{{"by_hand", true}});
        if (i % 4 == 3) message << wire::Rows(second) << wire::Dict(Json{{"by_hand", true}});
        if (i % 4 == 1) message << wire::Dict(Json::object());
        if (i % 4 == 2) message << wire::Dict(Json{{"original", i % 8 == 2}});
        auto& counted = answers[answer_of(proxy, message)];
        counted = counted.is_null() ? 1 : counted.get<int>() + 1;
    }
    return answers;
}

Json ask(const std::vector<std::string>& words) {
    auto connection = sdbus::createSystemBusConnection();
    auto proxy = sdbus::createProxy(*connection, contract::kApplierName, contract::kApplierPath);
    const auto call = [&](const char* member) { return proxy->createMethodCall(contract::kApplierInterface, member); };
    const std::string& verb = words.at(0);
    if (verb == "storm") return storm(*proxy, std::stoi(words.at(1)), parse(words, 2, "[]"), parse(words, 3, "[]"));
    sdbus::MethodCall message;
    if (verb == "observe") {
        message = call("Observe");
    } else if (verb == "plan" || verb == "apply") {
        message = call(verb == "plan" ? "Plan" : "Apply");
        message << wire::Rows(parse(words, 1, "[]")) << wire::Dict(parse(words, 2, "{}"));
    } else if (verb == "rollback") {
        message = call("Rollback");
        message << wire::Dict(parse(words, 1, "{}"));
    } else if (verb == "reconverge") {
        message = call("Reconverge");
        message << wire::Dict(parse(words, 1, "{}"));
    } else {
        message = call("GetTransaction");
        message << static_cast<std::uint64_t>(std::stoull(words.at(1)));
    }
    auto reply = proxy->callMethod(message);
    if (verb == "apply" || verb == "rollback" || verb == "reconverge") {
        std::uint64_t number = 0;
        reply >> number;
        return number;
    }
    wire::Dict answer;
    reply >> answer;
    return answer.value;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::puts(render_json(ask({argv + 1, argv + argc})).c_str());
        return 0;
    } catch (const sdbus::Error& e) {
        fmt::print(stderr, "{}: {}\n", e.getName(), e.getMessage());
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
    }
    return 1;
}

// usage: applier_call observe | plan SERVERS | apply SERVERS [OPTIONS] | rollback [OPTIONS] | reconverge | transaction
// ID SERVERS and OPTIONS are JSON. Prints the answer as JSON; a failure is its bus name and text on stderr, exit
// status 1.
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

Json ask(const std::vector<std::string>& words) {
    auto connection = sdbus::createSystemBusConnection();
    auto proxy = sdbus::createProxy(*connection, contract::kApplierName, contract::kApplierPath);
    const auto call = [&](const char* member) { return proxy->createMethodCall(contract::kApplierInterface, member); };
    const std::string& verb = words.at(0);
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

// What the daemon says of itself is what the XML says: members, types, names, directions, how properties are told.
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/bus/face/face_fixture.hpp"

namespace ntpopt {
namespace {

using namespace std::chrono_literals;
using test::Face;

/// The interface as one line a fact, from XML of either origin. The dialect is ours and sd-bus's: no general XML
/// reader.
std::vector<std::string> facts(std::string xml, const std::string& interface) {
    xml = std::regex_replace(xml, std::regex("<!--[^]*?-->"), "");
    const auto begin = xml.find("<interface name=\"" + interface + "\"");
    xml = xml.substr(begin, xml.find("</interface>", begin) - begin);
    std::vector<std::string> found;
    std::string member;
    const std::regex tag(R"(<(method|signal|property|arg|annotation)\s([^>]*?)/?>)");
    const std::regex attribute(R"re((\w+)="([^"]*)")re");
    for (std::sregex_iterator it(xml.begin(), xml.end(), tag), end; it != end; ++it) {
        std::map<std::string, std::string> values;
        const auto text = (*it)[2].str();
        for (std::sregex_iterator a(text.begin(), text.end(), attribute); a != end; ++a)
            values[(*a)[1]] = (*a)[2];
        const auto kind = (*it)[1].str();
        if (kind == "annotation") {
            if (values["name"] == "org.freedesktop.DBus.Property.EmitsChangedSignal")
                found.push_back(member + " emits " + values["value"]);
        } else if (kind == "arg") {
            found.push_back(member + " " + values["direction"] + " " + values["name"] + " " + values["type"]);
        } else {
            member = kind + " " + values["name"];
            found.push_back(member + " " + values["type"] + values["access"]);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

TEST_F(Face, IntrospectionEqualsTheXml) {
    std::ifstream file(std::string(NTPOPT_CONTRACT) + "/org.ntpopt1.Manager.xml");
    std::stringstream text;
    text << file.rdbuf();
    const auto written = facts(text.str(), contract::kManagerInterface);
    auto message = manager.message("org.freedesktop.DBus.Introspectable", "Introspect");
    const auto answered = loop.run(manager.call_for<std::string>(std::move(message), 10s)).value();
    EXPECT_GT(written.size(), 50U);
    EXPECT_EQ(facts(answered, contract::kManagerInterface), written);
}

}  // namespace
}  // namespace ntpopt

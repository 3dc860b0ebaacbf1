// What stands in the entries of each kind, and that nothing that a service says of itself can keep one from being
// written.
#include "daemon/core/evidence/facts.hpp"

#include <gmock/gmock.h>

#include <limits>

namespace ntpopt {
namespace {

ServiceObservation sample_observation() {
    ServiceObservation seen;
    seen.service = Service::chronyd;
    seen.unit = "chrony.service";
    seen.synchronised = true;
    seen.peer = "ntp2.example";
    seen.offset_s = -0.000'012'3;
    seen.root_delay_s = 0.02;
    seen.root_dispersion_s = 0.001;
    for (const auto* name : {"ntp2.example", "pool.example", "pool.example", "ntp1.example"}) {
        ServiceSource source;
        source.name = name;
        source.ours = source.name != "pool.example";
        seen.sources.push_back(source);
    }
    return seen;
}

std::string body_of(const EvidenceFact& fact) {
    return chain({}, fact).value().body;
}

TEST(EvidenceFacts, SayWhatHappenedInWholeNumbers) {
    const auto seen = sample_observation();
    EXPECT_EQ(body_of(clock_fact(seen, std::chrono::seconds(3), 0.011'057'3)),
              R"({"age_usec":3000000,"bound_ns":11057300,"offset_ns":-12300,"peer":"ntp2.example",)"
              R"("root_delay_ns":20000000,"root_dispersion_ns":1000000,"service":"chronyd","synchronised":true})");
    EXPECT_EQ(body_of(sources_fact("elsewhere", seen)),
              R"({"in_all":3,"ours":["ntp1.example","ntp2.example"],"servers":["ntp1.example","ntp2.example",)"
              R"("pool.example"],"service":"chronyd","unit":"chrony.service","why":"elsewhere"})");
    Operation operation{1000, "Blacklist", Json{{"server", "ntp1.example"}, {"for_usec", 5}}, "", 0};
    EXPECT_EQ(body_of(operation_fact(operation)),
              R"({"arguments":{"for_usec":5,"server":"ntp1.example"},"method":"Blacklist","refused":null,"run_id":0,)"
              R"("uid":1000})");
    ConfigurationDigest digest{sha256_hex("s"), {{"/etc/ntpopt/ntpopt.toml", sha256_hex("f")}}};
    const auto configuration = parse_json(body_of(configuration_fact("start", digest, "0.3"))).value();
    EXPECT_EQ(get_string(configuration, "settings_sha256"), sha256_hex("s"));
    EXPECT_EQ(get_array(configuration, "files")[0].dump(),
              R"({"path":"/etc/ntpopt/ntpopt.toml","sha256":")" + sha256_hex("f") + "\"}");
    TransactionReport report;
    report.id = 7;
    report.kind = "apply";
    report.state = TransactionState::rolled_back;
    report.reason = "no answer";
    report.selected = {"a"};
    EXPECT_EQ(body_of(changed_fact(report)),
              R"({"kind":"apply","peer":"","previous":[],"reason":"no answer","selected":["a"],)"
              R"("state":"rolled_back","transaction":7})");
    EXPECT_EQ(body_of(requested_fact("rollback", Json{{"original", true}})), R"({"kind":"rollback","original":true})");
}

TEST(EvidenceFacts, NothingThatAServiceSaysKeepsThemFromBeingWritten) {
    auto wild = sample_observation();
    wild.offset_s = std::numeric_limits<double>::infinity();
    wild.root_delay_s = 1e300;
    wild.peer = "\xff\n";
    for (int i = 0; i < 1000; ++i) {
        ServiceSource source;
        source.name = std::to_string(i) + std::string(300, 'x');
        source.ours = true;
        wild.sources.push_back(source);
    }
    EXPECT_TRUE(chain({}, clock_fact(wild, Duration::max(), std::numeric_limits<double>::quiet_NaN())));
    const std::string endless(1 << 20, 'x');
    EXPECT_TRUE(chain({}, operation_fact({0, "Reload", Json::object(), endless, 0})));
    EXPECT_TRUE(chain({}, failed_fact("apply", Error{Errc::timeout, endless})));
    EXPECT_TRUE(chain({}, recovery_fact(Json{{"reason", endless}})));
    EXPECT_TRUE(chain({}, sources_fact("start", wild))) << "24 names of 256 bytes twice, and how many there are";
}

TEST(EvidenceFacts, AServiceThatFollowsNobodyHasNoFigures) {
    auto lost = sample_observation();
    lost.synchronised = false;
    EXPECT_EQ(body_of(clock_fact(lost, Duration{}, std::nullopt)),
              R"({"age_usec":0,"bound_ns":null,"offset_ns":null,"peer":"ntp2.example","root_delay_ns":null,)"
              R"("root_dispersion_ns":null,"service":"chronyd","synchronised":false})");
}

}  // namespace
}  // namespace ntpopt

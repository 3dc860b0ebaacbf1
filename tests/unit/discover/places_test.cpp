// What the machine's surroundings offer: SRV records, clouds, hypervisors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/core/discover/platform.hpp"
#include "daemon/core/discover/srv.hpp"

namespace ntpopt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<Candidate>& candidates) {
    std::vector<std::string> out;
    for (const auto& candidate : candidates)
        out.push_back(candidate.endpoint.text() + ' ' + std::string(name_of(candidate.timescale)));
    return out;
}

TEST(SrvRecords, CountByPriorityThenWeight) {
    EXPECT_THAT(names(srv_candidates({{20, 0, 123, "c.example"},
                                      {10, 1, 123, "b.example"},
                                      {10, 9, 1123, "A.Example."},
                                      {10, 1, 123, "b.example"}})),
                ElementsAre("a.example:1123 unknown", "b.example unknown", "c.example unknown"));
}

TEST(SrvRecords, ThatNameNoServerArePassedOver) {
    EXPECT_THAT(
        names(srv_candidates(
            {{0, 0, 123, "."}, {0, 0, 123, ""}, {0, 0, 0, "a.example"}, {0, 0, 123, "a b"}, {0, 0, 123, "192.0.2.1"}})),
        IsEmpty());
    EXPECT_EQ(srv_candidates(std::vector<SrvRecord>(200, SrvRecord{0, 0, 123, "a.example"})).size(), 1U);
}

TEST(SearchDomains, AreTheLastLines) {
    const auto texts = [](std::string_view conf) {
        std::vector<std::string> out;
        for (const auto& domain : parse_search_domains(conf))
            out.push_back(domain.text());
        return out;
    };
    EXPECT_THAT(texts("domain old.example\nnameserver 192.0.2.1\nsearch a.example B.example. bad..name\n"),
                ElementsAre("a.example", "b.example"));
    EXPECT_THAT(texts("search .\n"), IsEmpty());
    EXPECT_THAT(texts("#search a.example\n"), IsEmpty());
    EXPECT_THAT(texts("search a.x A.x. b.x a.x\n"), ElementsAre("a.x", "b.x")) << "nobody is asked twice";
    EXPECT_EQ(texts("search a.x b.x c.x d.x e.x f.x g.x h.x").size(), 6U);
}

TEST(Platform, IsRecognisedByFirmwareAlone) {
    struct Row {
        PlatformFacts facts;
        const char* cloud;
        std::vector<std::string> servers;
    };
    const std::vector<std::string> amazon{"169.254.169.123 smear-24h", "fd00:ec2::123 smear-24h"};
    const Row table[] = {
        {{.sys_vendor = "Amazon EC2", .product_name = "t3.micro", .bios_vendor = "Amazon EC2"}, "Amazon EC2", amazon},
        {{.sys_vendor = "Xen", .product_name = "HVM domU", .bios_vendor = "Xen", .bios_version = "4.11.amazon"},
         "Amazon EC2",
         amazon},
        {{.sys_vendor = "Google", .product_name = "Google Compute Engine"},
         "Google Compute Engine",
         {"metadata.google.internal smear-24h"}},
        {{.sys_vendor = "Google", .product_name = "Eve"}, "", {}},  // a notebook
        {{.sys_vendor = "Microsoft Corporation",
          .product_name = "Virtual Machine",
          .chassis_asset_tag = "7783-7084-3265-9085-8269-3286-77"},
         "Microsoft Azure",
         {}},
        {{.sys_vendor = "Microsoft Corporation", .product_name = "Virtual Machine", .chassis_asset_tag = "1234"},
         "",
         {}},  // Hyper-V at home
        {{.sys_vendor = "QEMU", .product_name = "Standard PC (Q35 + ICH9, 2009)"}, "", {}},
        {{}, "", {}},
    };
    for (const auto& [facts, cloud, servers] : table) {
        const auto found = recognise_platform(facts);
        EXPECT_EQ(found.cloud, cloud) << facts.product_name;
        EXPECT_EQ(names(found.candidates), servers) << facts.product_name;
        for (const auto& candidate : found.candidates) {
            EXPECT_TRUE(candidate.regional) << "nothing is nearer";
            EXPECT_EQ(candidate.source, CandidateSource::cloud);
        }
    }
}

TEST(Platform, NamesTheHostsClocksAndNoNetworkCards) {
    PlatformFacts facts;
    facts.ptp_clocks = {{"/dev/ptp0", "igb"}, {"/dev/ptp1", "KVM virtual PTP"}, {"/dev/ptp2", "hyperv"}};
    const auto found = recognise_platform(facts);
    EXPECT_THAT(found.candidates, IsEmpty());
    EXPECT_THAT(found.clocks,
                ElementsAre("/dev/ptp1 is the clock of the KVM host, to be used as a reference clock",
                            "/dev/ptp2 is the clock of the Hyper-V host, to be used as a reference clock"));
}

}  // namespace
}  // namespace ntpopt

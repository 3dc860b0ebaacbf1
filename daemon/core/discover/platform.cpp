// Implementation of platform.hpp.
#include "daemon/core/discover/platform.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {
namespace {

// The asset tag that every machine of Azure has, and none of a Hyper-V elsewhere.
constexpr std::string_view kAzureTag = "7783-7084-3265-9085-8269-3286-77";
constexpr std::size_t kMaxClocks = 4;

bool is_amazon(const PlatformFacts& facts) {
    // Nitro names itself as vendor; the older machines on Xen only in the firmware's version ("4.11.amazon").
    return facts.sys_vendor == "Amazon EC2" || facts.bios_vendor == "Amazon EC2" ||
           to_lower(facts.bios_version).find("amazon") != std::string::npos;
}

Candidate server(std::string_view host, std::string_view operator_name) {
    Candidate candidate{.endpoint = {Host::parse(host).value()}, .source = CandidateSource::cloud};
    candidate.operator_name = operator_name;
    candidate.regional = true;  // in the same building
    candidate.timescale = Timescale::smear_24h;
    return candidate;
}

/// What a clock of the host is called, empty for a network card's.
std::string_view host_clock(std::string_view driver) {
    if (driver == "KVM virtual PTP") return "clock of the KVM host";
    if (driver == "hyperv") return "clock of the Hyper-V host";
    return {};
}

}  // namespace

Platform recognise_platform(const PlatformFacts& facts) {
    Platform out;
    if (is_amazon(facts)) {
        out.cloud = "Amazon EC2";
        out.candidates = {server("169.254.169.123", "Amazon"), server("fd00:ec2::123", "Amazon")};
    } else if (facts.product_name == "Google Compute Engine") {
        out.cloud = "Google Compute Engine";
        out.candidates = {server("metadata.google.internal", "Google")};
    } else if (facts.chassis_asset_tag == kAzureTag) {
        out.cloud = "Microsoft Azure";
    }
    for (const auto& clock : facts.ptp_clocks) {
        const auto kind = host_clock(clock.name);
        if (!kind.empty() && out.clocks.size() < kMaxClocks)
            out.clocks.push_back(
                fmt::format("{} is the {}, to be used as a reference clock", printable(clock.device, 40), kind));
    }
    return out;
}

}  // namespace ntpopt

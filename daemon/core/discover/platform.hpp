// In whose cloud, and on which hypervisor, this machine runs, by what its firmware and kernel say: the time service of
// the place is nearer than any public server. Nothing is asked over the network to find out.
#pragma once

#include <string>
#include <vector>

#include "daemon/core/discover/candidate.hpp"

namespace ntpopt {

/// Texts of /sys/class/dmi/id and the like, empty where a machine has none; and its PTP clocks.
struct PlatformFacts {
    struct PtpClock {
        std::string device;  ///< "/dev/ptp0"
        std::string name;    ///< the driver's: "KVM virtual PTP"
    };
    std::string sys_vendor{};
    std::string product_name{};
    std::string bios_vendor{};
    std::string bios_version{};
    std::string chassis_asset_tag{};
    std::vector<PtpClock> ptp_clocks{};
};

struct Platform {
    std::string cloud{};                  ///< "Amazon EC2", "Google Compute Engine", "Microsoft Azure", or empty
    std::vector<Candidate> candidates{};  ///< the time servers of the place, with their timescale class
    std::vector<std::string> clocks{};    ///< clocks of the host that are no servers, in words for the report
};

/// Amazon's server at 169.254.169.123 (on machines with IPv6 fd00:ec2::123 too) and Google's
/// metadata.google.internal smear leap seconds over 24 h. Azure and KVM have no server but a clock of the host, which
/// an NTP service can use as a reference clock; it is named, never offered as a server.
[[nodiscard]] Platform recognise_platform(const PlatformFacts& facts);

}  // namespace ntpopt

// What systemd-timesyncd says of itself on the bus (org.freedesktop.timesync1), as values. Nothing is judged here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/host.hpp"

namespace ntpopt {

/// The last answer that timesyncd took from a server. It stays as it is when the server is given up or replaced, and
/// does not say whose it is. Times are microseconds since 1970.
struct TimesyncdMessage {
    int leap = 3;  ///< RFC 5905 figure 9
    int stratum = 0;
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    std::uint64_t origin_usec = 0;       ///< T1: when timesyncd asked, by the local clock
    std::uint64_t receive_usec = 0;      ///< T2
    std::uint64_t transmit_usec = 0;     ///< T3
    std::uint64_t destination_usec = 0;  ///< T4: when the answer came, by the local clock; 0: there was none yet
    bool spike = false;                  ///< timesyncd did not use it
    std::uint64_t packet_count = 0;      ///< answers taken since timesyncd started
    double jitter_s = 0;

    /// ((T2 - T1) + (T3 - T4)) / 2 (RFC 5905 8): what the server is ahead of the local clock.
    [[nodiscard]] double offset_s() const;
    /// (T4 - T1) - (T3 - T2) (RFC 5905 8), never negative.
    [[nodiscard]] double delay_s() const;
    /// The root dispersion, with what the answers jitter by, grown by 15e-6 (PHI, RFC 5905 7.2) of the time since the
    /// last one; timesyncd's own figure stays as it was.
    [[nodiscard]] double dispersion_s(std::uint64_t now_usec) const;
};

struct TimesyncdStatus {
    bool live = false;                  ///< the list can be set while it runs (systemd 251 and later)
    std::vector<std::string> runtime;   ///< set while it runs; takes the place of `system` where it is not empty
    std::vector<std::string> system;    ///< from the configuration files, as they were when it started
    std::vector<std::string> link;      ///< from DHCP, by way of systemd-networkd; used when the others are exhausted
    std::vector<std::string> fallback;  ///< used where all others are empty
    std::string server_name;            ///< whom it asks now, as configured; empty: nobody
    std::optional<Address> server_address;
    std::uint64_t poll_usec = 0;
    TimesyncdMessage message;

    /// Whom it asks, in order, before any server of a link.
    [[nodiscard]] const std::vector<std::string>& listed() const { return runtime.empty() ? system : runtime; }
    /// Whom it would ask at all, in order.
    [[nodiscard]] std::vector<std::string> followed() const;
};

/// Whether the last answer is sound, and so young that timesyncd can't have missed the next one long ago. A spike
/// counts: timesyncd sets one aside only where it agrees with the clock within its round trip.
[[nodiscard]] bool is_synchronised(const TimesyncdStatus& status, std::uint64_t now_usec);

}  // namespace ntpopt

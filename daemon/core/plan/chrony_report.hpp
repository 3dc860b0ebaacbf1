// Reads what chronyc reports as CSV (-c): the sources and the tracking state. Nothing is judged here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

/// One line of `chronyc -c sources -a`.
struct ChronySource {
    char mode = '^';  ///< '^' server, '=' peer, '#' reference clock
    char state =
        '?';         ///< '*' selected, '+' combined, '-' not combined, 'x' falseticker, '~' too variable, '?' unusable
    std::string id;  ///< what chronyc commands take: an address, or "ID#0000000001" while a name is unresolved
    std::string name;  ///< as configured; a pool's members carry the pool's name
    std::optional<Address> address;
    int stratum = 0;
    int poll = 0;
    int reach = 0;
    std::optional<std::uint32_t> last_rx_s;  ///< age of the last good sample; nothing: never
    double offset_s = 0;                     ///< of the last sample, adjusted for what was slewed since
    double error_s = 0;                      ///< bound of the last sample's error
    bool authenticated = false;              ///< by NTS or a key, where chronyc could tell

    /// Passed chronyd's own selection: it can be followed.
    [[nodiscard]] bool selectable() const { return reach != 0 && (state == '*' || state == '+' || state == '-'); }
    [[nodiscard]] bool is_refclock() const { return mode == '#'; }
    [[nodiscard]] bool is_unresolved() const { return !address && !is_refclock(); }
};

/// One line of `chronyc -c sourcestats -a`.
struct ChronyStatistics {
    std::string id;   ///< as of ChronySource
    int samples = 0;  ///< NP, kept for the regression; 0: the rest means nothing
    int runs = 0;     ///< NR
    double span_s = 0;
    double offset_s = 0;  ///< what the source is ahead, as the regression has it
    double deviation_s = 0;
};

struct ChronyTracking {
    std::string reference;  ///< name or address of the reference, as shown
    std::optional<Address> address;
    int stratum = 0;
    double reference_time_s = 0;  ///< since 1970: when the reference last updated the clock
    double offset_s = 0;          ///< of the system clock to the reference
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    int leap = 3;  ///< RFC 5905 figure 9; 3: not synchronised
};

/// Parses `chronyc -c -n sources -a` together with `chronyc -c -N sources -a`. The two are separate calls: where they
/// do not show the same sources in the same order the answer is Errc::unavailable, and asking again helps.
[[nodiscard]] Result<std::vector<ChronySource>> parse_chrony_sources(std::string_view numeric, std::string_view named);

/// Parses `chronyc -c -n sourcestats -a`.
[[nodiscard]] Result<std::vector<ChronyStatistics>> parse_chrony_statistics(std::string_view text);

/// Parses `chronyc -c -n authdata -a`: the ids of the sources that NTS or a symmetric key authenticates.
[[nodiscard]] Result<std::vector<std::string>> parse_chrony_authenticated(std::string_view text);

/// Parses `chronyc -c -n tracking`.
[[nodiscard]] Result<ChronyTracking> parse_chrony_tracking(std::string_view text);

/// What a source's state letter means, in the words of ServiceSource::state.
[[nodiscard]] std::string_view describe_state(const ChronySource& source);

}  // namespace ntpopt

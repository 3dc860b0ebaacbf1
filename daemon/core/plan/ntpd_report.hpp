// What ntpd tells about itself in mode 6 variables, as values: the system and its associations. Judges nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"
#include "common/host.hpp"
#include "daemon/core/ntp/control.hpp"
#include "daemon/core/ntp/timestamp.hpp"

namespace ntpopt {

/// What to ask for; ntpd answers with what it knows of.
inline constexpr std::string_view kNtpdSystemVariables =
    "leap,stratum,rootdelay,rootdisp,refid,reftime,peer,peeradr,offset,frequency";
inline constexpr std::string_view kNtpdPeerVariables =
    "srcadr,srchost,leap,stratum,reach,offset,delay,dispersion,jitter,rootdelay,rootdisp,rec";

/// The whole daemon. Without a system peer: leap 3, stratum 16, refid INIT, no peer.
struct NtpdSystem {
    int leap = 3;  ///< RFC 5905 figure 9
    int stratum = 16;
    std::string refid;
    NtpTime reference_time;         ///< of the last update of the clock; unknown: never
    std::uint16_t peer = 0;         ///< association of the system peer, 0: none
    std::optional<Address> address;  ///< of the system peer
    double offset_s = 0;
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    double frequency_ppm = 0;  ///< what it corrects of the oscillator

    /// It follows somebody now. The status word's "source" field says nothing on ntpsec: it stays 0.
    [[nodiscard]] bool synchronised() const { return leap != 3 && stratum > 0 && stratum < 16 && peer != 0; }
};

/// One association.
struct NtpdAssociation {
    AssociationStatus status;
    std::string name;                ///< as configured; empty for members of a pool, and for addresses on ntpsec
    std::optional<Address> address;  ///< nothing: not resolved yet, and for a pool itself
    int leap = 3;
    int stratum = 16;
    int reach = 0;
    double offset_s = 0;
    double delay_s = 0;
    double dispersion_s = 16;
    std::optional<double> jitter_s;  ///< of the samples in the clock filter
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    NtpTime received;  ///< when the last answer came

    /// What ntpd calls it for people: its name, else its address.
    [[nodiscard]] std::string text() const;
    /// The pool itself, or a name without an address: nobody can be followed there.
    [[nodiscard]] bool is_unresolved() const { return !address; }
    /// It answers, and tells a time.
    [[nodiscard]] bool answers() const { return reach != 0 && stratum > 0 && stratum < 16 && leap != 3; }
};

/// Everything at one time.
struct NtpdState {
    NtpdSystem system;
    std::vector<NtpdAssociation> associations;

    [[nodiscard]] const NtpdAssociation* peer() const;
};

/// The answer to kNtpdSystemVariables. What is missing stays at its default; numbers that are none are Errc::parse.
[[nodiscard]] Result<NtpdSystem> parse_ntpd_system(std::string_view text);

/// The answer to kNtpdPeerVariables.
[[nodiscard]] Result<NtpdAssociation> parse_ntpd_association(AssociationStatus status, std::string_view text);

/// What an association's state is called, in the words of ServiceSource::state.
[[nodiscard]] std::string_view describe_state(const NtpdAssociation& association);

}  // namespace ntpopt

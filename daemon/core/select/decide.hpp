// The decision: this round's observations and what is remembered go in, a set of servers with a verdict for everybody
// comes out (docs/selection.md). Pure; the same code decides live, in a dry run, in a replay and in the laboratory.
#pragma once

#include <optional>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/select/decision.hpp"
#include "daemon/core/select/state.hpp"

namespace ntpopt {

/// A server or pool that the NTP service uses today, by the name in its configuration.
struct CurrentSource {
    Endpoint endpoint;
    bool pool = false;
    Timescale timescale = Timescale::unknown;
};

struct DecisionContext {
    double time_s = 0;  ///< now, seconds since 1970
    /// What the service uses today and a change would replace. It stands in for incumbents until there are some of
    /// ours.
    std::vector<CurrentSource> current;
    /// What the service keeps whatever is chosen (policy "augment", DHCP): the class rule holds over these too.
    std::vector<CurrentSource> kept;
    bool synchronised = false;           ///< the service follows somebody today
    bool pools = true;                   ///< the service has a directive for pools
    bool multi_source = true;            ///< the service follows several sources at once
    bool ports = true;                   ///< a source may have a port other than 123
    bool serves_others = false;          ///< other machines take the time from this one
    bool leap_window = false;            ///< a leap second is due within 24 h or was within the last 24 h
    std::vector<Address> own_addresses;  ///< of this machine, to recognise servers that follow us
};

struct DecisionResult {
    Decision decision;
    SelectionState next;  ///< hand it to commit() once it is known whether the decision was applied
};

/// Decides. Doubt keeps what is used today; the set is never empty while there are incumbents. The observations include
/// the incumbents of `state`: one that is missing counts as silent.
[[nodiscard]] DecisionResult decide(const std::vector<Observation>& observations, const SelectionState& state,
                                    const SelectionConfig& config, const DecisionContext& context);

/// Figures of one name, taken as given instead of as measured. Jitter and error in milliseconds, reachability in
/// percent.
struct Supposition {
    Endpoint endpoint;
    std::optional<double> jitter_ms{};
    std::optional<double> error_ms{};
    std::optional<double> reachability{};
    std::optional<int> stratum{};
};

/// The same decision had one server been different; what `explain` asks to find out what would have to change.
[[nodiscard]] DecisionResult decide_supposing(const std::vector<Observation>& observations, const SelectionState& state,
                                              const SelectionConfig& config, const DecisionContext& context,
                                              const Supposition& supposition);

}  // namespace ntpopt

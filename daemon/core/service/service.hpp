// What the daemon and the applier tell each other about the machine's NTP service, as values, with their wire form
// (the keys of org.ntpopt1.Applier). Reading treats the other side as hostile: bounded and validated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/host.hpp"
#include "common/json.hpp"
#include "daemon/core/evidence/entry.hpp"
#include "daemon/core/select/decision.hpp"
#include "daemon/core/service/source_record.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// At most so many servers are taken in one request; a client never needs more (RFC 8633 3.2 speaks of four).
inline constexpr std::size_t kMaxChoices = 16;

/// A source that the NTP service uses now.
struct ServiceSource {
    std::string name;  ///< as configured: host name or address
    std::optional<Address> address;
    std::uint16_t port = kNtpPort;
    bool pool = false;   ///< member of a pool; `name` is the pool's
    bool ours = false;   ///< from the configuration that we wrote
    std::string origin;  ///< "base", "dhcp", "ours" or "refclock"
    std::string state;   ///< "selected", "candidate", "falseticker", "unreachable", ...
    int stratum = 0;
    int reach = 0;  ///< 8-bit register
    std::optional<double> offset_s;
    std::optional<SourceRecord> record{};
    friend bool operator==(const ServiceSource&, const ServiceSource&) = default;
};

struct ServiceCapabilities {
    bool live_change = false;        ///< a change needs no restart
    bool make_before_break = false;  ///< new sources are proven before the old ones go
    bool multi_source = false;
    bool ports = false;  ///< a source may have a port other than 123
    bool pools = false;
    int min_sources = 1;
    friend bool operator==(const ServiceCapabilities&, const ServiceCapabilities&) = default;
};

/// A configuration that a roll-back can return to.
struct KeptSet {
    std::uint64_t transaction = 0;  ///< 0: none of ours
    std::uint64_t committed_usec = 0;
    std::vector<std::string> selected;
    bool original = false;  ///< the service's own configuration
    friend bool operator==(const KeptSet&, const KeptSet&) = default;
};

/// Reality as the applier sees it.
struct ServiceObservation {
    Service service = Service::none;
    std::string unit;
    std::string version;
    bool active = false;
    std::string config_path;
    std::string instance;       ///< changes whenever the service was restarted (PID and start time)
    std::string invocation;     ///< systemd's InvocationID, "" where it is not known
    std::int64_t main_pid = 0;  ///< 0: not known
    std::vector<ServiceSource> sources;
    std::vector<std::string> base_names;  ///< server and pool names of the service's own configuration
    bool synchronised = false;
    std::string peer;  ///< name of the selected source
    double offset_s = 0;
    double root_delay_s = 0;
    double root_dispersion_s = 0;
    std::uint64_t reference_time_usec = 0;
    int leap = 3;
    double step_limit_s = 0;  ///< configured to step the clock, or to end, from here on; 0: at nothing below the usual.
                              ///< For the gates of who looked; not on the wire
    std::string leap_source;  ///< by which the service inserts leap seconds by itself, as configured
    bool serves_others = false;         ///< other machines may ask it for the time
    bool drifted = false;               ///< reality is not what was committed
    bool paused = false;                ///< rolled back by hand: nothing is applied until asked for
    std::optional<int> changes_left;    ///< how many the limit of changes a day still allows
    std::vector<std::string> refusals;  ///< why nothing can be changed, each a sentence
    bool conflict = false;              ///< the first of them: another program sets the clock, or manages the service
    ServiceCapabilities capabilities;
    std::vector<KeptSet> kept;  ///< newest first
    EvidenceMark evidence;      ///< what the applier was told last of the daemon's evidence
};

/// A change of the machine, as far as it came.
struct TransactionReport {
    std::uint64_t id = 0;
    TransactionState state = TransactionState::committed;
    std::string kind;          ///< "apply", "rollback", "reconverge" or "recover"
    std::string reason;        ///< why it was undone or refused; empty otherwise
    std::string peer;          ///< whom the service follows after verification
    bool interrupted = false;  ///< undone since its process ended, which says nothing of its servers
    std::vector<std::string> selected;
    std::vector<std::string> previous;
    std::uint64_t started_usec = 0;
    std::uint64_t ended_usec = 0;
    EvidenceMark evidence;  ///< how far the daemon's evidence went when it asked for this
};

[[nodiscard]] Json to_json(const Choice& choice);
[[nodiscard]] Json to_json(const KeptSet& kept);
[[nodiscard]] Json to_json(const ServiceObservation& observation);
/// The keys evidence_seq and evidence_head of an object; null where there is no mark. Errc::invalid_argument where only
/// one is there, or one is no such thing.
void put_evidence(Json& object, const EvidenceMark& mark);
[[nodiscard]] Result<EvidenceMark> get_evidence(const Json& object);
[[nodiscard]] Json to_json(const TransactionReport& report);

[[nodiscard]] Result<Choice> parse_choice(const Json& json);
/// At most kMaxChoices, none twice.
[[nodiscard]] Result<std::vector<Choice>> parse_choices(const Json& array);
[[nodiscard]] Result<ServiceObservation> parse_observation(const Json& json);
[[nodiscard]] Result<TransactionReport> parse_transaction(const Json& json);

}  // namespace ntpopt

// An entry of the evidence: what happened, and where it stands in the chain. How entries are chained is in chain.hpp,
// what is written into them in facts.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "common/json.hpp"

namespace ntpopt {

/// The kinds of entries; docs/evidence.md says what is in each.
namespace evidence {
inline constexpr const char* kConfiguration = "configuration";  ///< digest of what is in force, at start and reload
inline constexpr const char* kOperation = "operation";          ///< somebody asked for something over the bus
inline constexpr const char* kRequested = "requested";          ///< a change is about to be asked of the applier
inline constexpr const char* kChanged = "changed";              ///< how that change ended
inline constexpr const char* kSources = "sources";              ///< the service follows other servers than before
inline constexpr const char* kClock = "clock";                  ///< how far off the clock can be
inline constexpr const char* kRecovery = "recovery";            ///< how a change ended that a crash had left open
inline constexpr const char* kAlarm = "alarm";                  ///< the evidence itself is not as it was left
inline constexpr const char* kPruned = "pruned";  ///< everything before a number was forgotten for its age
}  // namespace evidence

/// What happened, before it has a place in the chain.
struct EvidenceFact {
    std::uint64_t time_usec = 0;  ///< CLOCK_REALTIME
    std::string kind;
    Json body = Json::object();  ///< strings, whole numbers, booleans, null, lists and objects of them
};

struct EvidenceEntry {
    std::uint64_t seq = 0;  ///< from 1, without a gap
    std::uint64_t time_usec = 0;
    std::string kind;
    std::string body;  ///< canonical JSON
    std::string hash;  ///< SHA-256 in hexadecimal, over this entry and the hash before
    friend bool operator==(const EvidenceEntry&, const EvidenceEntry&) = default;
};

/// How far the chain goes: the number and hash of its newest entry. With it everything before is fixed.
struct EvidenceMark {
    std::uint64_t seq = 0;  ///< 0: no entry yet
    std::string hash = std::string(64, '0');
    friend bool operator==(const EvidenceMark&, const EvidenceMark&) = default;
};

}  // namespace ntpopt

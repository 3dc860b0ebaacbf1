// The evidence in its place: entries are added behind the last one, read, checked, and forgotten from the front. The
// real one is io/store/sqlite_store.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/evidence/chain.hpp"

namespace ntpopt {

/// So many entries are read at a time.
inline constexpr std::size_t kMaxEvidence = 1000;

/// Which entries are wanted: the oldest so many of a time, CLOCK_REALTIME, behind a number.
struct EvidenceWindow {
    std::uint64_t from_usec = 0;
    std::uint64_t to_usec = UINT64_MAX;  ///< exclusive
    std::uint64_t after_seq = 0;
    std::size_t limit = kMaxEvidence;
};

/// What a look at the whole chain found.
struct LedgerCheck {
    std::uint64_t first = 0;  ///< number of the first entry, 0 where there is none
    EvidenceMark head;        ///< of the newest entry that is as it was written
    std::optional<EvidenceFault> fault;
    std::optional<EvidenceEntry> alarm;  ///< the newest entry that says that the evidence was not as it was left
};

class Ledger {
  public:
    virtual ~Ledger() = default;

    /// Adds an entry, durably. Where it cannot be written it waits for the next call, together with up to a hundred
    /// others, and the error says why.
    [[nodiscard]] virtual Status add(EvidenceFact fact) = 0;

    /// The newest entry that is durable.
    [[nodiscard]] virtual EvidenceMark mark() const = 0;

    /// The oldest first. What there is and cannot be read is an error, here and below, and never as if it were gone.
    [[nodiscard]] virtual Result<std::vector<EvidenceEntry>> entries(const EvidenceWindow& window) = 0;
    /// One entry by its number; nothing where there is none.
    [[nodiscard]] virtual Result<std::optional<EvidenceEntry>> entry(std::uint64_t seq) = 0;

    /// Goes through all of it.
    [[nodiscard]] virtual Result<LedgerCheck> check() = 0;

    /// Forgets what is older than a time, or more than so many entries, and says so in an entry. Does nothing where
    /// less than a day's worth, or a tenth, would go.
    [[nodiscard]] virtual Status prune(std::uint64_t oldest_usec, std::uint64_t most, std::uint64_t now_usec) = 0;
};

}  // namespace ntpopt

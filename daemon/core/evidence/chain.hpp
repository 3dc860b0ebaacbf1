// The chain: each entry carries the SHA-256 of itself and of the hash before it, so that whoever changes, takes out,
// adds or moves one has to make every later one anew. What that proves and what it does not is in docs/evidence.md. The
// hash is over these lines, the last without an end:
//
//     ntpopt-evidence-1
//     <hash of the entry before, 64 zeros before the first>
//     <number>
//     <time in microseconds>
//     <kind>
//     <body>
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "daemon/core/evidence/entry.hpp"

namespace ntpopt {

/// Larger bodies are refused when they are to be written.
inline constexpr std::size_t kMaxEvidenceBody = 16 * 1024;

/// SHA-256 (FIPS 180-4) as 64 hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view text);

/// JSON on one line, keys sorted by their bytes, no blanks, text as UTF-8: RFC 8785 without fractions. Errc::internal
/// where there is one, since there is more than one way to write it.
[[nodiscard]] Result<std::string> canonical_json(const Json& value);

/// The entry that continues the chain behind `before`.
[[nodiscard]] Result<EvidenceEntry> chain(const EvidenceMark& before, const EvidenceFact& fact);

/// The mark of a number and a hash from outside: a number from 1 that fits in 63 bits, and 64 lower-case hexadecimal
/// digits.
[[nodiscard]] Result<EvidenceMark> parse_evidence_mark(std::uint64_t seq, std::string_view hash);

/// The entry that says: everything up to `last` was forgotten for its age.
[[nodiscard]] EvidenceFact pruned_fact(const EvidenceMark& last, std::uint64_t now_usec);

struct EvidenceFault {
    std::uint64_t seq = 0;  ///< of the first entry that is wrong or missing
    std::string what;       ///< a sentence
    friend bool operator==(const EvidenceFault&, const EvidenceFault&) = default;
};

/// Goes through a chain from its first entry to its last and finds the first thing that is not as it was written.
class ChainCheck {
  public:
    /// `pruned` is the newest entry of that kind, where there is one: it says with which number the chain now begins.
    explicit ChainCheck(const std::optional<EvidenceEntry>& pruned);

    /// The next entry as it is stored. False from the first fault on.
    bool take(const EvidenceEntry& entry);

    /// After the last entry; `head` is what was written down beside the chain when its newest entry was.
    [[nodiscard]] std::optional<EvidenceFault> finish(const EvidenceMark& head);

    /// The newest entry that was taken.
    [[nodiscard]] const EvidenceMark& mark() const { return mark_; }
    /// The number of the first entry, 0 where there was none.
    [[nodiscard]] std::uint64_t first() const { return first_; }

  private:
    void blame(std::uint64_t seq, std::string what);

    EvidenceMark mark_;                   ///< what the next entry has to continue
    std::optional<EvidenceMark> pruned_;  ///< what the newest entry of that kind says
    std::uint64_t pruned_at_ = 0;         ///< its own number
    bool saw_pruned_ = false;
    std::uint64_t first_ = 0;
    std::optional<EvidenceFault> fault_;
};

/// Whether a chain that reaches to `head` holds what somebody else was told of it. `stored` is the entry of the number
/// that was told, where there is one; `first` the first number that is kept.
[[nodiscard]] std::optional<EvidenceFault> compare_told(const EvidenceMark& told, const EvidenceMark& head,
                                                        std::uint64_t first, const std::optional<EvidenceEntry>& stored,
                                                        std::string_view teller);

}  // namespace ntpopt

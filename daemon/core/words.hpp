// The closed lists of words that people, scripts and traces rely on (docs/interface.md). A new word is added here
// first.
#pragma once

#include <optional>
#include <string_view>

namespace ntpopt {

/// The stages of a round, in the order in which data walks through them.
enum class Stage { discover, resolve, probe, measure, score, select, plan, apply, verify, record, publish };

/// How a round ended.
enum class Outcome {
    applied,
    unchanged,
    would_apply,  ///< dry run, or mode observe
    no_consensus,
    no_usable_servers,
    refused,
    rolled_back,
    degraded,  ///< the roll-back itself failed
    failed,
};

/// How well a decision is founded (SELECTION.md 4.4): by the number of independent groups that agree.
enum class Confidence { none, low, medium, high };

/// Why a candidate is, or is not, in the chosen set.
enum class Verdict {
    chosen,
    reserve,  ///< good, but not among the best
    unresolved,
    unreachable,
    bad_reply,  ///< answered, but every answer failed a sanity test
    kiss_of_death,
    unsynchronised,
    stratum_too_high,
    too_distant,
    stale,
    loop,
    falseticker,
    convicted,  ///< told wrong time in recent rounds
    inaccurate,
    below_minimum,
    low_reachability,
    wrong_timescale,
    same_group,
    same_upstream,
    not_whitelisted,
    blacklisted,
    banned,
    not_probed,
};

/// Which time a server tells around a leap second (RFC 8633 3.7.1).
enum class Timescale { utc, smear_24h, smear_meta, unknown };

/// The NTP service of the machine.
enum class Service { chronyd, ntpd, timesyncd, none };

/// Whether rounds change the machine.
enum class Mode { apply, observe };

/// The states of the applier's write-ahead journal, in order.
enum class TransactionState {
    prepared,
    files_written,
    reloaded,
    verifying,
    verified,
    base_removed,
    committed,
    rolling_back,
    rolled_back,
    degraded,
};

[[nodiscard]] std::string_view name_of(Stage word);
[[nodiscard]] std::string_view name_of(Outcome word);
[[nodiscard]] std::string_view name_of(Confidence word);
[[nodiscard]] std::string_view name_of(Verdict word);
[[nodiscard]] std::string_view name_of(Timescale word);
[[nodiscard]] std::string_view name_of(Service word);
[[nodiscard]] std::string_view name_of(Mode word);
[[nodiscard]] std::string_view name_of(TransactionState word);

/// The word's enumerator, or nothing where the list does not have it. Word is one of the enums above.
template <typename Word>
[[nodiscard]] std::optional<Word> parse_word(std::string_view text);

/// True for states that no recovery has to touch: committed, rolled_back and degraded.
[[nodiscard]] bool is_final(TransactionState state);

}  // namespace ntpopt

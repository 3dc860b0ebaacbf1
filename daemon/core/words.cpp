// The spelling of the words of words.hpp: one table a list.
#include "daemon/core/words.hpp"

#include <array>

namespace ntpopt {
namespace {

using std::string_view;

template <typename Word>
struct Spelling;

template <>
struct Spelling<Stage> {
    static constexpr std::array<string_view, 11> names{"discover", "resolve", "probe",  "measure", "score",  "select",
                                                       "plan",     "apply",   "verify", "record",  "publish"};
};
template <>
struct Spelling<Outcome> {
    static constexpr std::array<string_view, 9> names{"applied",      "unchanged",         "would_apply",
                                                      "no_consensus", "no_usable_servers", "refused",
                                                      "rolled_back",  "degraded",          "failed"};
};
template <>
struct Spelling<Confidence> {
    static constexpr std::array<string_view, 4> names{"none", "low", "medium", "high"};
};
template <>
struct Spelling<Verdict> {
    static constexpr std::array<string_view, 23> names{
        "chosen",          "reserve",       "unresolved",     "unreachable",
        "bad_reply",       "kiss_of_death", "unsynchronised", "stratum_too_high",
        "too_distant",     "stale",         "loop",           "falseticker",
        "convicted",       "inaccurate",    "below_minimum",  "low_reachability",
        "wrong_timescale", "same_group",    "same_upstream",  "not_whitelisted",
        "blacklisted",     "banned",        "not_probed"};
};
template <>
struct Spelling<Timescale> {
    static constexpr std::array<string_view, 4> names{"utc", "smear-24h", "smear-meta", "unknown"};
};
template <>
struct Spelling<Service> {
    static constexpr std::array<string_view, 4> names{"chronyd", "ntpd", "timesyncd", "none"};
};
template <>
struct Spelling<Mode> {
    static constexpr std::array<string_view, 2> names{"apply", "observe"};
};
template <>
struct Spelling<TransactionState> {
    static constexpr std::array<string_view, 10> names{"prepared",    "files_written", "reloaded",  "verifying",
                                                       "verified",    "base_removed",  "committed", "rolling_back",
                                                       "rolled_back", "degraded"};
};

template <typename Word>
string_view spell(Word word) {
    return Spelling<Word>::names.at(static_cast<std::size_t>(word));
}

}  // namespace

template <typename Word>
std::optional<Word> parse_word(string_view text) {
    const auto& names = Spelling<Word>::names;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == text) return static_cast<Word>(i);
    return std::nullopt;
}

template std::optional<Stage> parse_word<Stage>(string_view);
template std::optional<Outcome> parse_word<Outcome>(string_view);
template std::optional<Confidence> parse_word<Confidence>(string_view);
template std::optional<Verdict> parse_word<Verdict>(string_view);
template std::optional<Timescale> parse_word<Timescale>(string_view);
template std::optional<Service> parse_word<Service>(string_view);
template std::optional<Mode> parse_word<Mode>(string_view);
template std::optional<TransactionState> parse_word<TransactionState>(string_view);

string_view name_of(Stage word) {
    return spell(word);
}
string_view name_of(Outcome word) {
    return spell(word);
}
string_view name_of(Confidence word) {
    return spell(word);
}
string_view name_of(Verdict word) {
    return spell(word);
}
string_view name_of(Timescale word) {
    return spell(word);
}
string_view name_of(Service word) {
    return spell(word);
}
string_view name_of(Mode word) {
    return spell(word);
}
string_view name_of(TransactionState word) {
    return spell(word);
}

bool is_final(TransactionState state) {
    return state == TransactionState::committed || state == TransactionState::rolled_back ||
           state == TransactionState::degraded;
}

}  // namespace ntpopt

// What is remembered of a name that was asked for: its addresses, how long they count, or why there were none. The rule
// that nobody's name servers hear a name from us more than once an hour is kept here; asking is
// daemon/io/net/resolver.cpp's work.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/host.hpp"
#include "common/json.hpp"

namespace ntpopt {

/// The answer to a question for addresses.
struct NameAnswer {
    std::vector<Address> addresses{};
    double ttl_s = 0;  ///< the least of the records'
};

struct NameRecord {
    double asked_s = 0;  ///< seconds since 1970
    double until_s = 0;  ///< what is known counts until then, and nobody is asked
    std::vector<Address> addresses{};
    double answered_s = 0;        ///< when `addresses` were learnt
    std::string failure{};        ///< why the last question brought no address, else empty
    Errc code = Errc::not_found;  ///< of that failure

    /// A name server said so; otherwise nobody said anything.
    [[nodiscard]] bool is_answered() const { return code == Errc::not_found; }
    /// A name server may have got the last question.
    [[nodiscard]] bool may_be_heard() const { return code != Errc::unavailable; }
};

/// No name is asked for more often (the NTP Pool's rule for clients).
inline constexpr double kLeastBetweenQuestions_s = 3600;

/// Counts for its TTL, at least an hour (the NTP Pool's rule for clients) and at most a day.
[[nodiscard]] NameRecord note_answer(const NameAnswer& answer, double now_s);

/// To be remembered before a question is sent: where the process ends before the answer comes, nobody is asked again
/// within the hour, and what was known before counts on.
[[nodiscard]] NameRecord note_question(NameRecord before, double now_s);

/// Counts for an hour. Addresses learnt before are kept. Errc::unavailable says that no name server can have got the
/// question.
[[nodiscard]] NameRecord note_failure(NameRecord before, const Error& failure, double now_s);

/// Whether a name server may be asked: the time is over, or the clock was set back to before the last question, or no
/// name server got that one and the network is another since, `changed_s` (0: never).
[[nodiscard]] bool may_ask(const NameRecord& record, double now_s, double changed_s = 0);

/// What the record says at the moment. Where name servers failed, addresses of up to a day ago still count (RFC 8767);
/// that a name has no address any more is an answer, so there they do not.
[[nodiscard]] Result<std::vector<Address>> recall(const NameRecord& record, double now_s);

/// Nothing for a document that is no record.
[[nodiscard]] std::optional<NameRecord> parse_name_record(const Json& document);
[[nodiscard]] Json to_json(const NameRecord& record);

}  // namespace ntpopt

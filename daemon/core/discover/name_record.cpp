// Implementation of name_record.hpp.
#include "daemon/core/discover/name_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr double kMost_s = 86400;
constexpr double kStale_s = 86400;
constexpr std::size_t kMaxAddresses = 16;

}  // namespace

NameRecord note_answer(const NameAnswer& answer, double now_s) {
    NameRecord record;
    record.asked_s = record.answered_s = now_s;
    record.until_s = now_s + std::clamp(answer.ttl_s, kLeastBetweenQuestions_s, kMost_s);
    record.addresses = answer.addresses;
    return record;
}

NameRecord note_question(NameRecord before, double now_s) {
    return note_failure(std::move(before), Error{Errc::timeout, "ntpoptd ended before an answer came"}, now_s);
}

NameRecord note_failure(NameRecord before, const Error& failure, double now_s) {
    before.asked_s = now_s;
    before.until_s = now_s + kLeastBetweenQuestions_s;
    before.failure = failure.detail;
    before.code = failure.code;
    return before;
}

bool may_ask(const NameRecord& record, double now_s, double changed_s) {
    if (!record.may_be_heard() && record.asked_s < changed_s) return true;
    return now_s >= record.until_s || now_s < record.asked_s;
}

Result<std::vector<Address>> recall(const NameRecord& record, double now_s) {
    const bool usable = !record.addresses.empty() && std::fabs(now_s - record.answered_s) < kStale_s + kMost_s;
    if (record.failure.empty() && usable) return record.addresses;
    if (!record.is_answered() && !record.addresses.empty() && std::fabs(now_s - record.answered_s) < kStale_s)
        return record.addresses;
    const auto minutes = std::max(0.0, std::floor((now_s - record.asked_s) / 60));
    if (minutes < 1)
        return Error{record.code, record.failure.empty() ? "the name has no usable address" : record.failure};
    return Error{record.code,
                 fmt::format("{} (asked {:.0f} min ago; once an hour is enough)", record.failure, minutes)};
}

std::optional<NameRecord> parse_name_record(const Json& document) {
    const auto asked = get_number(document, "asked_s");
    const auto until = get_number(document, "until_s");
    if (!asked || !until || *until > *asked + kMost_s) return std::nullopt;
    NameRecord record;
    record.asked_s = *asked;
    record.until_s = *until;
    record.answered_s = get_number(document, "answered_s").value_or(0);
    record.failure = printable(get_string(document, "failure"));
    if (!get_bool(document, "heard", true))
        record.code = Errc::unavailable;
    else if (!get_bool(document, "answered", true))
        record.code = Errc::timeout;
    for (const auto& text : get_strings(document, "addresses"))
        if (const auto address = Address::parse(text); address && record.addresses.size() < kMaxAddresses)
            record.addresses.push_back(*address);
    return record;
}

Json to_json(const NameRecord& record) {
    auto addresses = Json::array();
    for (const auto& address : record.addresses)
        addresses.push_back(address.text());
    return {{"asked_s", record.asked_s},         {"until_s", record.until_s}, {"answered_s", record.answered_s},
            {"addresses", std::move(addresses)}, {"failure", record.failure}, {"answered", record.is_answered()},
            {"heard", record.may_be_heard()}};
}

}  // namespace ntpopt

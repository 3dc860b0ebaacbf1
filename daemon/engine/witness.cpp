// Implementation of witness.hpp.
#include "daemon/engine/witness.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/core/publish/clock_error.hpp"

namespace ntpopt {
namespace {

constexpr Duration kClockEvery = std::chrono::hours(1);
/// Sources that others change to and fro must not fill the evidence.
constexpr Duration kSourcesEvery = std::chrono::minutes(10);
constexpr std::size_t kMostFaults = 4;
/// An entry with its place in the file, about; of the file's size the evidence may have a third.
constexpr std::uint64_t kBytesOfEntry = 400;
constexpr std::uint64_t kFewestEntries = 50;

std::string sentence(const EvidenceFault& fault) {
    return fmt::format("the evidence is not as it was left, from entry {} on: {}", fault.seq, fault.what);
}

EvidenceFault fault_told_by(const EvidenceEntry& alarm) {
    const auto body = parse_json(alarm.body);
    const auto what = body ? get_string(*body, "what") : std::string();
    return {alarm.seq, "the evidence was found faulty when this entry was written: " + printable(what)};
}

}  // namespace

Witness::Witness(Ledger& ledger, Clock& clock, Tell tell) : ledger_(ledger), clock_(clock), tell_(std::move(tell)) {}

void Witness::add(EvidenceFact fact) {
    fact.time_usec = to_usec(clock_.now());
    const auto added = ledger_.add(std::move(fact));
    if (!added && problem_.empty()) tell_("evidence cannot be written: " + added.error().detail);
    problem_ = added ? "" : added.error().detail;
}

void Witness::begin() {
    const auto looked = ledger_.check();
    if (looked && looked->fault) raise(*looked->fault, {});
}

void Witness::raise(const EvidenceFault& fault, const EvidenceMark& told) {
    auto text = sentence(fault);
    if (std::find(faults_.begin(), faults_.end(), text) != faults_.end() || faults_.size() >= kMostFaults) return;
    tell_(text);
    faults_.push_back(std::move(text));
    add(alarm_fact(fault, told));
}

void Witness::configured(std::string_view why, const ConfigurationDigest& digest, std::string_view version) {
    add(configuration_fact(why, digest, version));
}

void Witness::operated(const Operation& operation) {
    add(operation_fact(operation));
}

void Witness::requested(std::string_view kind, Json details) {
    changing_ = true;
    add(requested_fact(kind, std::move(details)));
}

void Witness::changed(const TransactionReport& report) {
    changing_ = false;
    changed_by_us_ = true;
    last_change_ = std::max(last_change_, report.id);
    add(changed_fact(report));
}

void Witness::failed(std::string_view kind, const Error& error) {
    changing_ = false;
    add(failed_fact(kind, error));
}

void Witness::observed(const ServiceObservation& observation) {
    compare(observation.evidence);
    if (!changing_) note_sources(observation);
    if (!clock_noted_at_ || clock_.since_boot() - *clock_noted_at_ >= kClockEvery) note_clock(observation, {});
}

void Witness::note_sources(const ServiceObservation& observation) {
    auto followed = followed_names(observation);
    if (sources_ == followed) {
        changed_by_us_ = false;  // ours led to what was there before
        return;
    }
    const auto now = clock_.since_boot();
    if (sources_ && !changed_by_us_ && now - sources_noted_at_ < kSourcesEvery) return;
    add(sources_fact(!sources_ ? "start" : changed_by_us_ ? "change" : "elsewhere", observation));
    sources_ = std::move(followed);
    sources_noted_at_ = now;
    changed_by_us_ = false;
}

void Witness::note_clock(const ServiceObservation& observation, Duration age) {
    clock_noted_at_ = clock_.since_boot();
    add(clock_fact(observation, age, clock_error_bound_s(observation, age)));
}

void Witness::round_ended(const Json& report, const ServiceObservation& observation, Duration age,
                          const HistoryConfig& limits) {
    const auto transaction = static_cast<std::uint64_t>(get_integer(report, "transaction").value_or(0));
    // A transaction that nobody of this process saw ending: an earlier one had begun it.
    if (transaction > last_change_) {
        last_change_ = transaction;
        add(recovery_fact(report));
        return;  // early in this process, which may not have seen the service yet
    }
    note_clock(observation, age);
    const auto now = clock_.now();
    const auto most = std::max(limits.max_size / 3 / kBytesOfEntry, kFewestEntries);
    const auto oldest = now - limits.evidence_retention;
    // Where nobody vouches for the clock nothing is too old.
    const auto oldest_usec = observation.synchronised && oldest > RealTime{} ? to_usec(oldest) : 0;
    if (const auto pruned = ledger_.prune(oldest_usec, most, to_usec(now)); !pruned)
        tell_("old evidence cannot be forgotten: " + pruned.error().detail);
}

Result<std::optional<EvidenceFault>> Witness::fault_of(const EvidenceMark& told, std::uint64_t first) const {
    const auto stored = ledger_.entry(told.seq);
    if (!stored) return stored.error();
    return compare_told(told, ledger_.mark(), first, *stored, "the applier");
}

/// Each word of the applier's is compared once.
void Witness::compare(const EvidenceMark& told) {
    if (told.seq == 0 || told == compared_) return;
    EvidenceWindow oldest;
    oldest.limit = 1;
    const auto first = ledger_.entries(oldest);
    if (!first) return;
    const auto fault = fault_of(told, first->empty() ? 0 : first->front().seq);
    if (!fault) return;
    compared_ = told;
    if (*fault) raise(**fault, told);
}

std::vector<std::string> Witness::alarms() const {
    auto all = faults_;
    if (!problem_.empty()) all.push_back("evidence cannot be written: " + problem_);
    return all;
}

Result<Json> Witness::verify(const std::optional<EvidenceMark>& told) const {
    const auto looked = ledger_.check();
    if (!looked) return looked.error();
    auto fault = looked->fault;
    if (!fault && told) {
        const auto found = fault_of(*told, looked->first);
        if (!found) return found.error();
        fault = *found;
    }
    // Who gives in to a faulty chain is told of it all the same: the next change makes the applier's word fit again.
    if (!fault && looked->alarm) fault = fault_told_by(*looked->alarm);
    const auto& head = looked->head;
    const bool any = looked->first != 0;
    return Json{{"ok", !fault},
                {"entries", any ? head.seq - looked->first + 1 : 0},
                {"first_seq", looked->first},
                {"head_seq", head.seq},
                {"head_hash", any ? Json(head.hash) : Json()},
                {"fault_seq", fault ? Json(fault->seq) : Json()},
                {"fault", fault ? Json(fault->what) : Json()},
                {"applier_seq", told ? Json(told->seq) : Json()},
                {"applier_hash", told && told->seq != 0 ? Json(told->hash) : Json()},
                {"alarms", alarms()}};
}

}  // namespace ntpopt

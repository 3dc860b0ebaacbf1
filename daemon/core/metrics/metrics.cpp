// Implementation of metrics.hpp.
#include "daemon/core/metrics/metrics.hpp"

#include <algorithm>

#include "daemon/core/publish/clock_error.hpp"

namespace ntpopt {
namespace {

constexpr std::array<std::string_view, kRefusalClasses> kRefusalNames{"malformed", "unsolicited", "untimely",
                                                                      "implausible"};

/// A figure of a row in base units; null where it was not measured.
Json scaled(const Json& row, std::string_view key, double factor) {
    const auto value = get_number(row, key);
    return value ? Json(*value * factor) : Json(nullptr);
}

}  // namespace

Histogram::Histogram(std::initializer_list<double> bounds) {
    for (const auto bound : bounds)
        buckets_.push_back({bound, 0});
}

void Histogram::note(double value) {
    for (auto& bucket : buckets_)
        if (value <= bucket.bound) ++bucket.count;
    sum_ += value;
    ++count_;
}

Json Histogram::document() const {
    Json buckets = Json::array();
    for (const auto& bucket : buckets_)
        buckets.push_back({{"le", bucket.bound}, {"count", bucket.count}});
    return {{"buckets", std::move(buckets)}, {"sum", sum_}, {"count", count_}};
}

void Metrics::note_probed(const std::vector<Measurement>& measurements) {
    for (const auto& measurement : measurements) {
        sent_ += static_cast<std::uint64_t>(std::max(0, measurement.sent() - measurement.unsent));
        answered_ += static_cast<std::uint64_t>(measurement.received());
        kisses_ += static_cast<std::uint64_t>(measurement.kisses);
        for (std::size_t i = 0; i < kRefusalClasses; ++i)
            refused_[i] += static_cast<std::uint64_t>(measurement.refused_as[i]);
    }
}

void Metrics::note_round(Outcome outcome, std::optional<double> duration_s) {
    ++rounds_.at(static_cast<std::size_t>(outcome));
    if (duration_s) round_durations_.note(*duration_s);
}

void Metrics::note_observed(const ServiceObservation& service) {
    if (const auto bound = clock_error_bound_s(service, Duration::zero())) clock_error_bounds_.note(*bound);
}

Json Metrics::document() const {
    Json rounds = Json::object();
    for (std::size_t i = 0; i < rounds_.size(); ++i)
        rounds[std::string(name_of(static_cast<Outcome>(i)))] = rounds_[i];
    Json refused = Json::object();
    for (std::size_t i = 0; i < refused_.size(); ++i)
        refused[std::string(kRefusalNames[i])] = refused_[i];
    return {{"start_usec", to_usec(began_)},
            {"rounds", std::move(rounds)},
            {"round_durations", round_durations_.document()},
            {"packets_sent", sent_},
            {"packets_answered", answered_},
            {"packets_refused", std::move(refused)},
            {"kisses", kisses_},
            {"candidates_left", candidates_left_ ? Json(*candidates_left_) : Json(nullptr)},
            {"clock_error_bounds", clock_error_bounds_.document()}};
}

bool is_good(Outcome outcome) {
    return outcome == Outcome::applied || outcome == Outcome::unchanged || outcome == Outcome::would_apply;
}

Json chosen_servers(const std::vector<std::string>& selected, const Json& measured,
                    const std::vector<ServiceSource>& sources) {
    Json rows = Json::array();
    for (const auto& name : selected) {
        if (rows.size() == kMaxChoices) break;
        bool known = false;
        bool heard = false;
        for (const auto& source : sources) {
            const auto host = Host::parse(source.name);
            if (!host || Endpoint{*host, source.port}.text() != name) continue;
            known = true;
            heard = heard || source.reach != 0;
        }
        Json row{{"name", name}, {"heard", known ? Json(heard) : Json(nullptr)}};
        const auto found = std::find_if(measured.begin(), measured.end(),
                                        [&](const Json& server) { return get_string(server, "name") == name; });
        if (found != measured.end()) {
            row["offset_s"] = scaled(*found, "offset_ms", 1e-3);
            row["delay_s"] = scaled(*found, "delay_ms", 1e-3);
            row["jitter_s"] = scaled(*found, "jitter_ms", 1e-3);
            row["error_s"] = scaled(*found, "error_ms", 1e-3);
            if (const auto stratum = get_integer(*found, "stratum")) row["stratum"] = *stratum;
            row["answered_ratio"] = scaled(*found, "answered", 1e-2);
            row["score"] = scaled(*found, "score", 1);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace ntpopt

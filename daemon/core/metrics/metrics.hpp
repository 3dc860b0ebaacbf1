// What ntpoptd counts for whoever watches many machines: rounds, probe packets, the clock error bound, since the
// process began. It counts and describes; the names of the series are ntpoptctl's (docs/metrics.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "common/time_text.hpp"
#include "daemon/core/measure/measurement.hpp"
#include "daemon/core/service/service.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

/// How often values were at most as large as each of a few bounds, with their sum and number.
class Histogram {
  public:
    /// Bounds in ascending order; one above all of them is always there.
    Histogram(std::initializer_list<double> bounds);

    void note(double value);
    /// {"buckets": [{"le", "count"}], "sum", "count"}; counts are cumulative, the one above all bounds is "count".
    [[nodiscard]] Json document() const;

  private:
    struct Bucket {
        double bound = 0;
        std::uint64_t count = 0;
    };
    std::vector<Bucket> buckets_;
    double sum_ = 0;
    std::uint64_t count_ = 0;
};

class Metrics {
  public:
    explicit Metrics(RealTime began) : began_(began) {}

    /// What the bursts of a round came to.
    void note_probed(const std::vector<Measurement>& measurements);
    /// How many more candidates the round might have asked.
    void note_candidates_left(int left) { candidates_left_ = left; }
    /// A round ended; nothing for the duration where it began in an earlier life.
    void note_round(Outcome outcome, std::optional<double> duration_s);
    /// The NTP service was looked at: its clock error bound counts as of that moment, where there is one.
    void note_observed(const ServiceObservation& service);

    /// The keys of org.ntpopt1.Manager.GetMetrics that are counted.
    [[nodiscard]] Json document() const;

  private:
    static constexpr std::size_t kOutcomes = static_cast<std::size_t>(Outcome::failed) + 1;

    RealTime began_;
    std::array<std::uint64_t, kOutcomes> rounds_{};
    Histogram round_durations_{15, 60};
    std::uint64_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::array<std::uint64_t, kRefusalClasses> refused_{};
    std::uint64_t kisses_ = 0;
    std::optional<int> candidates_left_;
    Histogram clock_error_bounds_{0.001, 0.01, 0.1};
};

/// True for an outcome after which all is as it should be: applied, unchanged or would_apply.
[[nodiscard]] bool is_good(Outcome outcome);

/// A row for each chosen server, at most kMaxChoices: what the last round measured of it (from the rows of its report),
/// and whether the NTP service itself hears it.
[[nodiscard]] Json chosen_servers(const std::vector<std::string>& selected, const Json& measured,
                                  const std::vector<ServiceSource>& sources);

}  // namespace ntpopt

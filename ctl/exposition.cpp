// Implementation of exposition.hpp. A series without a value is left out, since Prometheus knows no null.
#include "ctl/exposition.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

using std::string_view;

// No more of anything than the documentation promises, even from a daemon of another version.
constexpr std::size_t kMaxServers = 16;
constexpr std::size_t kMaxWords = 9;
constexpr std::size_t kMaxBuckets = 4;
constexpr std::size_t kMaxLabel = 260;  // a host name of 253 characters and a port

/// A label's value with what the format has escapes for; nothing but printable ASCII is left before.
std::string escaped(string_view value) {
    std::string text;
    for (const char c : printable(value, kMaxLabel)) {
        if (c == '\\' || c == '"') text += '\\';
        text += c;
    }
    return text;
}

std::string label(string_view name, string_view value) {
    return fmt::format("{{{}=\"{}\"}}", name, escaped(value));
}

class Exposition {
  public:
    void family(string_view name, string_view type, string_view help) {
        name_ = name;
        head_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }
    /// One series of the family; nothing where there is no value.
    void add(std::optional<double> value, string_view labels = "", string_view suffix = "") {
        if (!value || !std::isfinite(*value)) return;
        text_ += std::exchange(head_, "");
        text_ += fmt::format("{}{}{} {}\n", name_, suffix, labels, *value);
    }
    void gauge(string_view name, std::optional<double> value, string_view help) {
        family(name, "gauge", help);
        add(value);
    }
    void counter(string_view name, std::optional<double> value, string_view help) {
        family(name, "counter", help);
        add(value);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
    std::string_view name_;
    std::string head_;  ///< of a family that has no series yet
};

std::optional<double> flag(const Json& object, string_view key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_boolean()) return std::nullopt;
    return found->get<bool>() ? 1 : 0;
}

/// A point in time as seconds since 1970; nothing for never.
std::optional<double> moment(const Json& object, string_view key) {
    const auto usec = get_number(object, key);
    return usec && *usec > 0 ? std::optional(*usec * 1e-6) : std::nullopt;
}

void add_words(Exposition& out, const Json& counts, string_view name) {
    std::size_t words = 0;
    for (const auto& [word, count] : counts.items())
        if (count.is_number() && ++words <= kMaxWords) out.add(count.get<double>(), label(name, word));
}

void add_histogram(Exposition& out, const Json& histogram) {
    const auto count = get_number(histogram, "count");
    if (!count) return;
    std::size_t buckets = 0;
    for (const auto& bucket : get_array(histogram, "buckets")) {
        const auto bound = get_number(bucket, "le");
        if (bound && ++buckets < kMaxBuckets)
            out.add(get_number(bucket, "count"), label("le", fmt::format("{}", *bound)), "_bucket");
    }
    out.add(count, label("le", "+Inf"), "_bucket");
    out.add(get_number(histogram, "sum"), "", "_sum");
    out.add(count, "", "_count");
}

void add_servers(Exposition& out, const Json& rows) {
    std::vector<const Json*> servers;
    std::set<std::string> names;
    for (const auto& row : rows)
        if (servers.size() < kMaxServers && names.insert(get_string(row, "name")).second) servers.push_back(&row);
    const auto family = [&](string_view name, string_view key, string_view help) {
        out.family(name, "gauge", help);
        for (const auto* row : servers) {
            const auto value = key == "heard" ? flag(*row, key) : get_number(*row, key);
            out.add(value, label("server", get_string(*row, "name")));
        }
    };
    family("ntpopt_server_heard", "heard", "Whether the NTP service has an answer of the server among the last eight.");
    family("ntpopt_server_offset_seconds", "offset_s", "Offset of the server to the consensus of the last round.");
    family("ntpopt_server_delay_seconds", "delay_s", "Round trip of the server's best sample in the last round.");
    family("ntpopt_server_jitter_seconds", "jitter_s", "RMS of the server's offsets in the last round.");
    family("ntpopt_server_error_seconds", "error_s", "Expected error of the server's time.");
    family("ntpopt_server_stratum", "stratum", "Stratum of the server.");
    family("ntpopt_server_answered_ratio", "answered_ratio",
           "Share of the probe packets of the last round that the server answered.");
    family("ntpopt_server_score", "score", "Score of the server, 0 to 100.");
}

}  // namespace

std::string render_exposition(const Json& metrics) {
    Exposition out;
    const bool up = metrics.is_object();
    out.gauge("ntpopt_up", up ? 1 : 0, "Whether ntpoptd answers.");
    if (!up) return out.take();

    out.family("ntpopt_build_info", "gauge", "Always 1; the label tells the version of ntpoptd.");
    out.add(1, label("version", get_string(metrics, "version")));
    out.gauge("ntpopt_start_time_seconds", moment(metrics, "start_usec"),
              "When ntpoptd began to count, in seconds since 1970.");

    out.family("ntpopt_service_up", "gauge", "Whether the NTP service runs, as last seen.");
    if (metrics.contains("service"))
        out.add(flag(metrics, "service_active"), label("service", get_string(metrics, "service")));
    out.gauge("ntpopt_service_synchronised", flag(metrics, "synchronised"),
              "Whether the NTP service follows a server, as last seen.");
    out.gauge("ntpopt_observation_age_seconds", get_number(metrics, "observation_age_s"),
              "How long ago the NTP service was looked at.");
    out.gauge("ntpopt_clock_error_bound_seconds", get_number(metrics, "clock_error_bound_s"),
              "The clock is off by no more: |offset| + root dispersion + root delay / 2, grown by 15 ppm of the age.");
    out.family("ntpopt_observed_clock_error_bound_seconds", "histogram",
               "Clock error bound, one value each time the NTP service was looked at.");
    add_histogram(out, get_object(metrics, "clock_error_bounds"));

    out.family("ntpopt_rounds_total", "counter", "Rounds that ended, by outcome.");
    add_words(out, get_object(metrics, "rounds"), "outcome");
    out.family("ntpopt_round_duration_seconds", "histogram", "How long rounds took.");
    add_histogram(out, get_object(metrics, "round_durations"));
    out.gauge("ntpopt_last_round_up", flag(metrics, "last_round_good"),
              "Whether the last round ended well: applied, unchanged or would_apply.");
    out.gauge("ntpopt_last_round_timestamp_seconds", moment(metrics, "last_round_usec"),
              "When the last round began, in seconds since 1970.");
    out.gauge("ntpopt_next_round_timestamp_seconds", moment(metrics, "next_round_usec"),
              "When the next round is planned, in seconds since 1970.");

    out.counter("ntpopt_probe_packets_sent_total", get_number(metrics, "packets_sent"), "NTP requests sent.");
    out.counter("ntpopt_probe_packets_answered_total", get_number(metrics, "packets_answered"),
                "NTP requests that were answered with a valid sample.");
    out.family("ntpopt_probe_packets_refused_total", "counter",
               "NTP packets that failed a sanity test, by the class of the test.");
    add_words(out, get_object(metrics, "packets_refused"), "reason");
    out.counter("ntpopt_probe_kisses_total", get_number(metrics, "kisses"), "Kiss-o'-death packets received.");

    out.gauge("ntpopt_changes_left", get_number(metrics, "changes_left"),
              "How many changes the limit of a day still allows.");
    out.gauge("ntpopt_candidates_left", get_number(metrics, "candidates_left"),
              "How many more candidates the last round might have asked.");
    out.gauge("ntpopt_blacklisted_servers", get_number(metrics, "blacklisted"), "Servers that are left out.");
    add_servers(out, get_array(metrics, "servers"));
    return out.take();
}

}  // namespace ntpopt::ctl

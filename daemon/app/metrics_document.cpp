// Implementation of metrics_document.hpp.
#include "daemon/app/metrics_document.hpp"

#include "common/version.hpp"

namespace ntpopt {

Json metrics_document(const Optimizer& optimizer, std::optional<Duration> clock_error_bound) {
    const auto& state = optimizer.state();
    const auto& last = optimizer.last_run();
    const auto& service = optimizer.last_observation();
    auto document = optimizer.metrics().document();
    document["version"] = kVersion;
    if (optimizer.has_observed()) {
        document["service"] = name_of(service.service);
        document["service_active"] = service.active;
        document["synchronised"] = service.synchronised;
        document["observation_age_s"] = to_seconds(optimizer.observation_age());
    }
    if (clock_error_bound) document["clock_error_bound_s"] = to_seconds(*clock_error_bound);
    if (const auto outcome = parse_word<Outcome>(get_string(last, "outcome"))) {
        if (const auto began = parse_time(get_string(last, "timestamp"))) document["last_round_usec"] = to_usec(*began);
        document["last_round_good"] = is_good(*outcome);
    }
    document["next_round_usec"] = to_usec(state.next_run);
    if (service.changes_left) document["changes_left"] = *service.changes_left;
    document["blacklisted"] = optimizer.blacklist_entries().size();
    document["servers"] = chosen_servers(state.selected, get_array(last, "servers"), service.sources);
    return document;
}

}  // namespace ntpopt

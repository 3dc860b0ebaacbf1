// Implementation of documents.hpp: the key lists.
#include "dbus/documents.hpp"

#include <algorithm>

namespace ntpopt::documents {

const Keys& server() {
    static const Keys kParts{{"jitter"}, {"reachability"}, {"stratum"}, {"latency"}, {"regional_bonus"}};
    static const Keys kKeys{{"rank"},         {"name"},
                            {"address"},      {"port"},
                            {"offset_ms"},    {"raw_offset_ms"},
                            {"delay_ms"},     {"jitter_ms"},
                            {"error_ms"},     {"stratum"},
                            {"reachability"}, {"answered"},
                            {"score"},        {"score_parts", &kParts},
                            {"region"},       {"timescale"},
                            {"group"},        {"verdict"},
                            {"reason"}};
    return kKeys;
}

const Keys& servers() {
    static const Keys kKeys{{"timestamp"}, {"servers", &server()}};
    return kKeys;
}

namespace {

const Keys& stage() {
    static const Keys kKeys{{"stage"}, {"ok"}, {"duration_s"}, {"detail"}};
    return kKeys;
}

}  // namespace

const Keys& run_report() {
    static const Keys kKeys{{"run_id"},           {"dry_run"},  {"timestamp"},  {"duration_s"},
                            {"region"},           {"service"},  {"confidence"}, {"outcome"},
                            {"reason"},           {"selected"}, {"previous"},   {"servers", &server()},
                            {"stages", &stage()}, {"diff"}};
    return kKeys;
}

const Keys& run_summary() {
    static const Keys kKeys = [] {
        Keys keys = run_report();
        std::erase_if(keys, [](const Key& key) { return key.name == "servers" || key.name == "diff"; });
        return keys;
    }();
    return kKeys;
}

const Keys& status() {
    static const Keys kService{{"name"}, {"unit"}, {"version"}, {"active"}};
    static const Keys kKeys{{"state"},
                            {"mode"},
                            {"service", &kService},
                            {"synchronised"},
                            {"clock_error_bound_ms"},
                            {"selected"},
                            {"confidence"},
                            {"interval_s"},
                            {"last_run", &run_summary()},
                            {"next_run"},
                            {"alarms"}};
    return kKeys;
}

const Keys& history_entry() {
    static const Keys kServer = [] {
        Keys keys{{"hostname"}, {"offset"}, {"jitter"}, {"stratum"}, {"reachability"}, {"score"}};
        for (const auto& key : server())
            if (key.name != "stratum" && key.name != "reachability" && key.name != "score") keys.push_back(key);
        return keys;
    }();
    static const Keys kKeys{{"timestamp"}, {"region"}, {"servers", &kServer}};
    return kKeys;
}

const Keys& blacklist_entry() {
    static const Keys kKeys{{"server"}, {"until"}, {"by_hand"}, {"reason"}};
    return kKeys;
}

const Keys& metrics() {
    static const Keys kHistogram{{"buckets"}, {"sum"}, {"count"}};
    static const Keys kServer{{"name"},    {"heard"},   {"offset_s"},       {"delay_s"}, {"jitter_s"},
                              {"error_s"}, {"stratum"}, {"answered_ratio"}, {"score"}};
    static const Keys kKeys{{"version"},
                            {"start_usec"},
                            {"service"},
                            {"service_active"},
                            {"synchronised"},
                            {"observation_age_s"},
                            {"clock_error_bound_s"},
                            {"clock_error_bounds", &kHistogram},
                            {"rounds"},
                            {"round_durations", &kHistogram},
                            {"last_round_usec"},
                            {"last_round_good"},
                            {"next_round_usec"},
                            {"packets_sent"},
                            {"packets_answered"},
                            {"packets_refused"},
                            {"kisses"},
                            {"changes_left"},
                            {"candidates_left"},
                            {"blacklisted"},
                            {"servers", &kServer}};
    return kKeys;
}

const Keys& notice_test() {
    static const Keys kKeys{{"channel"}, {"ok"}, {"detail"}};
    return kKeys;
}

const Keys& server_explanation() {
    static const Keys kCounterfactual{{"figure"}, {"unit"}, {"value"}, {"actual"}};
    static const Keys kKeys{{"server", &server()}, {"sentences"}, {"counterfactuals", &kCounterfactual}};
    return kKeys;
}

const Keys& round_explanation() {
    static const Keys kKeys = [] {
        Keys keys = run_summary();
        keys.push_back({"sentences"});
        return keys;
    }();
    return kKeys;
}

const Keys& verification() {
    static const Keys kKeys{{"ok"},        {"entries"}, {"first_seq"},   {"head_seq"},     {"head_hash"},
                            {"fault_seq"}, {"fault"},   {"applier_seq"}, {"applier_hash"}, {"alarms"}};
    return kKeys;
}

Json shape(const Json& object, const Keys& keys) {
    auto shaped = Json::object();
    for (const auto& key : keys) {
        const auto found = object.find(key.name);
        if (found == object.end())
            shaped[std::string(key.name)] = nullptr;
        else if (key.inner && found->is_object())
            shaped[std::string(key.name)] = shape(*found, *key.inner);
        else if (key.inner && found->is_array())
            shaped[std::string(key.name)] = shape_list(*found, *key.inner);
        else
            shaped[std::string(key.name)] = *found;
    }
    for (const auto& [name, value] : object.items()) {
        const bool known = std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
        if (!known) shaped[name] = value;
    }
    return shaped;
}

Json shape_list(const Json& array, const Keys& keys) {
    auto shaped = Json::array();
    for (const auto& item : array)
        shaped.push_back(item.is_object() ? shape(item, keys) : item);
    return shaped;
}

}  // namespace ntpopt::documents

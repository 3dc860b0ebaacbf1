// Implementation of selection_state.hpp. Each record is one table of names and members, read and written by one walk.
#include "daemon/core/record/selection_state.hpp"

#include <fmt/format.h>

#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr double kMost = 1e18;  // no figure of ours is larger
constexpr std::size_t kMaxIncumbents = 16;

/// A walk that writes members into a JSON object; those at rest (0, false, nothing) are left out.
struct Writer {
    Json& json;
    void operator()(const char* key, const double& value) {
        if (value != 0) json[key] = value;
    }
    void operator()(const char* key, const int& value) {
        if (value != 0) json[key] = value;
    }
    void operator()(const char* key, const bool& value) {
        if (value) json[key] = value;
    }
    void operator()(const char* key, const std::optional<double>& value) {
        if (value) json[key] = *value;
    }
};

/// A walk that reads them; `fault` names the first that is wrong.
struct Reader {
    const Json& json;
    std::string fault = "";

    const Json* find(const char* key) {
        const auto found = json.find(key);
        return found == json.end() ? nullptr : &*found;
    }
    void refuse(const char* key) {
        if (fault.empty()) fault = fmt::format("'{}' is not a number in range", key);
    }
    void operator()(const char* key, double& value) {
        const auto* member = find(key);
        if (!member) return;
        const auto number = get_number(json, key);
        const bool is_signed = std::string_view(key).ends_with("bias_ms");
        if (!number || !std::isfinite(*number) || std::abs(*number) > kMost || (*number < 0 && !is_signed))
            return refuse(key);
        value = *number;
    }
    void operator()(const char* key, int& value) {
        const auto* member = find(key);
        if (!member) return;
        const auto number = get_integer(json, key);
        if (!number || *number < 0 || *number > 1'000'000'000) return refuse(key);
        value = static_cast<int>(*number);
    }
    void operator()(const char* key, bool& value) { value = get_bool(json, key); }
    void operator()(const char* key, std::optional<double>& value) {
        if (!find(key)) return;
        value = 0;
        (*this)(key, *value);
    }
};

template <typename Walk, typename History>
void walk_server(Walk&& walk, History& history) {
    walk("weight", history.weight);
    walk("weight2", history.weight2);
    walk("bias_ms", history.bias_ms);
    walk("spread_ms2", history.spread_ms2);
    walk("held", history.held);
    walk("sent", history.sent);
    walk("received", history.received);
    walk("jitter_weight", history.jitter_weight);
    walk("jitter_sum_ms", history.jitter_sum_ms);
    walk("conviction", history.conviction);
    walk("updated_s", history.updated_s);
    walk("leap_bias_ms", history.leap_bias_ms);
    walk("leap_bias_s", history.leap_bias_s);
}

template <typename Walk, typename Held>
void walk_penalty(Walk&& walk, Held& penalty) {
    walk("failures", penalty.failures);
    walk("times", penalty.times);
    walk("blacklisted_until_s", penalty.blacklisted_until_s);
    walk("by_hand", penalty.by_hand);
    walk("bans", penalty.bans);
    walk("banned_until_s", penalty.banned_until_s);
    walk("denied", penalty.denied);
    walk("pause_s", penalty.pause_s);
    walk("paused_until_s", penalty.paused_until_s);
    walk("rollbacks", penalty.rollbacks);
    walk("held_until_s", penalty.held_until_s);
    walk("touched_s", penalty.touched_s);
}

template <typename Walk, typename History>
void walk_pool(Walk&& walk, History& history) {
    walk("weight", history.weight);
    walk("score_sum", history.score_sum);
    walk("score_sum2", history.score_sum2);
    walk("error_sum_ms", history.error_sum_ms);
    walk("error_sum2_ms2", history.error_sum2_ms2);
    walk("probed", history.probed);
    walk("usable", history.usable);
    walk("updated_s", history.updated_s);
}

template <typename Walk, typename Chosen>
void walk_incumbent(Walk&& walk, Chosen& incumbent) {
    walk("pool", incumbent.pool);
    walk("maxsources", incumbent.maxsources);
    walk("error_ms", incumbent.error_ms);
    walk("held", incumbent.held);
    walk("missed", incumbent.missed);
    walk("stranger", incumbent.stranger);
}

template <typename Map, typename Walk>
Json write_map(const Map& map, Walk walk) {
    auto out = Json::object();
    for (const auto& [key, value] : map) {
        auto entry = Json::object();
        walk(Writer{entry}, value);
        out[key] = std::move(entry);
    }
    return out;
}

Json write_incumbents(const std::vector<Incumbent>& incumbents) {
    auto out = Json::array();
    for (const auto& incumbent : incumbents) {
        Json entry{{"name", incumbent.endpoint.text()}, {"timescale", name_of(incumbent.timescale)}};
        if (incumbent.address) entry["address"] = incumbent.address->text();
        walk_incumbent(Writer{entry}, incumbent);
        out.push_back(std::move(entry));
    }
    return out;
}

Error bad(std::string_view where, std::string_view why) {
    return {Errc::parse, fmt::format("selection state: {}: {}", printable(where, 300), printable(why))};
}

/// A key of a history is an address with its port; of a penalty or a pool an endpoint, which an address also is.
template <typename Map, typename Walk>
Status read_map(const Json& json, const char* name, Map& out, Walk walk) {
    const auto found = json.find(name);
    if (found == json.end()) return {};
    if (!found->is_object()) return bad(name, "not an object");
    for (const auto& [key, entry] : found->items()) {
        if (!Endpoint::parse(key)) return bad(fmt::format("{}.{}", name, key), "not a server");
        if (!entry.is_object()) return bad(fmt::format("{}.{}", name, key), "not an object");
        typename Map::mapped_type value;
        Reader reader{entry};
        walk(reader, value);
        if (!reader.fault.empty()) return bad(fmt::format("{}.{}", name, key), reader.fault);
        out.emplace(key, std::move(value));
    }
    return {};
}

Result<Incumbent> read_incumbent(const Json& json) {
    if (!json.is_object()) return bad("incumbents", "not an object");
    const auto name = get_string(json, "name");
    auto endpoint = Endpoint::parse(name);
    if (!endpoint) return bad("incumbents", endpoint.error().detail);
    Incumbent out{.endpoint = *std::move(endpoint), .address = std::nullopt};
    const auto timescale = parse_word<Timescale>(get_string(json, "timescale", "unknown"));
    if (!timescale) return bad(name, "no such timescale");
    out.timescale = *timescale;
    if (const auto address = get_string(json, "address"); !address.empty()) {
        const auto parsed = Address::parse(address);
        if (!parsed) return bad(name, parsed.error().detail);
        out.address = *parsed;
    }
    Reader reader{json};
    walk_incumbent(reader, out);
    if (!reader.fault.empty()) return bad(name, reader.fault);
    return out;
}

Status read_incumbents(const Json& json, const char* name, std::vector<Incumbent>& out) {
    const auto& array = get_array(json, name);
    if (array.size() > kMaxIncumbents) return bad(name, fmt::format("more than {} entries", kMaxIncumbents));
    for (const auto& entry : array) {
        auto incumbent = read_incumbent(entry);
        if (!incumbent) return incumbent.error();
        out.push_back(*std::move(incumbent));
    }
    return {};
}

}  // namespace

Json to_json(const SelectionState& state) {
    return {
        {"incumbents", write_incumbents(state.incumbents)},
        {"proposed", write_incumbents(state.proposed)},
        {"servers", write_map(state.servers, [](auto&& walk, const auto& value) { walk_server(walk, value); })},
        {"penalties", write_map(state.penalties, [](auto&& walk, const auto& value) { walk_penalty(walk, value); })},
        {"pools", write_map(state.pools, [](auto&& walk, const auto& value) { walk_pool(walk, value); })}};
}

Result<SelectionState> parse_selection_state(const Json& json) {
    if (!json.is_object()) return bad("document", "not an object");
    SelectionState out;
    if (auto ok = read_incumbents(json, "incumbents", out.incumbents); !ok) return ok.error();
    if (auto ok = read_incumbents(json, "proposed", out.proposed); !ok) return ok.error();
    if (auto ok = read_map(json, "servers", out.servers, [](auto& walk, auto& value) { walk_server(walk, value); });
        !ok)
        return ok.error();
    if (auto ok =
            read_map(json, "penalties", out.penalties, [](auto& walk, auto& value) { walk_penalty(walk, value); });
        !ok)
        return ok.error();
    if (auto ok = read_map(json, "pools", out.pools, [](auto& walk, auto& value) { walk_pool(walk, value); }); !ok)
        return ok.error();
    // More than is kept is no reason to forget all.
    forget_excess(out);
    return out;
}

}  // namespace ntpopt

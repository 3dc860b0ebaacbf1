// Reading for trace.hpp. One reader an object: it asks for keys by name and type and remembers the first that is wrong,
// so that every line of the grammar is one line here.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <tuple>

#include "common/json.hpp"
#include "common/text.hpp"
#include "daemon/core/config/parse.hpp"
#include "daemon/core/record/selection_state.hpp"
#include "daemon/core/record/trace.hpp"
#include "daemon/core/service/source_record.hpp"

namespace ntpopt {
namespace {

constexpr double kMostSeconds = 9e9;    // the year 2255; later times do not fit in 64 bits of nanoseconds
constexpr double kMostOffset_s = 1e11;  // 3,000 years
constexpr std::size_t kMaxSamples = 64;
constexpr std::size_t kMaxSources = 256;
constexpr std::size_t kMaxText = 1024;
constexpr int kMostRefused = 1'000'000;

Error wrong(std::string_view what) {
    return {Errc::parse, std::string(what)};
}

/// Must a key be there with a value, or may it be null, or missing?
enum class Need { value, required, optional };

class Reader {
  public:
    explicit Reader(const Json& json) : json_(json) {}

    /// The value of the key; nothing where it is missing or null.
    const Json* find(const char* key, Need need) {
        const auto found = json_.find(key);
        if (found == json_.end()) {
            if (need != Need::optional) refuse(key, "is missing");
            return nullptr;
        }
        if (found->is_null() && need == Need::value) refuse(key, "is null");
        return found->is_null() ? nullptr : &*found;
    }

    std::optional<double> number(const char* key, double low, double high, Need need = Need::required) {
        const auto* found = find(key, need);
        if (!found) return std::nullopt;
        if (!found->is_number()) return refuse(key, "is not a number"), std::nullopt;
        const auto value = found->get<double>();
        if (!(value >= low && value <= high))
            return refuse(key, fmt::format("is not between {:g} and {:g}", low, high)), std::nullopt;
        return value;
    }

    std::optional<int> integer(const char* key, int low, int high, Need need = Need::required) {
        const auto* found = find(key, need);
        if (!found) return std::nullopt;
        const auto value = get_integer(json_, key);
        if (!value) return refuse(key, "is not an integer"), std::nullopt;
        if (*value < low || *value > high)
            return refuse(key, fmt::format("is not between {} and {}", low, high)), std::nullopt;
        return static_cast<int>(*value);
    }

    bool flag(const char* key, bool fallback, Need need = Need::optional) {
        const auto* found = find(key, need);
        if (!found) return fallback;
        if (!found->is_boolean()) return refuse(key, "is neither true nor false"), fallback;
        return found->get<bool>();
    }

    std::string text(const char* key, Need need = Need::required) {
        const auto* found = find(key, need);
        if (!found) return {};
        if (!found->is_string()) return refuse(key, "is not a string"), std::string();
        auto value = found->get<std::string>();
        if (value.size() > kMaxText) return refuse(key, fmt::format("is longer than {} bytes", kMaxText)), value;
        return value;
    }

    const Json& array(const char* key, std::size_t most, Need need = Need::required) {
        static const Json kEmpty = Json::array();
        const auto* found = find(key, need);
        if (!found) {
            if (need == Need::required) refuse(key, "is not an array");
            return kEmpty;
        }
        if (!found->is_array()) return refuse(key, "is not an array"), kEmpty;
        if (found->size() > most) return refuse(key, fmt::format("has more than {} entries", most)), kEmpty;
        return *found;
    }

    /// A text that one of our parsers understands; nothing where it is missing, null or empty.
    template <typename Parse>
    auto parsed(const char* key, Parse parse, Need need = Need::required)
        -> std::optional<typename decltype(parse(std::string_view()))::value_type> {
        const auto value = text(key, need);
        if (value.empty()) return std::nullopt;
        auto result = parse(value);
        if (result) return *std::move(result);
        refuse(key, result.error().detail);
        return std::nullopt;
    }

    /// One of the words up to `last`, as name_of() spells them.
    template <typename Word>
    std::optional<Word> word(const char* key, Word last, Need need) {
        if (!find(key, need)) return std::nullopt;
        const auto value = text(key, need);
        std::string words;
        for (int i = 0; i <= static_cast<int>(last); ++i) {
            const auto known = static_cast<Word>(i);
            if (name_of(known) == value) return known;
            words += fmt::format("{}{}", words.empty() ? "" : ", ", name_of(known));
        }
        refuse(key, fmt::format("has no meaning: '{}'; it is one of {}", printable(value, 40), words));
        return std::nullopt;
    }

    void refuse(std::string_view key, std::string_view why) {
        if (fault_.empty()) fault_ = fmt::format("key '{}' {}", key, why);
    }

    [[nodiscard]] Status done() const {
        if (fault_.empty()) return {};
        return wrong(fault_);
    }

  private:
    const Json& json_;
    std::string fault_;
};

/// "192.0.2.9", or at stratum 1 also the up to four letters that people know ("GPS").
Result<std::uint32_t> parse_refid(std::string_view text) {
    std::uint32_t bits = 0;
    if (const auto address = Address::parse(text); address && address->is_v4()) {
        for (std::size_t i = 0; i < 4; ++i)
            bits = bits << 8 | address->octets()[i];
        return bits;
    }
    if (text.size() > 4) return wrong("is neither a dotted quad nor up to four letters");
    for (std::size_t i = 0; i < 4; ++i)
        bits = bits << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
    return bits;
}

/// "e1b2c3d4.00000000": the 64 bits of an NTP timestamp.
Result<std::uint64_t> parse_reference_time(std::string_view text) {
    std::uint64_t parts[2] = {0, 0};
    const auto pieces = split(text, '.');
    bool good = pieces.size() == 2;
    for (std::size_t i = 0; good && i < 2; ++i) {
        const auto number = parse_number<std::uint32_t>(pieces[i], 16);
        good = pieces[i].size() == 8 && number;
        parts[i] = number.value_or(0);
    }
    if (!good) return wrong("is not two times eight hexadecimal digits with a dot between");
    return parts[0] << 32 | parts[1];
}

Result<std::optional<Sample>> parse_sample(const Json& json) {
    if (json.is_null()) return std::optional<Sample>();
    if (!json.is_object()) return wrong("key 'samples' holds something that is neither an object nor null");
    Reader reader(json);
    Sample sample;
    const auto offset = reader.number("offset_s", -kMostOffset_s, kMostOffset_s);
    const auto delay = reader.number("delay_s", -kMostSeconds, kMostSeconds);
    sample.t_s = reader.number("t_s", -kMostSeconds, kMostSeconds, Need::optional).value_or(0);
    if (auto status = reader.done(); !status) return status.error().in("a sample");
    if (!offset || !delay) return wrong("a sample: offset_s and delay_s are numbers");
    sample.offset_s = *offset;
    sample.delay_s = *delay;
    return std::optional(sample);
}

/// The header counts where there is a valid sample that carried it, or where the server admits that it is not
/// synchronised; else what a silent server's line says of it is only what somebody filled in.
std::optional<ServerHeader> read_header(Reader& reader, bool sampled) {
    const auto stratum = reader.integer("stratum", 0, 255);
    const auto leap = reader.integer("leap", 0, 3);
    const auto refid = reader.parsed("refid", parse_refid);
    const auto root_delay = reader.number("root_delay_s", -kMostSeconds, kMostSeconds);
    const auto root_dispersion = reader.number("root_dispersion_s", -kMostSeconds, kMostSeconds);
    const auto age = reader.number("reference_age_s", -kMostOffset_s, kMostOffset_s);
    const auto time = reader.parsed("reference_time", parse_reference_time, Need::optional);
    const auto precision = reader.integer("precision_log2", -128, 127, Need::optional);
    const bool admitted = stratum && (*stratum > 15 || leap == 3);
    if (!stratum || !(sampled || admitted || reader.flag("header", false))) return std::nullopt;
    return ServerHeader{.stratum = *stratum,
                        .leap = leap.value_or(0),
                        .refid = refid.value_or(0),
                        .root_delay_s = root_delay.value_or(0),
                        .root_dispersion_s = root_dispersion.value_or(0),
                        .reference_age_s = age.value_or(0),
                        .reference_time = time.value_or(0),
                        .precision_log2 = precision.value_or(0)};
}

Result<std::optional<Spared>> read_spared(Reader& reader) {
    const auto* found = reader.find("spared", Need::optional);
    if (!found) return std::optional<Spared>();
    if (!found->is_object()) return wrong("key 'spared' is not an object");
    Reader spared(*found);
    const auto requests = spared.integer("requests", 1, kMaxSamples);
    const auto samples = spared.integer("samples", 0, kMaxRecordSamples);
    const auto deviation = spared.number("deviation_s", 0, kMostSeconds);
    if (auto status = spared.done(); !status) return status.error().in("spared");
    if (!requests || !samples || !deviation) return wrong("spared: requests, samples and deviation_s are numbers");
    return std::optional(Spared{*requests, *samples, *deviation});
}

Result<Measurement> read_measurement(Reader& reader) {
    Measurement out;
    for (const auto& entry : reader.array("samples", kMaxSamples)) {
        auto sample = parse_sample(entry);
        if (!sample) return sample.error();
        out.samples.push_back(*sample);
    }
    auto spared = read_spared(reader);
    if (!spared) return spared.error();
    out.spared = *spared;
    out.header = read_header(reader, out.received() > 0);
    out.kiss = reader.text("kod");
    out.refused = reader.integer("refused", 0, kMostRefused, Need::optional).value_or(0);
    out.refusal = reader.text("refusal", Need::optional);
    out.failure = reader.text("send_failure", Need::optional);
    return out;
}

Result<Observation> parse_candidate(const Json& json, std::vector<std::string>& trusted) {
    if (!json.is_object()) return wrong("is not an object");
    Reader reader(json);
    auto endpoint = reader.parsed("name", Endpoint::parse);
    const auto pool = reader.parsed("pool", HostName::parse, Need::optional);
    if (auto status = reader.done(); !status) return status.error();
    if (!endpoint) return wrong("key 'name' is empty");
    if (pool) endpoint->host = *pool;
    if (const auto port = reader.integer("port", 1, 65535, Need::optional))
        endpoint->port = static_cast<std::uint16_t>(*port);
    Observation out{.candidate = {.endpoint = *std::move(endpoint)},
                    .address = reader.parsed("address", Address::parse),
                    .measurement = {},
                    .failure = ""};
    auto& candidate = out.candidate;
    candidate.pool = pool.has_value();
    candidate.operator_name = reader.text("operator");
    candidate.region = reader.text("region", Need::optional);
    candidate.regional = reader.flag("regional", false, Need::value);
    candidate.anycast = reader.flag("anycast", false);
    candidate.source = reader.word("source", CandidateSource::pool_zone, Need::optional).value_or(candidate.source);
    candidate.timescale = reader.word("timescale", Timescale::unknown, Need::value).value_or(Timescale::unknown);
    if (reader.flag("trusted", false, Need::value)) trusted.push_back(candidate.endpoint.host.text());
    auto measurement = read_measurement(reader);
    if (!measurement) return measurement.error();
    out.measurement = *std::move(measurement);
    out.probed = reader.flag("probed", true) && out.address;
    out.asked = reader.flag("asked", true);
    out.failure = reader.text("failure", Need::optional);
    if (auto status = reader.done(); !status) return status.error();
    return out;
}

Status read_sources(Reader& reader, const char* key, std::vector<CurrentSource>& out) {
    for (const auto& entry : reader.array(key, kMaxSources, Need::optional)) {
        if (!entry.is_object()) return wrong(fmt::format("key '{}' holds something that is not an object", key));
        Reader source(entry);
        const auto endpoint = source.parsed("name", Endpoint::parse);
        const bool pool = source.flag("pool", false);
        const auto timescale =
            source.word("timescale", Timescale::unknown, Need::optional).value_or(Timescale::unknown);
        if (auto status = source.done(); !status) return status.error().in(key);
        if (!endpoint) return wrong(fmt::format("key '{}' holds a source without a name", key));
        out.push_back({*endpoint, pool, timescale});
    }
    return {};
}

Result<TraceLine> parse_round(const Json& json) {
    TraceRound out;
    Reader reader(json);
    auto& context = out.context;
    const auto time = reader.number("time_s", 0, kMostSeconds);
    context.synchronised = reader.flag("synchronised", false);
    context.pools = reader.flag("pools", true);
    context.multi_source = reader.flag("multi_source", true);
    context.ports = reader.flag("ports", true);
    context.serves_others = reader.flag("serves_others", false);
    context.leap_window = reader.flag("leap_window", false);
    out.decided = reader.text("decided", Need::optional);
    if (auto read = read_sources(reader, "current", context.current); !read) return read.error();
    if (auto read = read_sources(reader, "kept", context.kept); !read) return read.error();
    for (const auto& entry : reader.array("own_addresses", kMaxSources, Need::optional)) {
        auto address = Address::parse(entry.is_string() ? entry.get_ref<const std::string&>() : std::string());
        if (!address) return address.error().in("own_addresses");
        context.own_addresses.push_back(*address);
    }
    const auto& candidates = reader.array("candidates", kMaxTraceCandidates);
    if (auto status = reader.done(); !status) return status.error();
    if (!time) return wrong("key 'time_s' is not a number");
    context.time_s = *time;
    std::map<std::tuple<Endpoint, bool, std::optional<Address>>, std::size_t> numbers;
    for (const auto& entry : candidates) {
        auto seen = parse_candidate(entry, out.trusted);
        if (!seen) {
            const auto name = printable(get_string(entry, "name"), 80);
            return seen.error().in(fmt::format("candidate {}{}", out.observations.size() + 1,
                                               name.empty() ? "" : fmt::format(" ('{}')", name)));
        }
        const auto& candidate = seen->candidate;
        const auto [first, is_new] =
            numbers.emplace(std::tuple{candidate.endpoint, candidate.pool, seen->address}, out.observations.size() + 1);
        if (!is_new)
            return wrong(fmt::format("candidate {} ('{}') repeats candidate {}: the same name, port and address",
                                     out.observations.size() + 1, candidate.endpoint.text(), first->second));
        out.observations.push_back(*std::move(seen));
    }
    return TraceLine(std::move(out));
}

Result<TraceLine> parse_config_line(const Json& json) {
    if (!json.is_object()) return wrong("key 'config' is not an object");
    if (json.size() > kMaxSources) return wrong(fmt::format("key 'config' has more than {} entries", kMaxSources));
    std::vector<ConfigOverride> values;
    for (const auto& [key, value] : json.items())
        values.push_back({"selection." + key, value});
    auto parsed = parse_config({}, values);
    if (parsed.ok()) return TraceLine(std::move(parsed.config.selection));
    const auto& problem = parsed.problems.front();
    return wrong(fmt::format("config: {}: {}", problem.key, problem.what));
}

Result<TraceLine> parse_event(const Json& json) {
    Reader reader(json);
    TraceEvent out;
    out.kind = reader.word("event", TraceEvent::Kind::left_out, Need::value).value_or(out.kind);
    out.time_s = reader.number("time_s", 0, kMostSeconds, Need::optional);
    out.until_s = reader.number("until_s", 0, kForever, Need::optional);
    const bool of_server = out.kind == TraceEvent::Kind::blacklist || out.kind == TraceEvent::Kind::unblacklist;
    const auto server = reader.parsed("server", Endpoint::parse, of_server ? Need::required : Need::optional);
    if (server) out.server = server->text();
    if (of_server && !server) reader.refuse("server", "is empty");
    for (const auto& entry : reader.array("servers", kMaxSources, Need::optional)) {
        const auto endpoint = Endpoint::parse(entry.is_string() ? entry.get_ref<const std::string&>() : std::string());
        if (!endpoint) return endpoint.error().in("servers");
        out.servers.push_back(endpoint->text());
    }
    if (auto status = reader.done(); !status) return status.error();
    return TraceLine(std::move(out));
}

/// What the library says of a document, without its own name and its line 1: the caller knows which line of the trace.
std::string_view without_place(std::string_view what) {
    if (const auto column = what.find("column "); column != std::string_view::npos) return what.substr(column);
    if (const auto name = what.find("] "); what.starts_with('[') && name != std::string_view::npos)
        return what.substr(name + 2);
    return what;
}

Result<TraceLine> parse_state_line(const Json& json, bool continues) {
    auto state = parse_selection_state(json);
    if (!state) return state.error();
    return TraceLine(TraceState{*std::move(state), continues});
}

}  // namespace

Result<TraceLine> parse_trace_line(std::string_view line) {
    auto json = parse_json(line, kMaxTraceLine);
    if (!json) return wrong(printable(without_place(json.error().detail), 512));
    if (!json->is_object()) return wrong("not a JSON object");
    std::string_view kind;
    for (const std::string_view key : {"candidates", "config", "state", "more_state", "event"}) {
        if (!json->contains(key)) continue;
        if (!kind.empty()) return wrong(fmt::format("keys '{}' and '{}' do not go in one line", kind, key));
        kind = key;
    }
    if (kind.empty()) return wrong("none of the keys candidates, config, state and event is there");
    if (kind == "candidates") return parse_round(*json);
    if (kind == "event") return parse_event(*json);
    const auto& value = (*json)[std::string(kind)];
    return kind == "config" ? parse_config_line(value) : parse_state_line(value, kind == "more_state");
}

}  // namespace ntpopt

// Text to ServerSpec, by one table of keys from which --help is rendered too.
#include "tests/fakentp/server_spec.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "common/text.hpp"

namespace ntpopt::fakentp {
namespace {

using Setter = Status (*)(ServerSpec&, std::string_view);

struct Key {
    std::string_view name;
    std::string_view help;
    Setter set;
};

constexpr std::array<std::pair<std::string_view, Fault>, 14> kFaults{{
    {"none", Fault::none},
    {"empty", Fault::empty},
    {"cut", Fault::cut},
    {"garbage", Fault::garbage},
    {"echo", Fault::echo},
    {"mode", Fault::mode},
    {"version", Fault::version},
    {"wrong_origin", Fault::wrong_origin},
    {"zero_origin", Fault::zero_origin},
    {"zero_receive", Fault::zero_receive},
    {"zero_transmit", Fault::zero_transmit},
    {"backwards", Fault::backwards},
    {"slow", Fault::slow},
    {"trailer", Fault::trailer},
}};

Error bad(std::string_view value, std::string_view right) {
    return {Errc::invalid_argument, fmt::format("'{}' is not {}", printable(value, 40), right)};
}

template <typename Number>
Result<Number> parse_number(std::string_view text, Number low, Number high) {
    Number number{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || !(number >= low && number <= high))
        return bad(text, fmt::format("a number from {} to {}", low, high));
    return number;
}

Result<Duration> parse_signed(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    auto duration = parse_duration(text);
    if (duration && negative) return -*duration;
    return duration;
}

Result<bool> parse_bool(std::string_view text) {
    if (text == "yes") return true;
    if (text == "no") return false;
    return bad(text, "yes or no");
}

template <typename Value>
Status put(Result<Value> value, Value& target) {
    if (!value) return value.error();
    target = std::move(*value);
    return {};
}

template <Duration ServerSpec::*Member>
Status set_duration(ServerSpec& spec, std::string_view value) {
    return put(parse_duration(value), spec.*Member);
}

Status set_delay(ServerSpec& spec, std::string_view value) {
    const auto delay = parse_duration(value);
    if (!delay) return delay.error();
    spec.forward = *delay / 2;
    spec.backward = *delay - spec.forward;
    return {};
}

Status set_shape(ServerSpec& spec, std::string_view value) {
    if (value != "exponential" && value != "gaussian") return bad(value, "exponential or gaussian");
    spec.shape = value == "gaussian" ? JitterShape::gaussian : JitterShape::exponential;
    return {};
}

Status set_loss(ServerSpec& spec, std::string_view value) {
    const bool percent = value.ends_with('%');
    if (percent) value.remove_suffix(1);
    auto number = parse_number<double>(value, 0, percent ? 100 : 1);
    if (number && percent) *number /= 100;
    return put(std::move(number), spec.loss);
}

Status set_refid(ServerSpec& spec, std::string_view value) {
    if (const auto address = Address::parse(value); address && address->is_v4()) {
        spec.refid = 0;
        for (std::size_t i = 0; i < 4; ++i)
            spec.refid = spec.refid << 8 | address->octets()[i];
        return {};
    }
    if (value.empty() || value.size() > 4) return bad(value, "an IPv4 address or 1 to 4 characters");
    spec.refid = 0;
    for (std::size_t i = 0; i < 4; ++i)
        spec.refid = spec.refid << 8 | (i < value.size() ? static_cast<std::uint8_t>(value[i]) : 0U);
    return {};
}

Status set_kod(ServerSpec& spec, std::string_view value) {
    if (value == "none") value = {};
    if (value.size() > 4) return bad(value, "a kiss code of at most 4 characters");
    spec.kod = value;
    return {};
}

Status set_fault(ServerSpec& spec, std::string_view value) {
    for (const auto& [word, fault] : kFaults) {
        if (word != value) continue;
        spec.fault = fault;
        return {};
    }
    return bad(value, "a fault");
}

Status set_unsynchronised(ServerSpec& spec, std::string_view value) {
    const auto on = parse_bool(value);
    if (!on) return on.error();
    spec.leap = *on ? 3 : 0;
    spec.stratum = *on ? 0 : 2;
    return {};
}

constexpr std::array<Key, 22> kKeys{{
    {"name", "what commands and counts call it",
     [](ServerSpec& spec, std::string_view value) -> Status {
         if (value.empty()) return bad(value, "a name");
         spec.name = value;
         return {};
     }},
    {"delay", "round trip, half of it on each leg: 20ms", set_delay},
    {"forward", "client to server alone", set_duration<&ServerSpec::forward>},
    {"backward", "server to client alone", set_duration<&ServerSpec::backward>},
    {"jitter", "random addition to each leg: 1ms", set_duration<&ServerSpec::jitter>},
    {"shape", "of the jitter: exponential (mean) or gaussian (standard deviation)", set_shape},
    {"loss", "share of exchanges without an answer: 10% or 0.1", set_loss},
    {"offset", "server clock minus this machine's clock: -50ms",
     [](ServerSpec& spec, std::string_view value) { return put(parse_signed(value), spec.offset); }},
    {"drift", "of the server clock, in ppm",
     [](ServerSpec& spec, std::string_view value) { return put(parse_number(value, -1e6, 1e6), spec.drift_ppm); }},
    {"stratum", "0 to 255",
     [](ServerSpec& spec, std::string_view value) { return put(parse_number(value, 0, 255), spec.stratum); }},
    {"leap", "leap indicator, 0 to 3",
     [](ServerSpec& spec, std::string_view value) { return put(parse_number(value, 0, 3), spec.leap); }},
    {"precision", "log2 of seconds",
     [](ServerSpec& spec, std::string_view value) { return put(parse_number(value, -128, 127), spec.precision_log2); }},
    {"refid", "IPv4 address or 1 to 4 characters", set_refid},
    {"root_delay", "root delay", set_duration<&ServerSpec::root_delay>},
    {"root_dispersion", "root dispersion", set_duration<&ServerSpec::root_dispersion>},
    {"reference_age", "how long before T3 the reference timestamp lies",
     [](ServerSpec& spec, std::string_view value) { return put(parse_signed(value), spec.reference_age); }},
    {"unsynchronised", "yes: leap 3, stratum 0", set_unsynchronised},
    {"silent", "yes: never answers",
     [](ServerSpec& spec, std::string_view value) { return put(parse_bool(value), spec.silent); }},
    {"kod", "every answer is this kiss-o'-death: RATE, or none", set_kod},
    {"fault",
     "none empty cut garbage echo mode version wrong_origin zero_origin zero_receive zero_transmit backwards slow "
     "trailer",
     set_fault},
    {"copies", "of every answer, 1 to 8",
     [](ServerSpec& spec, std::string_view value) { return put(parse_number(value, 1, 8), spec.copies); }},
    {"late", "the answer is held back by this after it was stamped: 7s", set_duration<&ServerSpec::late>},
}};

Status assign(ServerSpec& spec, std::string_view word) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return bad(word, "of the form key=value");
    for (const auto& key : kKeys) {
        if (key.name != word.substr(0, equals)) continue;
        const auto done = key.set(spec, word.substr(equals + 1));
        if (!done) return done.error().in(key.name);
        return {};
    }
    return bad(word.substr(0, equals), "a key of a fake server");
}

}  // namespace

Status change_spec(ServerSpec& spec, std::string_view assignments) {
    ServerSpec changed = spec;
    for (const auto word : words(assignments))
        if (const auto done = assign(changed, word); !done) return done.error();
    spec = std::move(changed);
    return {};
}

Result<ServerSpec> parse_spec(std::string_view line) {
    const auto text = trim(line);
    const auto blank = text.find_first_of(" \t");
    const auto endpoint = Endpoint::parse(text.substr(0, blank));
    if (!endpoint) return endpoint.error();
    const auto* address = endpoint->host.address();
    if (!address) return bad(text.substr(0, blank), "an address with an optional port");
    ServerSpec spec;
    spec.address = *address;
    spec.port = endpoint->port;
    spec.name = endpoint->text();
    if (blank != std::string_view::npos)
        if (const auto done = change_spec(spec, text.substr(blank)); !done) return done.error().in(spec.name);
    return spec;
}

std::string describe_keys() {
    std::string text;
    for (const auto& key : kKeys)
        text += fmt::format("  {:<16}{}\n", key.name, key.help);
    return text;
}

}  // namespace ntpopt::fakentp

// Reading and showing for value_types.hpp.
#include "daemon/core/config/value_types.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

namespace ntpopt::config_values {
namespace {

std::string quoted(const Json& value) {
    if (value.is_null()) return "a date or time";
    return printable(without_url(render_json(value)), 60);
}

/// The whole text as a plain decimal number, and nothing else.
std::optional<double> decimal(std::string_view text) {
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (failure != std::errc{} || rest != end || !std::isfinite(number)) return std::nullopt;
    return number;
}

Error out_of_range(const Json& got, std::string_view range) {
    return {Errc::invalid_argument, fmt::format("{} is out of range: {}", quoted(got), range)};
}

using Unit = std::pair<std::string_view, std::uint64_t>;
constexpr std::array kByteUnits{Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20}, Unit{"KiB", 1ULL << 10}};

}  // namespace

Error expected(std::string_view what, const Json& got) {
    return {Errc::invalid_argument, fmt::format("{} is not right here: expected {}", quoted(got), what)};
}

Status Integer::read(const Json& json, int& out) const {
    if (!json.is_number_integer()) return expected(fmt::format("an integer, {}", range()), json);
    const auto value = json.get<std::int64_t>();
    if (value < low || value > high) return out_of_range(json, range());
    out = static_cast<int>(value);
    return {};
}

Status Number::read(const Json& json, double& out) const {
    if (!json.is_number()) return expected(fmt::format("a number, {}", range()), json);
    const auto value = json.get<double>();
    if (!(value >= low && value <= high)) return out_of_range(json, range());
    out = value;
    return {};
}

Json Number::show(double value) const {
    const auto whole = static_cast<std::int64_t>(value);
    return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Status Boolean::read(const Json& json, bool& out) const {
    if (!json.is_boolean()) return expected(range(), json);
    out = json.get<bool>();
    return {};
}

std::string Span::range() const {
    return fmt::format("{}{} to {}", automatic ? fmt::format("\"{}\", or ", word) : "", render_duration(low),
                       render_duration(high));
}

Status Span::read(const Json& json, Duration& out) const {
    if (!json.is_string())
        return expected(fmt::format("a duration such as \"{}\", {}", render_duration(high), range()), json);
    const auto& text = json.get_ref<const std::string&>();
    if (automatic && text == word) {
        out = Duration::zero();
        return {};
    }
    const auto parsed = parse_duration(text);
    if (!parsed) return parsed.error();
    if (*parsed < low || *parsed > high) return out_of_range(json, range());
    out = *parsed;
    return {};
}

Json Span::show(Duration value) const {
    return automatic && value == Duration::zero() ? word : render_duration(value);
}

Status Milliseconds::read(const Json& json, double& out) const {
    Duration value{};
    if (auto status = Span{low, high}.read(json, value); !status) return status;
    out = to_seconds(value) * 1000;
    return {};
}

Json Milliseconds::show(double value) const {
    return render_duration(from_seconds(value / 1000));
}

Status Percent::read(const Json& json, double& out) const {
    const auto wanted = fmt::format("a percentage such as \"{}%\", {}", high * 100, range());
    if (!json.is_string()) return expected(wanted, json);
    std::string_view text = json.get_ref<const std::string&>();
    if (text.empty() || text.back() != '%') return expected(wanted, json);
    text.remove_suffix(1);
    const auto number = decimal(text);
    if (!number) return expected(wanted, json);
    if (!(*number >= low * 100 && *number <= high * 100)) return out_of_range(json, range());
    out = *number / 100;
    return {};
}

std::string Bytes::range() const {
    return fmt::format("{} to {}", show(low).get<std::string>(), show(high).get<std::string>());
}

Status Bytes::read(const Json& json, std::uint64_t& out) const {
    const auto wanted = fmt::format("a size with a unit KiB, MiB or GiB, {}", range());
    if (!json.is_string()) return expected(wanted, json);
    const auto text = trim(json.get_ref<const std::string&>());
    for (const auto& [unit, bytes] : kByteUnits) {
        if (!text.ends_with(unit)) continue;
        const auto number = decimal(trim(text.substr(0, text.size() - unit.size())));
        if (!number) return expected(wanted, json);
        const auto value = *number * static_cast<double>(bytes);
        if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)))
            return out_of_range(json, range());
        out = static_cast<std::uint64_t>(value);
        return {};
    }
    return expected(wanted, json);
}

Json Bytes::show(std::uint64_t value) const {
    for (const auto& [unit, bytes] : kByteUnits)
        if (value >= bytes && value % bytes == 0) return fmt::format("{}{}", value / bytes, unit);
    return fmt::format("{:.6g}KiB", static_cast<double>(value) / 1024);
}

Status Text::read(const Json& json, std::string& out) const {
    if (!json.is_string()) return expected(form, json);
    auto checked = check(json.get_ref<const std::string&>());
    if (!checked) return checked.error();
    out = *std::move(checked);
    return {};
}

Status FamilyList::read(const Json& json, ProbeConfig& out) const {
    const auto wanted = std::string(R"(a list of "ipv4" and "ipv6", at least one)");
    if (!json.is_array() || json.empty()) return expected(wanted, json);
    bool v4 = false;
    bool v6 = false;
    for (const auto& entry : json) {
        if (entry == "ipv4")
            v4 = true;
        else if (entry == "ipv6")
            v6 = true;
        else
            return expected(wanted, entry);
    }
    out.ipv4 = v4;
    out.ipv6 = v6;
    return {};
}

Json FamilyList::show(const ProbeConfig& value) const {
    auto out = Json::array();
    if (value.ipv4) out.push_back("ipv4");
    if (value.ipv6) out.push_back("ipv6");
    return out;
}

Status WeightTable::read(const Json& json, Weights& out) const {
    if (!json.is_object())
        return expected("a table such as { jitter = 0.35, reachability = 0.30, stratum = 0.25, latency = 0.10 }", json);
    Weights weights{0, 0, 0, 0};
    const std::array<std::pair<std::string, double*>, 4> parts{{{"jitter", &weights.jitter},
                                                                {"reachability", &weights.reachability},
                                                                {"stratum", &weights.stratum},
                                                                {"latency", &weights.latency}}};
    double sum = 0;
    for (const auto& [key, value] : json.items()) {
        double* target = nullptr;
        for (const auto& [name, part] : parts)
            if (name == key) target = part;
        if (!target)
            return Error{
                Errc::invalid_argument,
                fmt::format("'{}' is not a part of the score: they are jitter, reachability, stratum and latency",
                            printable(key, 40))};
        if (auto status = Number{0, 1}.read(value, *target); !status) return status.error().in(key);
        sum += *target;
    }
    // Three decimals written by hand (0.333 three times) are meant to be a whole.
    if (std::abs(sum - 1) > 0.0015)
        return Error{Errc::invalid_argument, fmt::format("the weights sum to {:.6g}, they must sum to 1", sum)};
    out = Weights{weights.jitter / sum, weights.reachability / sum, weights.stratum / sum, weights.latency / sum};
    return {};
}

Json WeightTable::show(const Weights& value) const {
    auto out = Json::object();
    out["jitter"] = value.jitter;
    out["reachability"] = value.reachability;
    out["stratum"] = value.stratum;
    out["latency"] = value.latency;
    return out;
}

Status WebhookList::read(const Json& json, std::vector<WebhookConfig>& out) const {
    constexpr std::size_t kMost = 8;
    if (!json.is_array()) return expected("tables, each written as [[notify.webhook]]", json);
    if (json.size() > kMost) return Error{Errc::invalid_argument, fmt::format("more than {} webhooks", kMost)};
    std::vector<WebhookConfig> webhooks;
    for (const auto& entry : json) {
        if (!entry.is_object()) return expected("tables, each written as [[notify.webhook]]", entry);
        WebhookConfig webhook;
        for (const auto& [name, value] : entry.items()) {
            if (name != "url_file" && name != "secret_file")
                return Error{
                    Errc::invalid_argument,
                    fmt::format("'{}' is no key of a webhook: they are url_file and secret_file", printable(name, 40))};
            if (!value.is_string()) return expected("a path or the name of a credential", value).in(name);
            auto file = check_file(value.get_ref<const std::string&>());
            if (!file) return file.error().in(name);
            (name == "url_file" ? webhook.url_file : webhook.secret_file) = *std::move(file);
        }
        if (webhook.url_file.empty())
            return Error{Errc::invalid_argument, "url_file is missing: it names the file with the URL"};
        webhooks.push_back(std::move(webhook));
    }
    out = std::move(webhooks);
    return {};
}

Json WebhookList::show(const std::vector<WebhookConfig>& value) const {
    auto out = Json::array();
    for (const auto& webhook : value) {
        Json entry{{"url_file", webhook.url_file}};
        if (!webhook.secret_file.empty()) entry["secret_file"] = webhook.secret_file;
        out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace ntpopt::config_values

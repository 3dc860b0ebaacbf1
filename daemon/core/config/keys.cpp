// The table of keys.hpp, and the checks of the few texts that only configuration has.
#include "daemon/core/config/keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/core/config/value_types.hpp"
#include "daemon/core/discover/region.hpp"
#include "daemon/core/select/pattern.hpp"

namespace ntpopt {
namespace {

using namespace config_values;
using namespace std::chrono_literals;

constexpr std::size_t kMaxText = 1024;

Error bad(std::string_view text, std::string_view what) {
    return {Errc::invalid_argument, fmt::format("'{}' {}", printable(without_url(text), 80), what)};
}

bool is_plain(std::string_view text) {
    return text.size() <= kMaxText &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

Result<std::string> check_region(std::string_view text) {
    if (text == "auto") return std::string(text);
    const auto region = parse_region(text);
    if (!region) return region.error();
    return region->text();
}

Result<std::string> check_pool_zone(std::string_view text) {
    if (text == "auto" || text == "none") return std::string(text);
    auto name = HostName::parse(text);
    if (!name) return name.error();
    return name->text();
}

Result<std::string> check_path(std::string_view text) {
    if (text.empty()) return std::string();
    if (!is_plain(text) || text.front() != '/') return bad(text, "is not an absolute path of printable characters");
    return std::string(text);
}

Result<std::string> parse_list_url(std::string_view text) {
    const bool remote = text.starts_with("https://") && text.size() > 8;
    const bool local = text.starts_with("file:///") && text.size() > 8;
    if (!is_plain(text) || text.find(' ') != std::string_view::npos || (!remote && !local))
        return bad(text, "is not an address of a list: write https://... or file:///...");
    return std::string(text);
}

Result<Endpoint> parse_server(std::string_view text) {
    auto endpoint = Endpoint::parse(text);
    if (!endpoint) return endpoint;
    if (const auto* address = endpoint->host.address(); address && address->is_unusable())
        return bad(text, "is a multicast, broadcast or unspecified address: no server can have it");
    return endpoint;
}

Result<std::string> parse_pattern(std::string_view text) {
    if (const auto pattern = Pattern::parse(text); !pattern) return pattern.error();
    return to_lower(text);
}

/// An absolute path, or the name of a credential (systemd.exec(5): a file name).
Result<std::string> check_secret_file(std::string_view text) {
    if (text.empty()) return std::string();
    const bool plain = is_plain(text) && text.find(' ') == std::string_view::npos;
    const bool path = text.front() == '/' && text.size() > 1;
    const bool name = text.find('/') == std::string_view::npos && text.front() != '.' && text.size() <= 255;
    // The text is not repeated: it may be the secret itself.
    if (!plain || (!path && !name))
        return Error{Errc::invalid_argument,
                     "neither an absolute path nor the name of a credential: the secret itself goes into that file"};
    return std::string(text);
}

Result<std::string> check_mail_server(std::string_view text) {
    if (text.empty()) return std::string();
    const auto host = Host::parse(text);
    if (!host) return host.error();
    return host->text();
}

/// The dot-atom form of an address (RFC 5322 3.4.1), which needs no quoting in a header, an envelope or a list.
Result<std::string> parse_mail_address(std::string_view text) {
    constexpr std::string_view kAtext = "!#$%&'*+-/=?^_`{|}~.";
    const auto at = text.rfind('@');
    const auto local = text.substr(0, at == std::string_view::npos ? 0 : at);
    const bool dots =
        local.empty() || local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos;
    const bool atoms = std::all_of(local.begin(), local.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kAtext.find(c) != std::string_view::npos;
    });
    if (dots || !atoms || local.size() > 64 || !HostName::parse(text.substr(at + 1)))
        return bad(text, "is not an address such as admin@example.net");
    return std::string(text);
}

Result<std::string> check_mail_address(std::string_view text) {
    return text.empty() ? Result<std::string>(std::string()) : parse_mail_address(text);
}

Result<std::string> check_plain(std::string_view text) {
    if (!is_plain(text)) return bad(text, "has characters that cannot be printed, or too many");
    return std::string(text);
}

template <typename Access, typename Kind>
ConfigKey key(std::string section, std::string name, Access access, Kind kind) {
    ConfigKey out{std::move(section), std::move(name), kind.type(), kind.range(), {}, {}};
    out.read = [access, kind](const Json& json, ConfigDraft& draft) { return kind.read(json, access(draft.config)); };
    out.show = [access, kind](const Config& config) { return kind.show(access(config)); };
    return out;
}

/// Weights are read into the draft, since they count only with the profile "custom", which may stand in another file.
ConfigKey weights_key() {
    const WeightTable kind;
    return {"selection",
            "weights",
            kind.type(),
            kind.range(),
            [kind](const Json& json, ConfigDraft& draft) { return kind.read(json, draft.custom_weights); },
            [kind](const Config& config) { return kind.show(config.selection.weights); }};
}

// The variable of a key; `auto` makes one text serve for reading (Config&) and showing (const Config&).
#define NTPOPT_AT(member)       \
    [](auto& config) -> auto& { \
        return config.member;   \
    }

std::vector<ConfigKey> make_keys() {
    const List<std::string> patterns{"patterns", "host name, address, CIDR or *.suffix", parse_pattern};
    const Span half{1us, 10s};
    const Text secret{"file", "an absolute path, the name of a credential, or empty", check_secret_file};
    std::vector<ConfigKey> keys{
        key("", "mode", NTPOPT_AT(mode), Choice<Mode>{{{"apply", Mode::apply}, {"observe", Mode::observe}}}),

        key("schedule", "interval", NTPOPT_AT(schedule.interval), Span{30min, std::chrono::days(365)}),
        key("schedule", "splay", NTPOPT_AT(schedule.splay), Percent{0, 0.5}),
        key("schedule", "boot_delay", NTPOPT_AT(schedule.boot_delay), Span{0s, 24h}),

        key("probe", "samples", NTPOPT_AT(probe.samples), Integer{1, 8}),
        key("probe", "timeout", NTPOPT_AT(probe.timeout), Span{10ms, 60s}),
        key("probe", "spacing", NTPOPT_AT(probe.spacing), Span{0s, 64s}),
        key("probe", "max_candidates", NTPOPT_AT(probe.max_candidates), Integer{1, 5000}),
        key("probe", "rate", NTPOPT_AT(probe.rate), Number{0.01, 100000}),
        key("probe", "families", NTPOPT_AT(probe), FamilyList{}),

        key("discovery", "servers", NTPOPT_AT(discovery.servers),
            List<Endpoint>{"servers", "name, address, name:port or [address]:port", parse_server}),
        key("discovery", "pools", NTPOPT_AT(discovery.pools), List<HostName>{"pools", "host name", HostName::parse}),
        key("discovery", "region", NTPOPT_AT(discovery.region),
            Text{"text", "auto, none, a continent such as asia, or with a country such as asia/in", check_region}),
        key("discovery", "regional", NTPOPT_AT(discovery.regional), Boolean{}),
        key("discovery", "pool_zone", NTPOPT_AT(discovery.pool_zone),
            Text{"text", "auto, none or a host name", check_pool_zone}),
        key("discovery", "global", NTPOPT_AT(discovery.global), Boolean{}),
        key("discovery", "lists", NTPOPT_AT(discovery.lists),
            List<std::string>{"addresses", "https://... or file:///...", parse_list_url, 32}),
        key("discovery", "dhcp", NTPOPT_AT(discovery.dhcp), Boolean{}),
        key("discovery", "srv", NTPOPT_AT(discovery.srv), Boolean{}),
        key("discovery", "cloud", NTPOPT_AT(discovery.cloud), Boolean{}),
        key("discovery", "current", NTPOPT_AT(discovery.current), Boolean{}),

        key("selection", "sources", NTPOPT_AT(selection.sources), Integer{1, 8}),
        key("selection", "profile", NTPOPT_AT(selection.profile),
            Choice<Profile>{
                {{"reliability", Profile::reliability}, {"latency", Profile::latency}, {"custom", Profile::custom}}}),
        weights_key(),
        key("selection", "half_jitter", NTPOPT_AT(selection.half_jitter_ms), Milliseconds{half.low, half.high}),
        key("selection", "half_latency", NTPOPT_AT(selection.half_latency_ms), Milliseconds{half.low, half.high}),
        key("selection", "half_stratum", NTPOPT_AT(selection.half_stratum), Number{0.1, 100}),
        key("selection", "min_stratum", NTPOPT_AT(selection.min_stratum), Integer{1, 15}),
        key("selection", "max_stratum", NTPOPT_AT(selection.max_stratum), Integer{1, 15}),
        key("selection", "min_score", NTPOPT_AT(selection.min_score), Number{0, 100}),
        key("selection", "hysteresis", NTPOPT_AT(selection.hysteresis), Number{0, 10}),
        key("selection", "regional_bonus", NTPOPT_AT(selection.regional_bonus), Number{0, 1}),
        key("selection", "rank_by", NTPOPT_AT(selection.rank_by),
            Choice<RankBy>{{{"score", RankBy::score}, {"error", RankBy::error}}}),
        key("selection", "timescale", NTPOPT_AT(selection.timescale),
            Choice<Timescale>{{{"utc", Timescale::utc}, {"smear-24h", Timescale::smear_24h}}}),
        key("selection", "trusted", NTPOPT_AT(selection.trusted), patterns),
        key("selection", "whitelist", NTPOPT_AT(selection.whitelist), patterns),
        key("selection", "blacklist_after", NTPOPT_AT(selection.blacklist_after), Integer{1, 100}),

        key("apply", "service", NTPOPT_AT(apply.service),
            Choice<std::string>{
                {{"auto", "auto"}, {"chronyd", "chronyd"}, {"ntpd", "ntpd"}, {"timesyncd", "timesyncd"}}}),
        key("apply", "policy", NTPOPT_AT(apply.augment), Choice<bool>{{{"replace", false}, {"augment", true}}}),
        key("apply", "replace_dhcp", NTPOPT_AT(apply.replace_dhcp), Boolean{}),
        key("apply", "edit_files", NTPOPT_AT(apply.edit_files), Boolean{}),
        key("apply", "verify_timeout", NTPOPT_AT(apply.verify_timeout), Span{1s, 1h, true}),
        key("apply", "max_changes_per_day", NTPOPT_AT(apply.max_changes_per_day), Integer{1, 100000}),
        key("apply", "max_backups", NTPOPT_AT(apply.max_backups), Integer{1, 100}),
        key("apply", "allow_auth_downgrade", NTPOPT_AT(apply.allow_auth_downgrade), Boolean{}),
        key("apply", "respect_managed", NTPOPT_AT(apply.respect_managed), Boolean{}),
        key("apply", "chrony_conf", NTPOPT_AT(apply.chrony_conf),
            Text{"path", "an absolute path, or empty", check_path}),
        key("apply", "chronyc", NTPOPT_AT(apply.chronyc),
            Text{"command", "an absolute path, perhaps with arguments, or empty", check_path}),

        key("history", "retention", NTPOPT_AT(history.retention), Span{24h, std::chrono::days(3650)}),
        key("history", "max_size", NTPOPT_AT(history.max_size), Bytes{64 * 1024, 1ULL << 30}),
        key("history", "evidence_retention", NTPOPT_AT(history.evidence_retention), Span{24h, std::chrono::days(3650)}),

        key("notify", "min_severity", NTPOPT_AT(notify.min_severity),
            Choice<Severity>{{{"info", Severity::info},
                              {"warning", Severity::warning},
                              {"error", Severity::error},
                              {"critical", Severity::critical}}}),
        key("notify", "error_bound_limit", NTPOPT_AT(notify.error_bound_limit), Span{1us, 1h, true, "off"}),
        key("notify", "webhook", NTPOPT_AT(notify.webhooks), WebhookList{check_secret_file}),
        key("notify.email", "server", NTPOPT_AT(notify.email.server),
            Text{"text", "a host name or address, or empty", check_mail_server}),
        key("notify.email", "port", NTPOPT_AT(notify.email.port), Integer{0, 65535}),
        key("notify.email", "security", NTPOPT_AT(notify.email.security),
            Choice<MailSecurity>{
                {{"starttls", MailSecurity::starttls}, {"tls", MailSecurity::tls}, {"none", MailSecurity::none}}}),
        key("notify.email", "from", NTPOPT_AT(notify.email.from),
            Text{"text", "an address, or empty", check_mail_address}),
        key("notify.email", "to", NTPOPT_AT(notify.email.to),
            List<std::string>{"addresses", "user@host", parse_mail_address, 16}),
        key("notify.email", "username", NTPOPT_AT(notify.email.username),
            Text{"text", "printable, or empty", check_plain}),
        key("notify.email", "password_file", NTPOPT_AT(notify.email.password_file), secret),
        key("notify.slack", "url_file", NTPOPT_AT(notify.slack_url_file), secret),
        key("notify.discord", "url_file", NTPOPT_AT(notify.discord_url_file), secret),
        key("notify.command", "argv", NTPOPT_AT(notify.command),
            List<std::string>{"words", "an absolute path and its arguments", check_plain, 32}),
    };
    return keys;
}

#undef NTPOPT_AT

}  // namespace

const std::vector<ConfigKey>& config_keys() {
    static const std::vector<ConfigKey> keys = make_keys();
    return keys;
}

std::string render_toml(const Json& value) {
    if (value.is_array()) {
        std::string out;
        for (const auto& entry : value)
            out += (out.empty() ? "" : ", ") + render_toml(entry);
        return '[' + out + ']';
    }
    if (value.is_object()) {
        std::string out;
        for (const auto& [name, entry] : value.items())
            out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", name, render_toml(entry));
        return "{ " + out + " }";
    }
    return render_json(value);
}

}  // namespace ntpopt

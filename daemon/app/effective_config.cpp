// Implementation of effective_config.hpp.
#include "daemon/app/effective_config.hpp"

#include "daemon/core/evidence/chain.hpp"

namespace ntpopt {
namespace {

Result<ParsedConfig> parse_effective(const std::vector<ConfigText>& texts, std::optional<Duration> interval_override) {
    std::vector<ConfigOverride> overrides;
    if (interval_override) overrides.push_back({"schedule.interval", Json(render_duration(*interval_override))});
    auto parsed = parse_config(texts, overrides);
    if (!parsed.ok()) return Error{Errc::invalid_argument, render_problems(parsed.problems)};
    return parsed;
}

}  // namespace

Result<ParsedConfig> load_config(const ConfigPlaces& places, std::optional<Duration> interval_override) {
    const auto texts = read_config_files(places);
    if (!texts) return texts.error();
    return parse_effective(*texts, interval_override);
}

ConfigurationDigest digest_of(const ConfigPlaces& places, std::optional<Duration> interval_override) {
    ConfigurationDigest digest;
    const auto texts = read_config_files(places);
    if (!texts) return digest;
    for (const auto& [file, text] : *texts)
        digest.files.emplace_back(file, sha256_hex(text));
    if (const auto parsed = parse_effective(*texts, interval_override))
        digest.settings = sha256_hex(render_json(render_config(parsed->settings)));
    return digest;
}

}  // namespace ntpopt

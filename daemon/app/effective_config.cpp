// Implementation of effective_config.hpp.
#include "daemon/app/effective_config.hpp"

#include <utility>

#include "daemon/core/evidence/chain.hpp"

namespace ntpopt {

Result<LoadedConfig> load_config(const ConfigPlaces& places) {
    auto files = read_config_files(places);
    if (!files) return files.error();
    auto parsed = parse_config(*files);
    if (!parsed.ok()) return Error{Errc::invalid_argument, render_problems(parsed.problems)};
    return LoadedConfig{std::move(*files), std::move(parsed.config)};
}

Json effective_settings(const std::vector<ConfigText>& files, std::optional<Duration> interval_override) {
    std::vector<ConfigOverride> overrides;
    if (interval_override) overrides.push_back({"schedule.interval", Json(render_duration(*interval_override))});
    return render_config(parse_config(files, overrides).settings);
}

ConfigurationDigest digest_of(const std::vector<ConfigText>& files, std::optional<Duration> interval_override) {
    ConfigurationDigest digest;
    for (const auto& [file, text] : files)
        digest.files.emplace_back(file, sha256_hex(text));
    digest.settings = sha256_hex(render_json(effective_settings(files, interval_override)));
    return digest;
}

}  // namespace ntpopt

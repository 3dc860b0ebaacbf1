// Implementation of policy.hpp.
#include "daemon/apply/policy.hpp"

#include <memory>
#include <utility>

#include "daemon/apply/our_files.hpp"
#include "daemon/io/discover/own_entries.hpp"
#include "daemon/io/sys/journal.hpp"

namespace ntpopt {
namespace {

ConfigPlaces places_of(const ApplierOptions& options) {
    ConfigPlaces places = options.config.empty() ? ConfigPlaces() : ConfigPlaces::beside(options.config);
    if (options.user == NTPOPT_USER) places.owner = 0;
    return places;
}

}  // namespace

ApplierPolicy load_policy(const ApplierOptions& options) {
    const auto places = places_of(options);
    auto own = read_own_entries(own_entries_folder(places.main_file), places.owner);
    const auto texts = read_config_files(places);
    if (!texts) return {Config(), std::move(own.entries), texts.error()};
    auto parsed = parse_config(*texts);
    if (!parsed.ok()) own.fault = Error{Errc::invalid_argument, render_problems(parsed.problems)};
    return {std::move(parsed.config), std::move(own.entries), std::move(own.fault)};
}

TimescaleOf load_timescales(const std::string& data_dir, Catalogue own_entries) {
    const auto file = data_dir + "/catalogue.toml";
    const auto text = read_text(file);
    auto shipped = text ? Catalogue::parse(text->value_or("")) : Result<Catalogue>(text.error());
    if (!shipped || !*text)
        log(Priority::warning, "no catalogue: " + (shipped ? file + " is missing" : shipped.error().detail));
    Catalogue all = shipped ? *std::move(shipped) : Catalogue();
    all.put_before(std::move(own_entries));
    const auto shared = std::make_shared<const Catalogue>(std::move(all));
    return [shared](const Host& host) {
        const auto* entry = shared->find(host);
        return entry == nullptr ? Timescale::unknown : entry->timescale;
    };
}

PolicyWatch::PolicyWatch(ApplierOptions options) : options_(std::move(options)), first_(read()) {}

PolicyWatch::Texts PolicyWatch::read() const {
    const auto places = places_of(options_);
    return {read_config_files(places), read_drop_ins(own_entries_folder(places.main_file), places.owner)};
}

bool PolicyWatch::has_changed() const {
    return !(read() == first_);
}

}  // namespace ntpopt

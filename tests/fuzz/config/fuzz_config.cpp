// Any text as configuration, catalogue, region table, hosts file and tzdata: each is read or refused, never more.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/core/config/parse.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/discover/hosts.hpp"
#include "daemon/core/discover/region.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntpopt;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parsed = parse_config({{"fuzz", text}});
    for (const auto& problem : parsed.problems)
        for (const char c : problem.text())
            if (c < 0x20 || c >= 0x7f) std::abort();
    (void)render_json(render_config(parsed.settings));
    const auto continents = Continents::parse(text);
    const auto zones = TimeZones::parse(text, text, text);
    if (continents) (void)zones.region_of("Asia/Kolkata", *continents);
    (void)Catalogue::parse(text);
    (void)parse_hosts(text);
    return 0;
}

// Fuzzes what reads chrony's texts: `chronyd -p`, *.sources files and chronyc's CSV. What is accepted must survive
// being written to a file and read again, since that is how old sources come back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/core/plan/chrony_plan.hpp"
#include "daemon/core/plan/chrony_report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntpopt;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static_cast<void>(parse_chrony_sources_file(text));
    static_cast<void>(parse_chrony_sources(text, text));
    static_cast<void>(parse_chrony_tracking(text));
    const auto config = parse_chrony_config(text);
    if (!config) return 0;
    const auto written = render_chrony_sources(config->sources);
    if (!written) return 0;
    const auto again = parse_chrony_sources_file(*written);
    if (written->size() <= kMaxChronyText && (!again || *again != config->sources)) std::abort();
    return 0;
}

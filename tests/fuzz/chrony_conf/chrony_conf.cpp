// Fuzzes what reads chrony's texts: `chronyd -p`, *.sources files and chronyc's CSV. What is accepted must survive
// being written to a file and read again, since that is how old sources come back; and marks in a configuration file
// must come off again without a trace.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/core/plan/chrony_edit.hpp"
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
    if (const auto marks = read_chrony_marks(text); marks && !marks->present) {
        std::vector<std::string> names;
        for (const auto& directive : config->sources)
            names.push_back(directive.name);
        const auto marked = read_chrony_marks(mark_chrony_config(text, config->sources, names));
        if (marked && marked->original != text) std::abort();
    }
    const auto written = render_chrony_sources(config->sources);
    if (!written) return 0;
    const auto again = parse_chrony_sources_file(*written);
    if (written->size() <= kMaxChronyText && (!again || *again != config->sources)) std::abort();
    return 0;
}

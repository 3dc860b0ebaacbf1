// Any text as a trace: each line is decided or refused by its number, never more. What is decided can be written down
// again, and comes to the same decision.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/core/record/replay.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntpopt;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Replay replay;
    std::size_t number = 0;
    for (std::size_t begin = 0; begin < text.size() && number < 64;) {
        const auto end = std::min(text.find('\n', begin), text.size());
        const auto answer = replay.feed(text.substr(begin, end - begin));
        begin = end + 1;
        ++number;
        if (!answer) {
            if (!answer.error().detail.starts_with("line " + std::to_string(number) + ": ")) std::abort();
            for (const char c : answer.error().detail)
                if (c < 0x20 || c >= 0x7f) std::abort();
            break;
        }
        if (answer->output.empty()) continue;
        const auto& round = *replay.last_round();
        Replay again;
        if (!again.feed(render_trace_config(round.config))) std::abort();
        for (const auto& part : render_trace_state(round.state))
            if (!again.feed(part)) std::abort();
        const auto line = render_trace_round(round.observations, round.config, round.context, "");
        const auto same = again.feed(line);
        if (!same || same->output != answer->output) std::abort();
    }
    (void)replay.state();
    return 0;
}

// What everybody may know of the engine at this moment: one value, replaced as a whole.
#pragma once

#include <string>
#include <vector>

#include "common/duration.hpp"
#include "common/time_text.hpp"
#include "daemon/core/service/service.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

struct EngineState {
    std::string state = "idle";  ///< "idle", a stage while it runs, "recovering" or "stopping"
    Mode mode = Mode::apply;
    Service service = Service::none;
    std::string unit;
    std::string version;
    bool service_active = false;
    std::string region;
    std::vector<std::string> selected;
    Confidence confidence = Confidence::none;
    bool synchronised = false;
    bool paused = false;  ///< after a roll-back by hand: nothing is applied until the next reoptimize by hand
    Duration interval{};
    RealTime last_run{};  ///< the epoch: never
    RealTime next_run{};
    std::uint64_t last_run_id = 0;
    std::vector<std::string> alarms;
};

}  // namespace ntpopt

// The properties of manager_face.hpp, each read from the snapshot when it is asked for.
#include <algorithm>

#include "common/version.hpp"
#include "daemon/api/guard.hpp"
#include "daemon/api/manager_face.hpp"

namespace ntpopt {

std::string ManagerFace::Version() {
    return kVersion;
}
std::string ManagerFace::State() {
    return guarded([&] { return control_.snapshot().state; });
}
std::string ManagerFace::Mode() {
    return guarded([&] { return control_.snapshot().mode; });
}
std::string ManagerFace::Service() {
    return guarded([&] { return control_.snapshot().service; });
}
std::string ManagerFace::Unit() {
    return guarded([&] { return control_.snapshot().unit; });
}
std::string ManagerFace::Region() {
    return guarded([&] { return control_.snapshot().region; });
}
std::vector<std::string> ManagerFace::Selected() {
    return guarded([&] { return control_.snapshot().selected; });
}
std::string ManagerFace::Confidence() {
    return guarded([&] { return control_.snapshot().confidence; });
}
bool ManagerFace::Synchronised() {
    return guarded([&] { return control_.snapshot().synchronised; });
}
std::uint64_t ManagerFace::IntervalUSec() {
    return guarded([&] { return control_.snapshot().interval_usec; });
}
std::uint64_t ManagerFace::LastRunUSec() {
    return guarded([&] { return control_.snapshot().last_run_usec; });
}
std::uint64_t ManagerFace::NextRunUSec() {
    return guarded([&] { return control_.snapshot().next_run_usec; });
}
std::vector<std::string> ManagerFace::Alarms() {
    return guarded([&] { return control_.snapshot().alarms; });
}

std::uint64_t ManagerFace::ClockErrorBoundNSec() {
    return guarded([&]() -> std::uint64_t {
        const auto bound = control_.clock_error_bound();
        return bound ? static_cast<std::uint64_t>(std::max(bound->count(), Duration::rep{0})) : UINT64_MAX;
    });
}

}  // namespace ntpopt

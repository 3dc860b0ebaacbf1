// What ntpoptd counted, in the text format of Prometheus, version 0.0.4: the one place where series have names
// (docs/metrics.md, which a test holds together with this).
#pragma once

#include <string>

#include "common/json.hpp"

namespace ntpopt::ctl {

inline constexpr const char* kExpositionType = "text/plain; version=0.0.4; charset=utf-8";

/// The document of GetMetrics as text; null where the daemon could not be asked, which is then all that the text says.
/// Whatever the daemon sent, it is well-formed and has at most 40 series and 8 a chosen server.
[[nodiscard]] std::string render_exposition(const Json& metrics);

}  // namespace ntpopt::ctl

// The table of servers that `servers` and `reoptimize` share.
#pragma once

#include <string>

#include "common/json.hpp"
#include "ctl/output.hpp"
#include "ctl/table.hpp"

namespace ntpopt::ctl {

/// The ranked table, with why each server is not chosen. Without `all`, servers that were never asked are only counted.
/// `hint`: where there is no room for the reasons, say who tells them.
[[nodiscard]] std::string render_servers(const Json& servers, bool all, const Output& output, bool hint = true);

/// Percent of the requests that the server answered of late; 0 where it answered none this time.
[[nodiscard]] Cell reach_of(const Json& server);

/// How good a verdict is.
[[nodiscard]] Tone tone_of_verdict(std::string_view verdict);

}  // namespace ntpopt::ctl

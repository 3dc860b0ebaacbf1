// The end of a round for people: its decision and, where it changed nothing but might have, the change.
#pragma once

#include <string>

#include "common/exit_code.hpp"
#include "common/json.hpp"
#include "ctl/output.hpp"

namespace ntpopt::ctl {

/// Table, decision and, for a dry run, diff of a run report.
[[nodiscard]] std::string render_report(const Json& report, const Output& output);

/// A diff with its lines coloured.
[[nodiscard]] std::string render_diff(const std::string& diff, const Output& output);

/// "applied" and the like in the colour of its meaning.
[[nodiscard]] Tone tone_of_outcome(std::string_view outcome);
[[nodiscard]] ExitCode exit_code_of_outcome(std::string_view outcome);

}  // namespace ntpopt::ctl

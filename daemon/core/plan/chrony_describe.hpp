// What a change of chronyd's sources would do, for a dry-run: the keys of org.ntpopt1.Applier.Plan. Shows a plan and
// decides nothing about it.
#pragma once

#include <string>

#include "common/json.hpp"
#include "daemon/core/plan/chrony_edit.hpp"
#include "daemon/core/plan/chrony_plan.hpp"

namespace ntpopt {

/// Ordered steps, each with its inverse, commands, what will be verified, files with their diff: by our files in a
/// source directory.
[[nodiscard]] Json describe_plan(const ChronyPlan& plan, const ChronyView& view, const std::string& our_path,
                                 const std::string& restore_path);

/// The same by marked edits of the configuration file.
[[nodiscard]] Json describe_plan(const ChronyPlan& plan, const ChronyView& view, const std::string& config_path,
                                 const ChronyEdits& edits, bool world_readable);

}  // namespace ntpopt

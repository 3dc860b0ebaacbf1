// Who else writes a configuration file: tools that manage machines leave a mark in what they wrote, and write it again
// whenever it differs. Knows the marks only; whether they are respected is the configuration's (respect_managed).
#pragma once

#include <optional>
#include <string_view>

namespace ntpopt {

/// "Ansible", "Puppet", "Chef" or "Salt" where one of the comments in the text says that this tool manages the file.
[[nodiscard]] std::optional<std::string_view> manager_of(std::string_view text);

}  // namespace ntpopt

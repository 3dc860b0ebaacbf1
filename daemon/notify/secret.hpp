// Reads a secret from a file that nobody else may read. The content is never in an error.
#pragma once

#include <string>

#include "common/error.hpp"

namespace ntpopt {

/// The one line of the file, without its end. Errc::refused where others may read or change the file: it must belong to
/// root or to us, with the group of either, 0640 or stricter.
[[nodiscard]] Result<std::string> read_secret(const std::string& path);

}  // namespace ntpopt

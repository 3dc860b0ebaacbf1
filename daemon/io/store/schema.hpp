// The tables of the memory, version by version, and how a file is taken into use: what SQLite is told of durability and
// size, whether the file is whole and ours, and what has to be done to one of an earlier version.
#pragma once

#include "daemon/io/store/database.hpp"

namespace ntpopt {

/// Opens the file for this process alone, checks all of it and brings its tables to this version. Errc::parse where it
/// is damaged, another program's, or of a later version: it must not be written to.
[[nodiscard]] Result<Database> open_memory(const std::string& path);

}  // namespace ntpopt

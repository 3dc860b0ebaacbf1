// The way to a file, walked step by step: every step must be one that nobody but root (or we) can bend, so that nobody
// who may write elsewhere can lead root's hand, or lend root a program.
#pragma once

#include <fcntl.h>

#include <string>

#include "common/error.hpp"
#include "daemon/io/sys/file_descriptor.hpp"

namespace ntpopt {

/// Who else may write into a directory could replace what is in it; in a sticky one, only what is his own.
enum class Safety { ours, shared, unsafe };
[[nodiscard]] Result<Safety> judge_directory(int fd, const std::string& path);

/// Whether the way may lead through what is ours in a sticky directory of all, as /tmp is.
enum class Sticky { allowed, refused };

struct Place {
    FileDescriptor directory;
    std::string name;
};

/// Walks to the directory that holds the last name of an absolute path, and says that name. Errc::refused where
/// somebody else could change the way; links on it count where root made them.
[[nodiscard]] Result<Place> walk_to_parent(const std::string& path, Sticky sticky = Sticky::allowed);

/// Opens a directory within another one, never through a link. `access`: O_PATH for one that is only walked through,
/// which needs no permission to list it.
[[nodiscard]] Result<FileDescriptor> open_step(int parent, const std::string& name, const std::string& path,
                                               int access = O_PATH);

/// Whether we may run the program at this path: it and all that lead to it, links and what they lead to, belong to root
/// or to us and can be written by nobody else. Errc::refused says what is wrong.
[[nodiscard]] Status check_program(const std::string& path);

}  // namespace ntpopt

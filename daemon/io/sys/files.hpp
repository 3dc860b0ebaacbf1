// Files in a directory that is held open: read with a bound, replaced atomically and durably, removed. No path is
// walked twice and no link is followed, so nobody who may write elsewhere can lead root's hand.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "daemon/io/sys/file_descriptor.hpp"

namespace ntpopt {

class Directory {
  public:
    /// Opens an existing directory that must not be a link, belong to root or to us, and be writable by nobody else.
    [[nodiscard]] static Result<Directory> open(const std::string& path);

    /// The same, made first where it is missing (its parent must be there), with this mode.
    [[nodiscard]] static Result<Directory> create(const std::string& path, mode_t mode);

    /// The content of a regular file, nothing where there is none. More than `max_bytes` is an error.
    [[nodiscard]] Result<std::optional<std::string>> read(const std::string& name, std::size_t max_bytes) const;

    /// Puts the content in the file's place: after a crash either the old or the new one is there, whole. The temporary
    /// file is called ".NAME.new", which no *.conf or *.sources pattern matches.
    [[nodiscard]] Status replace(const std::string& name, std::string_view content, mode_t mode) const;

    /// Removes the file durably; no error where there is none.
    [[nodiscard]] Status remove(const std::string& name) const;

    /// Names of the entries, sorted; at most 10,000.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

    /// Takes the directory for this process alone, as long as this object lives; Errc::busy where another one has it.
    [[nodiscard]] Status lock() const;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    Directory(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    [[nodiscard]] Error error(std::string_view doing, const std::string& name, int number) const;

    FileDescriptor fd_;
    std::string path_;
};

/// The whole of a file of the kernel's (below /proc), at most `max_bytes` of it.
[[nodiscard]] Result<std::string> read_kernel_file(const std::string& path, std::size_t max_bytes = 65536);

}  // namespace ntpopt

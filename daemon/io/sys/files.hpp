// Files in a directory that is held open: read with a bound, replaced atomically and durably, removed. The way to the
// directory is walked once, step by step, and every step must be one that nobody but root (or we) can bend, so nobody
// who may write elsewhere can lead root's hand.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "daemon/io/sys/file_descriptor.hpp"

namespace ntpopt {

/// A regular file as it stands: what is in it, and who may do what with it.
struct FileImage {
    std::string content;
    mode_t mode = 0644;
    uid_t owner = 0;
    gid_t group = 0;
    std::string label;  ///< security context of SELinux, as the kernel keeps it; empty where there is none
    std::string acl{};  ///< POSIX access control list, the same; with one, the mode's bits of the group are its mask
    friend bool operator==(const FileImage&, const FileImage&) = default;
};

/// Whether a text of a file, nothing where there is none, is one that the caller found or wrote himself.
using IsKnown = std::function<bool(const std::optional<std::string>&)>;

class Directory {
  public:
    /// Opens an existing directory. It must not be a link, and it and all that lead to it must belong to root or to us
    /// and be writable by nobody else (Errc::refused); links on the way count where root made them. Of a directory that
    /// all may write, but in which each may only remove his own (sticky), the way may lead through what is ours.
    [[nodiscard]] static Result<Directory> open(const std::string& path);

    /// The same, made first where it is missing (its parent must be there), with this mode.
    [[nodiscard]] static Result<Directory> create(const std::string& path, mode_t mode);

    /// The content of a regular file, nothing where there is none. More than `max_bytes` is an error.
    [[nodiscard]] Result<std::optional<std::string>> read(const std::string& name, std::size_t max_bytes) const;

    /// The same with owner, mode, label and access control list.
    [[nodiscard]] Result<std::optional<FileImage>> read_image(const std::string& name, std::size_t max_bytes) const;

    /// Puts the content in the file's place: after a crash either the old or the new one is there, whole. The temporary
    /// file is called ".NAME.new", which no *.conf or *.sources pattern matches.
    [[nodiscard]] Status replace(const std::string& name, std::string_view content, mode_t mode) const;

    /// The same with all that the image says of owner and rights.
    [[nodiscard]] Status replace(const std::string& name, const FileImage& image) const;

    /// The same where what stood there at that very moment is known (nothing: there was no file). False where somebody
    /// else wrote there since the caller looked: then his file stays. The two files change places, so that nobody's
    /// text is ever overwritten unseen; a file system that cannot do that is written to as by replace(). The one that
    /// is taken out is called ".NAME.ntpopt-old" for that moment.
    [[nodiscard]] Result<bool> replace_known(const std::string& name, const FileImage& image, std::size_t max_bytes,
                                             const IsKnown& is_known) const;

    /// remove(), with the same care.
    [[nodiscard]] Result<bool> remove_known(const std::string& name, std::size_t max_bytes,
                                            const IsKnown& is_known) const;

    /// Ends what a crash left half done of the two above: what is not known comes back to its place. Errc::refused
    /// where something else that is not known stands there meanwhile; both stay.
    [[nodiscard]] Status settle(const std::string& name, std::size_t max_bytes, const IsKnown& is_known) const;

    /// Errc::refused, as a sentence, where settle() has something to end. The texts that somebody knows once everything
    /// is over are no longer those by which what was left can be told.
    [[nodiscard]] Status check_settled(const std::string& name) const;

    /// Removes the temporary file that a crash left beside this one, if there is any.
    void sweep(const std::string& name) const;

    /// Removes the file durably; no error where there is none.
    [[nodiscard]] Status remove(const std::string& name) const;

    /// Names of the entries, sorted; at most 10,000.
    [[nodiscard]] Result<std::vector<std::string>> list() const;

    /// Errc::refused, as a sentence, where its file system is read-only or has less than `bytes` free for us.
    [[nodiscard]] Status check_space(std::uint64_t bytes) const;

    /// Takes the directory for this process alone, as long as this object lives; Errc::busy where another one has it.
    [[nodiscard]] Status lock() const;

    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    Directory(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    [[nodiscard]] Status put(const std::string& name, std::string_view content, mode_t mode,
                             const FileImage* like) const;
    [[nodiscard]] Status write_beside(const std::string& name, std::string_view content, mode_t mode,
                                      const FileImage* like) const;
    [[nodiscard]] Status put_back(const std::string& name, std::string_view ours, std::size_t max_bytes) const;
    [[nodiscard]] Status finish(const std::string& name) const;
    [[nodiscard]] Error error(std::string_view doing, const std::string& name, int number) const;

    FileDescriptor fd_;
    std::string path_;
};

/// A file that is only looked at, found by its path as every program would find it, links and all; nothing where there
/// is none, empty where it is a link to /dev/null. Anything but a file, or more than `max_bytes`, is an error.
[[nodiscard]] Result<std::optional<std::string>> read_foreign_file(const std::string& path, std::size_t max_bytes);

/// The whole of a file of the kernel's (below /proc), at most `max_bytes` of it.
[[nodiscard]] Result<std::string> read_kernel_file(const std::string& path, std::size_t max_bytes = 65536);

}  // namespace ntpopt

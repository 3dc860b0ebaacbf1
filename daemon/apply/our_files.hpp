// Files that a change writes, each with what it held before and with every text that the change puts there. Whatever
// else is found in one was written by an administrator meanwhile, and is never overwritten: not by the change, not by
// its undoing, not by its recovery. Compared is the full text, of which a hash would only be a shadow.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/json.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {

/// The text of a file; nothing is "there is no such file".
using FileText = std::optional<std::string>;

inline constexpr std::size_t kMaxConfigText = 1024 * 1024;

struct OurFile {
    std::string path;
    std::optional<FileImage> before;  ///< the full pre-image
    std::vector<FileText> written;    ///< the post-images: all that the change may put there
};

/// Whether the change found or wrote this text.
[[nodiscard]] bool is_known(const OurFile& file, const FileText& text);

/// "/etc/chrony/x" is "/etc/chrony" and "x".
[[nodiscard]] std::pair<std::string, std::string> split_path(const std::string& path);

/// What is there now, read without following a link; nothing also where the directory is missing.
[[nodiscard]] Result<std::optional<FileImage>> read_image(const std::string& path);
[[nodiscard]] Result<FileText> read_text(const std::string& path);

/// Puts the text there, with owner, mode and label of the pre-image, or root's and 0644 where there was none; nothing
/// removes the file. What is there already is not written again. Errc::refused where an administrator changed the file.
[[nodiscard]] Status put_file(const OurFile& file, const FileText& text);

/// The same where the texts cannot be listed: `is_known` says of a text whether we found or wrote it.
[[nodiscard]] Status put_file(const std::string& path, const FileText& text,
                              const std::function<bool(const FileText&)>& is_known);

/// Brings the pre-image back.
[[nodiscard]] Status restore_file(const OurFile& file);

/// What a text of a file of the service's own, in which we changed lines only, is with other lines of ours; the same
/// again of what it made. Errc::refused where these lines are none of ours.
using Remake = std::function<Result<std::string>(const std::string& text)>;

/// Puts what `remake` makes of a file's text in its place, whoever wrote that; no error where there is no file.
[[nodiscard]] Status remake_file(const std::string& path, const Remake& remake);

/// restore_file() of such a file: where somebody edited it meanwhile, he gets what `remake` makes of his text.
[[nodiscard]] Status restore_lines(const OurFile& file, const Remake& remake);

/// The sentence for a file that is left as somebody else made it.
[[nodiscard]] std::string left_alone_sentence(const std::string& path);

/// Errc::refused where the text bears the mark of a tool that manages machines, and the configuration respects it.
/// For files that are the distribution's or the administrator's; of ours a mark is an edit like any other.
[[nodiscard]] Status check_managed(const std::string& path, std::string_view text, const ApplyConfig& config);

/// Before a change that writes this file: Errc::refused where the file system of its directory has no room for it, or
/// where beside it lies what an earlier crash displaced, and an administrator has to say which text he wants.
[[nodiscard]] Status check_place(const std::string& path);

[[nodiscard]] Json to_json(const OurFile& file);
/// Errc::parse where the journal holds something else.
[[nodiscard]] Result<OurFile> parse_our_file(const Json& json);

}  // namespace ntpopt

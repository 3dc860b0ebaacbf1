// Whose the text in a file of ours is. Known are the texts that the change committed last found or wrote, and those of
// the last change, whatever became of it: one whose undoing failed, or could not touch a file, may have left any of its
// own. Everything else is an administrator's.
#pragma once

#include <string>
#include <string_view>

#include "common/json.hpp"
#include "daemon/apply/our_files.hpp"

namespace ntpopt {

/// Earlier changes of a service by their records; null where there is none.
struct Past {
    Json committed;  ///< committed last
    Json last;       ///< begun last
};

/// The first words of every file that is ours; they count where all records are lost. An edit leaves them in place.
inline constexpr std::string_view kOurHeader = "# Written by ntpopt";

/// Whether our file, with this text, is as earlier changes found or wrote it. `parse` reads their records, of which
/// is_our_text() tells one text.
template <typename Record>
[[nodiscard]] bool is_ours(const FileText& text, const Past& past, Result<Record> (*parse)(const Json&)) {
    const bool is_forgotten = past.committed.empty() && past.last.empty();
    if (!text || (is_forgotten && text->starts_with(kOurHeader))) return true;
    for (const Json* json : {&past.committed, &past.last})
        if (const auto record = parse(*json); record && is_our_text(*record, text)) return true;
    return false;
}

/// The same as Errc::refused with what to do about it.
template <typename Record>
[[nodiscard]] Status check_ours(const std::string& path, const FileText& text, const Past& past,
                                Result<Record> (*parse)(const Json&)) {
    if (is_ours(text, past, parse)) return {};
    return Error{Errc::refused, path + " was changed by somebody else; remove it to let ntpopt go on"};
}

}  // namespace ntpopt

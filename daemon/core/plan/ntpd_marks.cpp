// Implementation of ntpd_marks.hpp.
#include "daemon/core/plan/ntpd_marks.hpp"

#include <algorithm>

#include "common/text.hpp"
#include "daemon/core/plan/ntpd_config.hpp"

namespace ntpopt {
namespace {

using std::string_view;

std::string include_line(const std::string& our_path) {
    return "includefile " + our_path + "\n";
}

/// What the text asks for; nothing where it cannot be read.
std::vector<NtpdDirective> sources_of(string_view text) {
    auto config = parse_ntpd_config(text);
    return config ? std::move(config->sources) : std::vector<NtpdDirective>();
}

}  // namespace

std::string mark_ntpd_text(string_view text, const std::vector<std::string>& names, const std::string& our_path,
                           bool includes) {
    // Our file is included by the first line, which leaves every other in place.
    std::string out = includes ? include_line(our_path) : "";
    const auto sources = sources_of(text);
    std::size_t number = 0;
    for (const auto line : whole_lines(text)) {
        const bool marked = std::any_of(sources.begin(), sources.end(), [&](const auto& source) {
            return source.line == number && !source.refclock &&
                   std::find(names.begin(), names.end(), source.name) != names.end();
        });
        if (marked) out += kNtpdMark;
        out += line;
        ++number;
    }
    return out;
}

std::string unmark_ntpd_text(string_view text, const std::string& our_path) {
    const std::string include = include_line(our_path);
    std::string out;
    for (auto line : whole_lines(text)) {
        while (line.starts_with(kNtpdMark))
            line.remove_prefix(kNtpdMark.size());
        if (line != include) out += line;
    }
    return out;
}

std::string remark_ntpd_text(string_view text, string_view like, const std::string& our_path) {
    const std::string include = include_line(our_path);
    std::vector<std::string> names;
    bool includes = false;
    for (const auto line : whole_lines(like)) {
        includes = includes || line == include;
        if (!line.starts_with(kNtpdMark)) continue;
        for (auto& source : sources_of(unmark_ntpd_text(line, our_path)))
            names.push_back(std::move(source.name));
    }
    return mark_ntpd_text(unmark_ntpd_text(text, our_path), names, our_path, includes);
}

}  // namespace ntpopt

// Implementation of chrony_edit.hpp.
#include "daemon/core/plan/chrony_edit.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr string_view kMark = "#ntpopt# ";
constexpr string_view kBegin =
    "#ntpopt# begin: ntpopt wrote the lines from here to the end mark, and put #ntpopt# before others;\n"
    "#ntpopt# \"ntpoptctl rollback --original\" takes all of it away\n";
/// The same behind a last line that had no newline: that newline is ours too.
constexpr string_view kBeginUnended =
    "\n#ntpopt# begin, after a line without its newline: ntpopt wrote the lines from here to the end mark, and put "
    "#ntpopt# before others;\n"
    "#ntpopt# \"ntpoptctl rollback --original\" takes all of it away\n";
constexpr string_view kEnd = "#ntpopt# end\n";

Error damaged() {
    return {Errc::refused,
            "what ntpopt wrote into chronyd's configuration was changed by somebody else: remove the lines from "
            "\"#ntpopt# begin\" to \"#ntpopt# end\" and every \"#ntpopt# \" to let ntpopt go on"};
}

/// The source line that this is, or nothing.
Result<std::vector<ChronyDirective>> parse_line(string_view line) {
    return parse_chrony_sources_file(std::string(line) + "\n");
}

bool names(const std::vector<std::string>& list, string_view name) {
    return std::any_of(list.begin(), list.end(), [&](const auto& other) { return same_source_name(other, name); });
}

}  // namespace

Result<ChronyMarks> read_chrony_marks(string_view text) {
    ChronyMarks marks;
    string_view block;
    auto begin = text.find(kBeginUnended);
    string_view opening = kBeginUnended;
    if (begin == string_view::npos) {
        begin = text.find(kBegin);
        opening = kBegin;
    }
    if (begin != string_view::npos) {
        const auto first = begin + opening.size();
        const auto end = text.find(kEnd, first);
        if (end == string_view::npos) return damaged();
        block = text.substr(first, end - first);
        // Behind a newline of ours, what follows the end mark begins a line of its own.
        const string_view behind = text.substr(end + kEnd.size());
        marks.present = true;
        marks.original = text.substr(0, begin);
        if (opening == kBeginUnended && !behind.empty()) marks.original += '\n';
        marks.original += behind;
    } else {
        marks.original = text;
    }

    for (const auto line : whole_lines(block)) {
        auto directives = parse_line(line);
        if (!directives) return directives.error();
        if (directives->size() != 1 || directives->front().text + "\n" != line) return damaged();
        marks.ours.push_back(std::move(directives->front()));
    }

    std::string original;
    for (auto line : whole_lines(marks.original)) {
        if (line.starts_with(kMark)) {
            line.remove_prefix(kMark.size());
            auto directives = parse_line(line);
            if (!directives) return directives.error();
            if (directives->size() != 1) return damaged();
            marks.present = true;
            marks.silenced.push_back(std::move(directives->front()));
        }
        original += line;
    }
    marks.original = std::move(original);
    return marks;
}

std::string mark_chrony_config(string_view original, const std::vector<ChronyDirective>& ours,
                               const std::vector<std::string>& silenced) {
    std::string text;
    for (const auto line : whole_lines(original)) {
        const auto directives = parse_line(line);
        if (directives && directives->size() == 1 && names(silenced, directives->front().name)) text += kMark;
        text += line;
    }
    if (ours.empty()) return text;
    text += text.empty() || text.ends_with('\n') ? kBegin : kBeginUnended;
    for (const auto& directive : ours)
        text += directive.text + "\n";
    text += kEnd;
    return text;
}

std::string mark_chrony_config(string_view original, const ChronyMarks& like) {
    return mark_chrony_config(original, like.ours, names_of(like.silenced));
}

ChronyEdits edit_chrony_config(string_view text, const ChronyMarks& marks, const ChronyPlan& plan) {
    const auto lines_of = [](const std::optional<std::string>& rendered) {
        auto directives = parse_chrony_sources_file(rendered.value_or(""));
        return directives ? *directives : std::vector<ChronyDirective>();
    };
    const auto ours = lines_of(plan.final_text);
    std::vector<std::string> silenced;
    if (!plan.original)
        for (const auto* group : {&plan.removed, &ours})
            for (const auto& directive : *group)
                silenced.push_back(directive.name);
    return {std::string(text), mark_chrony_config(marks.original, lines_of(plan.staged_text), names_of(marks.silenced)),
            mark_chrony_config(marks.original, ours, silenced)};
}

std::vector<ChronyDirective> without_marks(std::vector<ChronyDirective> effective, const ChronyMarks& marks) {
    for (const auto& own : marks.ours) {
        const auto found = std::find_if(effective.begin(), effective.end(), [&](const auto& directive) {
            return directive.kind == own.kind && directive.port == own.port &&
                   same_source_name(directive.name, own.name);
        });
        if (found != effective.end()) effective.erase(found);
    }
    effective.insert(effective.begin(), marks.silenced.begin(), marks.silenced.end());
    return effective;
}

}  // namespace ntpopt

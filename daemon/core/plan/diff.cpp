// Implementation of diff.hpp: the longest common subsequence by its table, which is exact and small enough for files
// of a few lines.
#include "daemon/core/plan/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr std::size_t kMaxLines = 2000;
constexpr std::size_t kContext = 3;

struct Edit {
    char sign;  // ' ', '-' or '+'
    string_view line;
};

std::vector<Edit> edits_between(const std::vector<string_view>& a, const std::vector<string_view>& b) {
    const std::size_t width = b.size() + 1;
    std::vector<unsigned short> common((a.size() + 1) * width, 0);
    for (std::size_t i = a.size(); i-- > 0;)
        for (std::size_t j = b.size(); j-- > 0;)
            common[i * width + j] = a[i] == b[j] ? static_cast<unsigned short>(common[(i + 1) * width + j + 1] + 1)
                                                 : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    std::vector<Edit> edits;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
        if (i < a.size() && j < b.size() && a[i] == b[j]) {
            edits.push_back({' ', a[i]});
            ++i, ++j;
        } else if (j == b.size() || (i < a.size() && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
            edits.push_back({'-', a[i++]});
        } else {
            edits.push_back({'+', b[j++]});
        }
    }
    return edits;
}

}  // namespace

std::string unified_diff(string_view before, string_view after, string_view before_label, string_view after_label) {
    if (before == after) return "";
    const auto a = lines(before);
    const auto b = lines(after);
    std::string text = fmt::format("--- {}\n+++ {}\n", before_label, after_label);
    if (a.size() > kMaxLines || b.size() > kMaxLines)
        return text + fmt::format("@@ {} lines become {} @@\n", a.size(), b.size());

    const auto edits = edits_between(a, b);
    std::size_t old_line = 1;
    std::size_t new_line = 1;
    std::size_t position = 0;
    const auto is_change = [](const Edit& edit) { return edit.sign != ' '; };
    while (position < edits.size()) {
        const auto change = static_cast<std::size_t>(
            std::find_if(edits.begin() + static_cast<std::ptrdiff_t>(position), edits.end(), is_change) -
            edits.begin());
        if (change == edits.size()) break;
        // A hunk runs until more unchanged lines follow than two contexts hold.
        std::size_t last = change;
        for (std::size_t i = change; i < edits.size() && i <= last + 2 * kContext; ++i)
            if (is_change(edits[i])) last = i;
        const std::size_t begin = std::max(position, change < kContext ? 0 : change - kContext);
        const std::size_t end = std::min(edits.size(), last + kContext + 1);
        old_line += begin - position;
        new_line += begin - position;
        std::string body;
        std::size_t old_count = 0;
        std::size_t new_count = 0;
        for (std::size_t i = begin; i < end; ++i) {
            body += edits[i].sign;
            body += edits[i].line;
            body += '\n';
            old_count += edits[i].sign != '+' ? 1u : 0u;
            new_count += edits[i].sign != '-' ? 1u : 0u;
        }
        text += fmt::format("@@ -{},{} +{},{} @@\n", old_count == 0 ? old_line - 1 : old_line, old_count,
                            new_count == 0 ? new_line - 1 : new_line, new_count) +
                body;
        old_line += old_count;
        new_line += new_count;
        position = end;
    }
    return text;
}

}  // namespace ntpopt

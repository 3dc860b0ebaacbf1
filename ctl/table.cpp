// Implementation of table.hpp.
#include "ctl/table.hpp"

#include <algorithm>
#include <utility>

#include "ctl/layout.hpp"

namespace ntpopt::ctl {
namespace {

constexpr std::size_t kLeastElastic = 8;
/// A text that is cut to this can still be understood; below it the brief form says more.
constexpr std::size_t kReadable = 28;

/// "DELAY(ms)" without or with only what stands from the bracket on.
std::string head_of(const std::string& title) {
    return title.substr(0, title.find('('));
}
std::string unit_of(const std::string& title) {
    const auto at = title.find('(');
    return at == std::string::npos ? "" : title.substr(at);
}

const std::string& text_of_cell(const Cell& cell, bool brief) {
    return brief && !cell.brief.empty() ? cell.brief : cell.text;
}

std::size_t total(const std::vector<bool>& shown, const std::vector<std::size_t>& widths, std::size_t gap) {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < widths.size(); ++i)
        if (shown[i]) sum += widths[i] + (sum > 0 ? gap : 0);
    return sum;
}

}  // namespace

void Table::measure(Layout& layout, bool headed) const {
    layout.widths.assign(columns_.size(), 0);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto& width = layout.widths[i];
        if (headed) width = layout.split_titles ? head_of(columns_[i].title).size() : columns_[i].title.size();
        for (const auto& row : rows_)
            if (i < row.size()) width = std::max(width, columns_of(text_of_cell(row[i], layout.brief)));
    }
}

Table::Layout Table::lay_out(std::size_t limit, bool headed) const {
    Layout layout;
    layout.shown.assign(columns_.size(), true);
    measure(layout, headed);
    const auto is_too_wide = [&] { return limit != 0 && total(layout.shown, layout.widths, layout.gap) > limit; };
    if (!is_too_wide()) return layout;
    layout.gap = 1;
    layout.split_titles = true;
    measure(layout, headed);
    // The widest elastic column gives way first, a character at a time, so that none is starved for another.
    const auto shrink = [&](std::size_t least) {
        while (is_too_wide()) {
            std::size_t* widest = nullptr;
            for (std::size_t i = 0; i < columns_.size(); ++i)
                if (layout.shown[i] && columns_[i].elastic && layout.widths[i] > least &&
                    (!widest || layout.widths[i] > *widest))
                    widest = &layout.widths[i];
            if (!widest) return;
            --*widest;
        }
    };
    shrink(kReadable);
    if (!is_too_wide()) return layout;
    layout.brief = true;
    measure(layout, headed);
    int most_spare = 0;
    for (const auto& column : columns_)
        most_spare = std::max(most_spare, column.spare);
    for (int spare = most_spare; spare > 0 && is_too_wide(); --spare)
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (columns_[i].spare == spare) layout.shown[i] = false;
    shrink(kLeastElastic);
    return layout;
}

std::string Table::line(const std::vector<Cell>& row, const Layout& layout, const Output& output) const {
    const auto mark = output.either("\u2026", "..");
    std::string text;
    std::size_t blanks = 0;  // due before the next text, so that none stand at the end
    std::size_t begin = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (!layout.shown[i]) continue;
        const auto width = layout.widths[i];
        const auto whole = i < row.size() ? text_of_cell(row[i], layout.brief) : std::string();
        const auto shown =
            columns_[i].wraps ? wrap_columns(whole, begin + width, begin) : fit_columns(whole, width, mark);
        begin += width + layout.gap;
        const auto padding = width - std::min(width, columns_of(shown));
        if (columns_[i].align == Align::right) blanks += padding;
        if (!shown.empty()) {
            text.append(std::exchange(blanks, 0), ' ');
            text += output.paint(row[i].tone, shown);
        }
        if (columns_[i].align == Align::left) blanks += padding;
        blanks += layout.gap;
    }
    return text + "\n";
}

bool Table::is_brief(const Output& output) const {
    return lay_out(output.width(), true).brief;
}

std::string Table::render(const Output& output, std::size_t indent, bool headed) const {
    const auto limit = output.width();
    // Less room than that is none: rather too wide than nothing.
    const auto layout = lay_out(limit > indent ? limit - indent : limit, headed);
    std::vector<std::string> lines;
    if (headed) {
        std::vector<Cell> heads;
        std::vector<Cell> units;
        for (const auto& column : columns_) {
            heads.push_back({layout.split_titles ? head_of(column.title) : column.title, Tone::heading});
            units.push_back({unit_of(column.title), Tone::heading});
        }
        lines.push_back(line(heads, layout, output));
        if (layout.split_titles) {
            auto below = line(units, layout, output);
            if (below != "\n") lines.push_back(std::move(below));
        }
    }
    for (const auto& row : rows_)
        lines.push_back(line(row, layout, output));
    std::string text;
    for (const auto& one : lines)
        text += (text.empty() ? "" : std::string(indent, ' ')) + one;
    return text;
}

}  // namespace ntpopt::ctl

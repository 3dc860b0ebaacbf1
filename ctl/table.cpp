// Implementation of table.hpp. Texts are ASCII (they went through printable()), so a character is a column.
#include "ctl/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ntpopt::ctl {
namespace {

constexpr std::size_t kLeastElastic = 8;

std::string fit(const std::string& text, std::size_t width) {
    if (text.size() <= width) return text;
    if (width <= 2) return text.substr(0, width);
    return text.substr(0, width - 2) + "..";
}

/// "DELAY(ms)" without or with only what stands from the bracket on.
std::string head_of(const std::string& title) {
    return title.substr(0, title.find('('));
}
std::string unit_of(const std::string& title) {
    const auto at = title.find('(');
    return at == std::string::npos ? "" : title.substr(at);
}

std::size_t total(const std::vector<std::size_t>& widths, std::size_t gap) {
    return std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
}

}  // namespace

std::vector<std::size_t> Table::widths(const std::vector<std::string>& titles) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto width = titles[i].size();
        for (const auto& row : rows_)
            if (i < row.size()) width = std::max(width, row[i].text.size());
        widths.push_back(width);
    }
    return widths;
}

std::string Table::line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths, std::size_t gap,
                        const Output& output) const {
    std::string text;
    std::size_t blanks = 0;  // due before the next text, so that none stand at the end
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto shown = i < row.size() ? fit(row[i].text, widths[i]) : "";
        const auto padding = widths[i] - shown.size();
        if (columns_[i].align == Align::right) blanks += padding;
        if (!shown.empty()) {
            text.append(std::exchange(blanks, 0), ' ');
            text += output.paint(row[i].tone, shown);
        }
        if (columns_[i].align == Align::left) blanks += padding;
        blanks += gap;
    }
    return text + "\n";
}

std::string Table::render(const Output& output) const {
    const auto limit = output.width();
    std::vector<std::string> titles;
    for (const auto& column : columns_)
        titles.push_back(column.title);
    std::size_t gap = 2;
    auto fitted = widths(titles);
    std::vector<Cell> units;
    if (limit != 0 && total(fitted, gap) > limit) {
        gap = 1;
        for (auto& title : titles) {
            units.push_back({unit_of(title), Tone::heading});
            title = head_of(title);
        }
        fitted = widths(titles);
        // The widest elastic column gives way first, a character at a time, so that none is starved for another.
        for (auto excess = total(fitted, gap); excess > limit; --excess) {
            std::size_t* widest = nullptr;
            for (std::size_t i = 0; i < fitted.size(); ++i)
                if (columns_[i].elastic && fitted[i] > kLeastElastic && (!widest || fitted[i] > *widest))
                    widest = &fitted[i];
            if (!widest) break;
            --*widest;
        }
    }
    std::vector<Cell> heads;
    for (auto& title : titles)
        heads.push_back({std::move(title), Tone::heading});
    auto text = line(heads, fitted, gap, output);
    const bool has_units = std::any_of(units.begin(), units.end(), [](const Cell& cell) { return !cell.text.empty(); });
    if (has_units) text += line(units, fitted, gap, output);
    for (const auto& row : rows_)
        text += line(row, fitted, gap, output);
    return text;
}

}  // namespace ntpopt::ctl

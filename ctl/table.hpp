// A table of text that fits a given width: columns are as wide as they need. Where that is too much, "TITLE(unit)"
// takes two lines and columns move together; then elastic columns are cut as long as they can be read; then cells give
// way to their brief forms, spare columns are left out, and the elastic ones are cut further.
#pragma once

#include <string>
#include <vector>

#include "ctl/output.hpp"

namespace ntpopt::ctl {

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
    bool elastic = false;  ///< may be cut where the table is too wide
    int spare = 0;         ///< may be left out where the table is too wide: the largest number first, 0 never
    bool wraps = false;    ///< of the last column: what would be cut goes on in the lines below
};

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
    std::string brief = "";  ///< what to show where there is little room, "" for the same
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// Missing cells are empty.
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] bool is_empty() const { return rows_.empty(); }

    /// The lines, each with its end; blanks at line ends are left out. Each line but the first begins after `indent`
    /// blanks, and the table has as many columns less. `headed`: with a line of titles.
    [[nodiscard]] std::string render(const Output& output, std::size_t indent = 0, bool headed = true) const;

    /// Whether render() takes the brief forms of cells.
    [[nodiscard]] bool is_brief(const Output& output) const;

  private:
    struct Layout {
        std::vector<bool> shown;
        std::vector<std::size_t> widths;
        std::size_t gap = 2;
        bool split_titles = false;
        bool brief = false;
    };
    /// What fits into `limit` columns, 0 for as many as it takes.
    [[nodiscard]] Layout lay_out(std::size_t limit, bool headed) const;
    void measure(Layout& layout, bool headed) const;
    [[nodiscard]] std::string line(const std::vector<Cell>& row, const Layout& layout, const Output& output) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace ntpopt::ctl

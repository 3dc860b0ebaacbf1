// A table of text that fits a given width: columns are as wide as they need; where that is too much, "TITLE(unit)"
// takes two lines and columns move together, and then the elastic ones give way.
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
};

struct Cell {
    std::string text;
    Tone tone = Tone::plain;
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// Missing cells are empty.
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] bool is_empty() const { return rows_.empty(); }

    /// The lines, each with its end; blanks at line ends are left out.
    [[nodiscard]] std::string render(const Output& output) const;

  private:
    /// How wide each column is, where titles are that wide and gaps so large.
    [[nodiscard]] std::vector<std::size_t> widths(const std::vector<std::string>& titles) const;
    [[nodiscard]] std::string line(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                                   std::size_t gap, const Output& output) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace ntpopt::ctl

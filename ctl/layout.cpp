// Implementation of layout.hpp.
#include "ctl/layout.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

bool begins_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

/// Narrower than this nothing is wrapped: it would only be harder to read.
constexpr std::size_t kLeastRoom = 16;

}  // namespace

std::size_t columns_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string fit_columns(const std::string& text, std::size_t width, std::string_view mark) {
    if (columns_of(text) <= width) return text;
    const auto marked = columns_of(mark);
    const auto room = width > marked ? width - marked : width;
    std::size_t end = 0;
    for (std::size_t columns = 0; end < text.size(); ++end)
        if (begins_character(text[end]) && ++columns > room) break;
    return text.substr(0, end) + std::string(width > marked ? mark : "");
}

std::string wrap_columns(std::string_view text, std::size_t width, std::size_t indent) {
    if (width == 0 || width < indent + kLeastRoom) return std::string(text);
    std::string wrapped;
    std::size_t column = indent;
    for (const auto word : split(text, ' ')) {
        const auto size = columns_of(word);
        if (column > indent && column + 1 + size > width) {
            wrapped += "\n" + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            wrapped += ' ';
            ++column;
        }
        wrapped += word;
        column += size;
    }
    return wrapped;
}

}  // namespace ntpopt::ctl

// Implementation of text.hpp.
#include "common/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace ntpopt {
namespace {

std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto substitution = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitution});
        }
    }
    return row.back();
}

}  // namespace

std::string without_url(std::string_view text) {
    const auto scheme = text.find("://");
    return std::string(text.substr(0, scheme)) + (scheme == std::string_view::npos ? "" : "://...");
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (const char c : text) {
        const auto piece =
            c >= 0x20 && c < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        if (out.size() + piece.size() > limit) return out + "...";
        out += piece;
    }
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto at = text.find(separator);
        out.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return out;
        text.remove_prefix(at + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    for (;;) {
        const auto first = text.find_first_not_of(" \t");
        if (first == std::string_view::npos) return out;
        text.remove_prefix(first);
        const auto end = std::min(text.find_first_of(" \t"), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::vector<std::string_view> lines(std::string_view text) {
    auto out = split(text, '\n');
    if (out.back().empty()) out.pop_back();
    for (auto& line : out)
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return out;
}

std::vector<std::string_view> whole_lines(std::string_view text) {
    std::vector<std::string_view> out;
    while (!text.empty()) {
        out.push_back(text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1));
        text.remove_prefix(out.back().size());
    }
    return out;
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    std::string best;
    auto fewest = word.size() / 2 + 1;
    for (const auto& candidate : known) {
        const auto distance = edits(word, candidate);
        if (distance >= fewest) continue;
        fewest = distance;
        best = candidate;
    }
    return best;
}

std::string count_of(std::size_t count, std::string_view singular) {
    return std::to_string(count) + ' ' + std::string(singular) + (count == 1 ? "" : "s");
}

}  // namespace ntpopt

// Parsers for server_list.hpp.
#include "daemon/core/discover/server_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "common/json.hpp"
#include "common/text.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/discover/pool_zones.hpp"

namespace ntpopt {
namespace {

class Collector {
  public:
    explicit Collector(std::string_view format) { list_.format = format; }

    /// An entry that stands where a name should.
    void take(std::string_view text) {
        const auto host = Host::parse(text);
        if (host && is_public_host(*host))
            add({.endpoint = {*host}, .source = CandidateSource::list, .pool = is_pool_zone(host->text())});
        else
            ++list_.refused;
    }

    void add(Candidate candidate) {
        if (list_.candidates.size() >= kMaxListServers || !seen_.insert(candidate.endpoint).second) return;
        list_.candidates.push_back(std::move(candidate));
    }

    void refuse() { ++list_.refused; }

    Result<ServerList> finish() && {
        if (list_.candidates.empty())
            return Error{Errc::parse,
                         fmt::format("no server in it (read as {}, {} entries refused)", list_.format, list_.refused)};
        return std::move(list_);
    }

  private:
    ServerList list_;
    std::set<Endpoint> seen_;
};

Result<ServerList> read_toml(std::string_view text) {
    const auto catalogue = Catalogue::parse(text);
    if (!catalogue) return catalogue.error();
    Collector out("toml");
    for (const auto& entry : catalogue->entries()) {
        if (!entry.offered) continue;
        for (const auto& name : entry.names) {
            if (!is_public_host(name)) {
                out.refuse();
                continue;
            }
            Candidate candidate{.endpoint = {name}, .source = CandidateSource::list, .pool = is_pool_zone(name.text())};
            if (entry.region.known()) candidate.region = entry.region.text();
            candidate.anycast = entry.anycast;
            candidate.timescale = entry.timescale;
            out.add(std::move(candidate));
        }
    }
    return std::move(out).finish();
}

Result<ServerList> read_json(std::string_view text) {
    const auto document = parse_json(text, kMaxListBytes);
    if (!document) return document.error();
    if (!document->is_array()) return Error{Errc::parse, "the JSON is no array"};
    Collector out("json");
    for (const auto& entry : *document) {
        if (entry.is_string()) {
            out.take(entry.get_ref<const std::string&>());
            continue;
        }
        std::string name;
        for (const auto* key : {"name", "hostname", "host", "server", "address"})
            if (name.empty()) name = get_string(entry, key);
        out.take(name);
    }
    return std::move(out).finish();
}

/// The text of a cell without emphasis, code marks and links: "[`a.example`](https://x)" is "a.example".
std::string_view plain_cell(std::string_view cell) {
    static constexpr std::string_view kMarks = " \t`*_";
    const auto strip = [](std::string_view text) {
        while (!text.empty() && kMarks.find(text.front()) != std::string_view::npos)
            text.remove_prefix(1);
        while (!text.empty() && kMarks.find(text.back()) != std::string_view::npos)
            text.remove_suffix(1);
        return text;
    };
    cell = strip(cell);
    if (cell.starts_with('[')) cell = strip(cell.substr(1, std::min(cell.find(']'), cell.size()) - 1));
    return cell;
}

std::vector<std::string_view> cells_of(std::string_view line) {
    line = trim(line);
    if (line.starts_with('|')) line.remove_prefix(1);
    if (line.ends_with('|')) line.remove_suffix(1);
    return split(line, '|');
}

bool is_rule(std::string_view line) {
    return line.find('-') != std::string_view::npos && line.find_first_not_of("|-: \t\r") == std::string_view::npos;
}

/// The column whose head speaks of names; the first where none does.
std::size_t name_column(std::string_view head) {
    const auto cells = cells_of(head);
    for (const std::string_view word : {"hostname", "host", "server", "name", "address"})
        for (std::size_t i = 0; i < cells.size(); ++i)
            if (to_lower(cells[i]).find(word) != std::string::npos) return i;
    return 0;
}

/// A table is a line with bars, a line of dashes below it, and lines with bars.
Result<ServerList> read_markdown(const std::vector<std::string_view>& all) {
    Collector out("markdown");
    std::size_t column = 0;
    bool inside = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].find('|') == std::string_view::npos) {
            inside = false;
        } else if (is_rule(all[i])) {
            inside = i > 0;
            if (inside) column = name_column(all[i - 1]);
        } else if (inside) {
            const auto cells = cells_of(all[i]);
            if (column < cells.size() && !plain_cell(cells[column]).empty()) out.take(plain_cell(cells[column]));
        }
    }
    return std::move(out).finish();
}

/// Lines of one word; headings and prose between them are passed over.
Result<ServerList> read_names(const std::vector<std::string_view>& all) {
    Collector out("names");
    for (const auto line : all) {
        auto fields = words(trim(line.substr(0, line.find('#'))));
        if (!fields.empty() && (fields[0] == "-" || fields[0] == "*")) fields.erase(fields.begin());
        if (fields.size() == 1) out.take(plain_cell(fields[0]));
    }
    return std::move(out).finish();
}

}  // namespace

bool is_public_host(const Host& host) {
    static constexpr std::array<std::string_view, 8> kNeverPublic{
        ".local", ".localhost", ".internal", ".arpa", ".invalid", ".onion", ".lan", ".localdomain"};
    if (const auto* address = host.address()) return !address->is_private() && !address->is_unusable();
    const auto text = host.text();
    return text.find('.') != std::string::npos &&
           std::none_of(kNeverPublic.begin(), kNeverPublic.end(),
                        [&](std::string_view end) { return text.ends_with(end); });
}

Result<ServerList> parse_server_list(std::string_view text) {
    if (text.size() > kMaxListBytes) return Error{Errc::parse, "longer than 1 MiB"};
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const auto all = lines(text);
    const auto is_server = [](std::string_view line) { return trim(line) == "[[server]]"; };
    if (std::any_of(all.begin(), all.end(), is_server)) return read_toml(text);
    const auto begin = trim(text).substr(0, 1);
    if (begin == "[" || begin == "{") return read_json(text);
    const auto is_row = [](std::string_view line) { return is_rule(line) && line.find('|') != std::string_view::npos; };
    if (std::any_of(all.begin(), all.end(), is_row)) return read_markdown(all);
    return read_names(all);
}

}  // namespace ntpopt

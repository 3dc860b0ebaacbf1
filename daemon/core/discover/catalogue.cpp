// Reading and look-up for catalogue.hpp.
#include "daemon/core/discover/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "common/text.hpp"
#include "daemon/core/config/toml.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxEntries = 2000;
constexpr std::size_t kMaxText = 300;
constexpr int kMaxStratum = 15;  // RFC 5905 7.3

Error bad(std::string_view what) {
    return {Errc::parse, std::string(what)};
}

bool matches(std::string_view pattern, std::string_view name) {
    if (!pattern.starts_with("*.")) return pattern == name;
    pattern.remove_prefix(1);  // ".suffix"
    return name.size() > pattern.size() && name.ends_with(pattern);
}

Status read_names(const Json& value, std::vector<Host>& out) {
    if (!value.is_array()) return bad("names is a list of host names");
    for (const auto& entry : value) {
        auto host = Host::parse(entry.is_string() ? entry.get<std::string>() : std::string());
        if (!host) return host.error();
        out.push_back(*std::move(host));
    }
    return {};
}

Status read_patterns(const Json& value, std::vector<std::string>& out) {
    if (!value.is_array()) return bad("also is a list of host names or *.suffix");
    for (const auto& entry : value) {
        const auto text = entry.is_string() ? entry.get<std::string>() : std::string();
        const bool suffix = text.starts_with("*.");
        const auto host = Host::parse(suffix ? std::string_view(text).substr(2) : std::string_view(text));
        if (!host) return host.error();
        out.push_back((suffix ? "*." : "") + host->text());
    }
    return {};
}

Status read_text(std::string_view key, const Json& value, std::string& out) {
    if (!value.is_string()) return bad(fmt::format("{} is a text", key));
    out = value.get<std::string>();
    if (out.size() > kMaxText || printable(out, kMaxText) != out) return bad(fmt::format("{} is not plain text", key));
    return {};
}

Status read_flag(std::string_view key, const Json& value, bool& out) {
    if (!value.is_boolean()) return bad(fmt::format("{} is true or false", key));
    out = value.get<bool>();
    return {};
}

Status read_key(const std::string& key, const Json& value, CatalogueEntry& entry) {
    if (key == "operator") return read_text(key, value, entry.operator_name);
    if (key == "names") return read_names(value, entry.names);
    if (key == "also") return read_patterns(value, entry.also);
    if (key == "offered") return read_flag(key, value, entry.offered);
    if (key == "anycast") return read_flag(key, value, entry.anycast);
    if (key == "nts") return read_flag(key, value, entry.nts);
    if (key == "pool") return read_flag(key, value, entry.pool);
    if (key == "timescale_source") return read_text(key, value, entry.timescale_source);
    if (key == "terms") return read_text(key, value, entry.terms);
    if (key == "as_of") return read_text(key, value, entry.as_of);
    if (key == "region") {
        auto region = parse_region(value.is_string() ? value.get<std::string>() : std::string());
        if (!region) return region.error();
        entry.region = *std::move(region);
        return {};
    }
    if (key == "timescale") {
        const auto word = parse_word<Timescale>(value.is_string() ? value.get<std::string>() : std::string());
        if (!word) return bad("timescale is one of utc, smear-24h, smear-meta, unknown");
        entry.timescale = *word;
        return {};
    }
    if (key == "stratum") {
        const auto number = value.is_number_integer() ? value.get<std::int64_t>() : 0;
        if (number < 1 || number > kMaxStratum) return bad("stratum is 1 to 15");
        entry.stratum = static_cast<int>(number);
        return {};
    }
    return bad(fmt::format("'{}' is not a key of a server", printable(key, 40)));
}

Status check(const CatalogueEntry& entry) {
    if (entry.names.empty() && entry.also.empty()) return bad("a server without names");
    if (entry.operator_name.empty()) return bad("a server without an operator");
    if (entry.as_of.empty()) return bad("a server without as_of: knowledge has a date");
    if (entry.timescale != Timescale::unknown && entry.timescale_source.empty())
        return bad("a timescale without timescale_source");
    if (entry.offered && entry.terms.empty()) return bad("an offered server without terms");
    if (entry.offered && entry.pool) return bad("a pool is never offered");
    return {};
}

}  // namespace

Result<Catalogue> Catalogue::parse(std::string_view toml) {
    const auto document = parse_toml(toml);
    if (!document) return Error{Errc::parse, fmt::format("line {}: {}", document.error().line, document.error().what)};
    Catalogue out;
    for (const auto& [name, value] : document->root.items())
        if (name != "server" || !value.is_array())
            return bad(fmt::format("line {}: write [[server]]", document->line_of('/' + name)));
    const auto& servers = get_array(document->root, "server");
    if (servers.size() > kMaxEntries) return bad(fmt::format("more than {} servers", kMaxEntries));
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const auto path = fmt::format("/server/{}", i);
        if (!servers[i].is_object()) return bad(fmt::format("line {}: write [[server]]", document->line_of(path)));
        CatalogueEntry entry;
        for (const auto& [key, value] : servers[i].items())
            if (auto status = read_key(key, value, entry); !status)
                return status.error().in(fmt::format("line {}", document->line_of(path + '/' + key)));
        if (auto status = check(entry); !status)
            return status.error().in(fmt::format("line {}", document->line_of(path)));
        out.entries_.push_back(std::move(entry));
    }
    return out;
}

void Catalogue::put_before(Catalogue other) {
    std::move(entries_.begin(), entries_.end(), std::back_inserter(other.entries_));
    entries_ = std::move(other.entries_);
}

const CatalogueEntry* Catalogue::find(const Host& host) const {
    const auto text = host.text();
    for (const auto& entry : entries_) {
        if (std::find(entry.names.begin(), entry.names.end(), host) != entry.names.end()) return &entry;
        for (const auto& pattern : entry.also)
            if (matches(pattern, text)) return &entry;
    }
    return nullptr;
}

std::vector<Candidate> Catalogue::candidates() const {
    std::vector<Candidate> out;
    for (const auto& entry : entries_) {
        if (!entry.offered) continue;
        for (const auto& name : entry.names) {
            if (find(name) != &entry) continue;
            Candidate candidate{.endpoint = {name}, .source = CandidateSource::catalogue};
            describe(candidate);
            out.push_back(std::move(candidate));
        }
    }
    return out;
}

void Catalogue::describe(Candidate& candidate) const {
    const auto* entry = find(candidate.endpoint.host);
    if (!entry) return;
    if (candidate.operator_name.empty() && !entry->pool) candidate.operator_name = entry->operator_name;
    if (candidate.timescale == Timescale::unknown) candidate.timescale = entry->timescale;
    if (candidate.region.empty() && entry->region.known()) candidate.region = entry->region.text();
    candidate.anycast = candidate.anycast || entry->anycast;
    candidate.pool = candidate.pool || entry->pool;
}

}  // namespace ntpopt

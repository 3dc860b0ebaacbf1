// Implementation of stored_round.hpp: packing goes over values, unpacking over text.
#include "daemon/core/record/stored_round.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "common/time_text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

struct Column {
    std::string key;
    std::vector<std::string> inner;  ///< keys of the object under it, where it is one
};

Error damaged() {
    return {Errc::parse, "the record of the round is damaged"};
}

Json rounded(const Json& value) {
    if (!value.is_number_float()) return value;
    const double number = value.get<double>();
    return std::isfinite(number) ? Json(std::round(number * 1e6) / 1e6) : Json(nullptr);
}

const Json& member(const Json& object, const std::string& key) {
    static const Json kNull = nullptr;
    const auto found = object.find(key);
    return found == object.end() ? kNull : *found;
}

Column& column_of(std::vector<Column>& columns, const std::string& key) {
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.key == key; });
    return found == columns.end() ? columns.emplace_back(Column{key, {}}) : *found;
}

/// Every key that any of the servers has, in the order of their first appearance.
std::vector<Column> columns_of(const Json& servers) {
    std::vector<Column> columns;
    for (const auto& server : servers) {
        for (const auto& [key, value] : server.items()) {
            auto& column = column_of(columns, key);
            if (!value.is_object()) continue;
            for (const auto& [name, part] : value.items())
                if (std::find(column.inner.begin(), column.inner.end(), name) == column.inner.end())
                    column.inner.push_back(name);
        }
    }
    return columns;
}

Json keys_of(const std::vector<Column>& columns) {
    auto keys = Json::array();
    for (const auto& column : columns) {
        if (column.inner.empty()) {
            keys.push_back(column.key);
            continue;
        }
        auto inner = Json::array({column.key});
        for (const auto& name : column.inner)
            inner.push_back(name);
        keys.push_back(std::move(inner));
    }
    return keys;
}

Json row_of(const Json& server, const std::vector<Column>& columns) {
    auto row = Json::array();
    for (const auto& column : columns) {
        const auto& value = member(server, column.key);
        if (!value.is_object() || column.inner.empty()) {
            row.push_back(rounded(value));
            continue;
        }
        auto parts = Json::array();
        for (const auto& name : column.inner)
            parts.push_back(rounded(member(value, name)));
        row.push_back(std::move(parts));
    }
    return row;
}

/// Walks over JSON text value by value. The text is our own; what is no JSON ends the walk.
class Scan {
  public:
    explicit Scan(string_view text) : text_(text) {}

    [[nodiscard]] bool take(char expected) {
        if (at_ >= text_.size() || text_[at_] != expected) return false;
        ++at_;
        return true;
    }

    [[nodiscard]] bool is_at_end() const { return at_ == text_.size(); }

    /// The next value as it is written; empty where there is none.
    [[nodiscard]] string_view value() {
        const auto begin = at_;
        if (at_ < text_.size() && text_[at_] == '"')
            return skip_string() ? text_.substr(begin, at_ - begin) : string_view();
        int depth = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (depth == 0 && (c == ',' || c == ']' || c == '}')) break;
            if (c == '"' && !skip_string()) return {};
            if (c == '[' || c == '{') ++depth;
            if (c == ']' || c == '}') --depth;
            if (c != '"') ++at_;
        }
        return depth == 0 ? text_.substr(begin, at_ - begin) : string_view();
    }

    /// The values of an array, in `values`; false where it is none.
    [[nodiscard]] bool array(std::vector<string_view>& values) {
        values.clear();
        if (!take('[')) return false;
        if (take(']')) return true;
        do {
            values.push_back(value());
            if (values.back().empty()) return false;
        } while (take(','));
        return take(']');
    }

  private:
    /// To behind the closing quote, which is the first one that no backslash stands before.
    bool skip_string() {
        for (++at_;;) {
            const auto found = text_.find_first_of("\"\\", at_);
            if (found == string_view::npos) return false;
            at_ = found + (text_[found] == '"' ? 1 : 2);
            if (text_[found] == '"') return true;
        }
    }

    string_view text_;
    std::size_t at_ = 0;
};

/// One member of a server that is written out: its key, and which value of the row it gets.
struct Field {
    std::string opening;  ///< "key":
    std::size_t column;
    std::vector<std::string> inner;  ///< the same of the members below it
};

std::string json_text(string_view text) {
    return render_json(Json(std::string(text)));
}

std::vector<Field> fields_of(const Json& keys) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& key = keys[i];
        const auto& name = key.is_array() && !key.empty() ? key.front() : key;
        Field field{name.dump() + ":", i, {}};
        for (std::size_t inner = 1; key.is_array() && inner < key.size(); ++inner)
            field.inner.push_back(key[inner].dump() + ":");
        fields.push_back(std::move(field));
    }
    return fields;
}

bool write_object(std::string& out, const std::vector<std::string>& openings, string_view parts,
                  std::vector<string_view>& values) {
    if (!Scan(parts).array(values) || values.size() != openings.size()) return false;
    for (std::size_t i = 0; i < values.size(); ++i)
        out.append(i == 0 ? "{" : ",").append(openings[i]).append(values[i]);
    out += "}";
    return true;
}

/// Writes the rows as a list of objects with these fields; `only` is the value of column `by` that is wanted.
Status write_rows(std::string& out, string_view rows, const std::vector<Field>& fields, std::size_t columns,
                  std::size_t by, const std::optional<std::string>& only) {
    Scan scan(rows);
    if (!scan.take('[')) return damaged();
    out += "[";
    std::vector<string_view> values;
    std::vector<string_view> parts;
    bool first = true;
    while (!scan.take(']')) {
        if (!scan.array(values) || values.size() != columns) return damaged();
        [[maybe_unused]] const bool more = scan.take(',');
        if (only && values[by] != *only) continue;
        if (!std::exchange(first, false)) out += ",";
        bool opened = false;
        for (const auto& field : fields) {
            out.append(std::exchange(opened, true) ? "," : "{").append(field.opening);
            const auto value = values[field.column];
            if (field.inner.empty() || !value.starts_with('['))
                out += value;
            else if (!write_object(out, field.inner, value, parts))
                return damaged();
        }
        out += "}";
    }
    if (!scan.is_at_end()) return damaged();
    out += "]";
    return {};
}

/// The two parts of a packed list of servers.
struct Packed {
    Json keys;
    string_view rows;
};

Result<Packed> open_packed(const std::string& servers) {
    constexpr string_view kKeys = "{\"keys\":";
    constexpr string_view kRows = ",\"rows\":";
    if (!servers.starts_with(kKeys) || !servers.ends_with("]}")) return damaged();
    const auto keys = Scan(string_view(servers).substr(kKeys.size())).value();
    auto rows = string_view(servers).substr(kKeys.size() + keys.size());
    if (!rows.starts_with(kRows)) return damaged();
    auto parsed = parse_json(keys);
    if (!parsed || !parsed->is_array()) return damaged();
    return Packed{*std::move(parsed), rows.substr(kRows.size(), rows.size() - kRows.size() - 1)};
}

/// The fields of a history entry's server: three of the names that scripts know, then all of its own.
std::vector<Field> history_fields(const std::vector<Field>& own) {
    static constexpr std::pair<string_view, string_view> kRenamed[] = {
        {"\"name\":", "\"hostname\":"}, {"\"offset_ms\":", "\"offset\":"}, {"\"jitter_ms\":", "\"jitter\":"}};
    static constexpr string_view kFirst[] = {"\"stratum\":", "\"reachability\":", "\"score\":"};
    std::vector<Field> fields;
    for (const auto& [from, to] : kRenamed)
        for (const auto& field : own)
            if (field.opening == from) fields.push_back({std::string(to), field.column, {}});
    for (const auto first : kFirst)
        for (const auto& field : own)
            if (field.opening == first) fields.push_back(field);
    for (const auto& field : own)
        if (std::find(std::begin(kFirst), std::end(kFirst), field.opening) == std::end(kFirst)) fields.push_back(field);
    return fields;
}

}  // namespace

Result<StoredRound> pack_round(const Json& document) {
    if (!document.is_object()) return damaged();
    const auto started = parse_time(get_string(document, "timestamp"));
    const auto run_id = get_integer(document, "run_id");
    if (!started || !run_id || *run_id < 0) return damaged();
    StoredRound out;
    out.run_id = static_cast<std::uint64_t>(*run_id);
    out.started_usec = to_usec(*started);
    out.outcome = get_string(document, "outcome");
    auto servers = Json::array();
    double sum = 0;
    int chosen = 0;
    for (const auto& server : get_array(document, "servers")) {
        if (!server.is_object()) continue;
        servers.push_back(server);
        const auto score = get_number(server, "score");
        if (get_string(server, "verdict") != "chosen" || !score) continue;
        sum += *score;
        ++chosen;
    }
    out.asked = static_cast<int>(servers.size());
    if (chosen > 0) out.score = sum / chosen;
    auto head = document;
    head.erase("servers");
    out.head = render_json(head);
    const auto columns = columns_of(servers);
    auto rows = Json::array();
    for (const auto& server : servers)
        rows.push_back(row_of(server, columns));
    out.servers = "{\"keys\":" + render_json(keys_of(columns)) + ",\"rows\":" + render_json(rows) + "}";
    return out;
}

Result<Json> unpack_round(const StoredRound& round) {
    auto head = parse_json(round.head);
    const auto packed = open_packed(round.servers);
    if (!head || !head->is_object() || !packed) return damaged();
    std::string text;
    const auto fields = fields_of(packed->keys);
    if (auto written = write_rows(text, packed->rows, fields, packed->keys.size(), 0, std::nullopt); !written)
        return written.error();
    auto servers = parse_json(text);
    if (!servers) return damaged();
    // Where they stood: after "previous", as docs/interface.md shows it.
    auto document = Json::object();
    for (auto& [key, value] : head->items()) {
        document[key] = std::move(value);
        if (key == "previous") document["servers"] = *std::move(servers);
    }
    if (!document.contains("servers")) document["servers"] = *std::move(servers);
    return document;
}

Result<std::string> render_history_entry(const StoredRound& round, const std::optional<std::string>& server) {
    const auto head = parse_json(round.head);
    const auto packed = open_packed(round.servers);
    if (!head || !packed) return damaged();
    const auto own = fields_of(packed->keys);
    std::size_t by = 0;
    while (by < own.size() && own[by].opening != "\"name\":")
        ++by;
    const auto only = server && by < own.size() ? std::optional(json_text(*server)) : std::nullopt;
    auto text = fmt::format("{{\"timestamp\":{},\"region\":{},\"servers\":", json_text(get_string(*head, "timestamp")),
                            json_text(get_string(*head, "region")));
    text.reserve(text.size() + round.head.size() + (only ? 4096 : 3 * round.servers.size()));
    if (auto written = write_rows(text, packed->rows, history_fields(own), own.size(), by, only); !written)
        return written.error();
    text += fmt::format(",\"run_id\":{}", round.run_id);
    for (const auto* key : {"trigger", "outcome", "confidence", "reason", "selected"})
        text += fmt::format(",\"{}\":{}", key, render_json(member(*head, key)));
    text += "}";
    return text;
}

Result<Json> brief_history_entry(const StoredRound& round) {
    const auto head = parse_json(round.head);
    if (!head || !head->is_object()) return damaged();
    Json entry{{"timestamp", get_string(*head, "timestamp")},
               {"region", get_string(*head, "region")},
               {"run_id", round.run_id},
               {"asked", round.asked},
               {"score", number_or_null(round.score)}};
    for (const auto* key : {"trigger", "outcome", "confidence", "reason", "selected"})
        entry[key] = member(*head, key);
    return entry;
}

}  // namespace ntpopt

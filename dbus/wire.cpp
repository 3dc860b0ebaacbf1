// Implementation of wire.hpp: one recursive writer, one recursive reader.
#include "dbus/wire.hpp"

#include <fmt/format.h>
#include <sdbus-c++/Error.h>
#include <sdbus-c++/Types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "common/text.hpp"
#include "dbus/errors.hpp"

namespace ntpopt::wire {
namespace {

using std::string_view;

[[noreturn]] void refuse(const std::string& why) {
    throw to_bus({Errc::invalid_argument, why});
}

// ---- writing

constexpr std::array<string_view, 12> kUint32Keys{"rank",  "stratum",     "reach", "leap",  "maxsources", "limit",
                                                  "lines", "min_sources", "done",  "total", "samples",    "runs"};
constexpr std::array<string_view, 8> kRowsKeys{"servers", "stages",          "sources", "files",
                                               "kept",    "counterfactuals", "gates",   "buckets"};

template <typename List>
bool contains(const List& list, string_view key) {
    return std::find(list.begin(), list.end(), key) != list.end();
}

char integer_type(string_view key, const Json& value) {
    const bool negative = !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
    if (negative) return 'x';
    const auto number = value.get<std::uint64_t>();
    if (key == "port" && number <= UINT16_MAX) return 'q';
    if (contains(kUint32Keys, key) && number <= UINT32_MAX) return 'u';
    if (key == "run_id" || key == "transaction" || key.ends_with("_usec") || key.ends_with("_bytes")) return 't';
    return number <= INT64_MAX ? 'x' : 't';
}

bool is_absent(const Json& value) {
    return value.is_null() || value.is_discarded() || value.is_binary() ||
           (value.is_number_float() && !std::isfinite(value.get<double>()));
}

template <typename Test>
bool all(const Json& array, Test test) {
    return std::all_of(array.begin(), array.end(), test);
}

std::string type_of(string_view key, const Json& value) {
    if (value.is_object()) return "a{sv}";
    if (value.is_string()) return "s";
    if (value.is_boolean()) return "b";
    if (value.is_number_float()) return "d";
    if (value.is_number()) return std::string(1, integer_type(key, value));
    if (value.empty()) return contains(kRowsKeys, key) ? "aa{sv}" : "as";
    if (all(value, [](const Json& item) { return item.is_string(); })) return "as";
    if (all(value, [](const Json& item) { return item.is_object(); })) return "aa{sv}";
    if (all(value, [](const Json& item) { return item.is_number() && !is_absent(item); })) return "ad";
    return "av";
}

/// A string that is no UTF-8, or holds a NUL, would make the bus cut our connection, so it is escaped.
bool is_sendable(string_view text) {
    const auto* at = reinterpret_cast<const unsigned char*>(text.data());
    const auto* end = at + text.size();
    constexpr std::uint64_t kOnes = 0x0101010101010101U;
    while (at != end) {
        // Eight at a time as long as they are ASCII and no NUL: there may be megabytes of them.
        for (std::uint64_t word = 0; end - at >= 8; at += 8) {
            std::memcpy(&word, at, sizeof word);
            if (((word | (word - kOnes)) & (kOnes << 7)) != 0) break;
        }
        if (at == end) return true;
        const unsigned char lead = *at++;
        if (lead == 0) return false;
        if (lead < 0x80) continue;
        const int more = lead >= 0xC2 && lead <= 0xDF   ? 1
                         : (lead & 0xF0) == 0xE0        ? 2
                         : lead >= 0xF0 && lead <= 0xF4 ? 3
                                                        : 0;
        if (more == 0 || end - at < more) return false;
        std::uint32_t code = lead & (0x3FU >> more);
        for (int i = 0; i < more; ++i, ++at) {
            if ((*at & 0xC0) != 0x80) return false;
            code = code << 6 | (*at & 0x3FU);
        }
        const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
        if (overlong || (code >= 0xD800 && code <= 0xDFFF) || code > 0x10FFFF) return false;
    }
    return true;
}

void write_string(sdbus::Message& message, const std::string& text) {
    if (is_sendable(text))
        message << text;
    else
        message << printable(text, kMaxString);
}

void write_value(sdbus::Message& message, const std::string& type, const Json& value, std::size_t depth);

void write_dict(sdbus::Message& message, const Json& object, std::size_t depth) {
    if (depth > kMaxDepth) refuse("a dictionary is nested too deep");
    message.openContainer("{sv}");
    for (const auto& [key, value] : object.items()) {
        if (is_absent(value)) continue;
        message.openDictEntry("sv");
        write_string(message, key);
        const auto type = type_of(key, value);
        message.openVariant(type);
        write_value(message, type, value, depth);
        message.closeVariant();
        message.closeDictEntry();
    }
    message.closeContainer();
}

void write_array(sdbus::Message& message, const std::string& element, const Json& array, std::size_t depth) {
    if (depth > kMaxDepth) refuse("an array is nested too deep");
    message.openContainer(element);
    for (const auto& item : array) {
        if (element != "v") {
            write_value(message, element, item, depth);
        } else if (!is_absent(item)) {
            const auto type = type_of("", item);
            message.openVariant(type);
            write_value(message, type, item, depth);
            message.closeVariant();
        }
    }
    message.closeContainer();
}

void write_value(sdbus::Message& message, const std::string& type, const Json& value, std::size_t depth) {
    if (type == "a{sv}") return write_dict(message, value, depth + 1);
    switch (type.front()) {
        case 's':
            return write_string(message, value.get_ref<const std::string&>());
        case 'b':
            return void(message << value.get<bool>());
        case 'd':
            return void(message << value.get<double>());
        case 'q':
            return void(message << value.get<std::uint16_t>());
        case 'u':
            return void(message << value.get<std::uint32_t>());
        case 't':
            return void(message << value.get<std::uint64_t>());
        case 'x':
            return void(message << value.get<std::int64_t>());
        default:
            return write_array(message, type.substr(1), value, depth + 1);
    }
}

// ---- reading

/// What is left of the bounds while one value is read.
struct Budget {
    std::size_t entries;
    std::size_t string = kMaxString;

    void take() {
        if (entries == 0) refuse("too many entries");
        --entries;
    }
};

template <typename T>
Json read_number(sdbus::Message& message) {
    T number{};
    message >> number;
    return Json(number);
}

/// The type of the next value and, for containers, of what is in it; 0 at the end of a container.
struct Next {
    char type;
    std::string contents;
};

Next peek(sdbus::Message& message) {
    std::string type;
    std::string contents;
    message.peekType(type, contents);
    return {type.empty() ? '\0' : type.front(), std::move(contents)};
}

std::string read_string(sdbus::Message& message, char type, const Budget& budget) {
    std::string text;
    if (type == 'o') {
        sdbus::ObjectPath path;
        message >> path;
        text = std::move(path);
    } else if (type == 'g') {
        sdbus::Signature signature;
        message >> signature;
        text = std::move(signature);
    } else {
        message >> text;
    }
    if (text.size() > budget.string) refuse(fmt::format("a string of more than {} bytes", budget.string));
    return text;
}

Json read_any(sdbus::Message& message, Budget& budget, std::size_t depth);

/// The next entry, or false at the end of the container. sdbus-c++ tells the end by a flag that has to be cleared.
bool enter_entry(sdbus::Message& message, const std::string& signature) {
    if (message.enterDictEntry(signature)) return true;
    message.clearFlags();
    return false;
}

Json read_dict(sdbus::Message& message, const std::string& entry, Budget& budget, std::size_t depth) {
    if (depth > kMaxDepth) refuse("nested too deep");
    auto object = Json::object();
    // Keys are appended without a search for each, which would make a large dictionary quadratic; doubles come out
    // below.
    auto& members = object.get_ref<Json::object_t&>();
    if (!message.enterContainer("{" + entry + "}")) {
        message.clearFlags();
        return object;
    }
    while (enter_entry(message, entry)) {
        budget.take();
        auto key = read_string(message, entry.front(), budget);
        auto value = read_any(message, budget, depth);
        members.Container::emplace_back(std::move(key), std::move(value));
        message.exitDictEntry();
    }
    message.exitContainer();
    std::vector<string_view> keys;
    keys.reserve(members.size());
    for (const auto& member : members)
        keys.emplace_back(member.first);
    std::sort(keys.begin(), keys.end());
    if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) refuse("a key stands twice");
    return object;
}

/// What is left in the array or structure that was entered.
Json read_items(sdbus::Message& message, Budget& budget, std::size_t depth) {
    auto array = Json::array();
    while (peek(message).type != 0) {
        budget.take();
        array.push_back(read_any(message, budget, depth));
    }
    return array;
}

Json read_array(sdbus::Message& message, const std::string& element, Budget& budget, std::size_t depth) {
    if (depth > kMaxDepth) refuse("nested too deep");
    if (element.front() == '{') {
        const auto entry = element.substr(1, element.size() - 2);
        if (entry.front() != 's' && entry.front() != 'o' && entry.front() != 'g') refuse("a key that is no string");
        return read_dict(message, entry, budget, depth);
    }
    auto array = Json::array();
    if (!message.enterContainer(element)) {
        message.clearFlags();
        return array;
    }
    array = read_items(message, budget, depth);
    message.clearFlags();
    message.exitContainer();
    return array;
}

Json read_any(sdbus::Message& message, Budget& budget, std::size_t depth) {
    const auto [type, contents] = peek(message);
    switch (type) {
        case 0:
            refuse("a value is missing");
        case 's':
        case 'o':
        case 'g':
            return read_string(message, type, budget);
        case 'b':
            return read_number<bool>(message);
        case 'd':
            return read_number<double>(message);
        case 'y':
            return read_number<std::uint8_t>(message);
        case 'n':
            return read_number<std::int16_t>(message);
        case 'q':
            return read_number<std::uint16_t>(message);
        case 'i':
            return read_number<std::int32_t>(message);
        case 'u':
            return read_number<std::uint32_t>(message);
        case 'x':
            return read_number<std::int64_t>(message);
        case 't':
            return read_number<std::uint64_t>(message);
        case 'a':
            return read_array(message, contents, budget, depth + 1);
        case 'v': {
            if (depth >= kMaxDepth) refuse("nested too deep");
            message.enterVariant(contents);
            // A variant in a variant is the one way to nest without a container, so only that counts here.
            auto value = read_any(message, budget, contents == "v" ? depth + 1 : depth);
            message.exitVariant();
            return value;
        }
        case 'r':
        case '(': {
            if (depth >= kMaxDepth) refuse("nested too deep");
            message.enterStruct(contents);
            auto value = read_items(message, budget, depth + 1);
            message.clearFlags();
            message.exitStruct();
            return value;
        }
        default:
            refuse(fmt::format("a value of type {}", printable({&type, 1})));
    }
}

/// Whatever goes wrong inside (the library names errors after errno, a string may exhaust memory) is InvalidArgs
/// outside.
template <typename Read>
auto guarded(Read read) {
    try {
        return read();
    } catch (const sdbus::Error& e) {
        if (errc_of(e.getName()) == Errc::invalid_argument) throw;
        refuse(e.getMessage());
    } catch (const std::exception& e) {
        refuse(e.what());
    }
}

}  // namespace

sdbus::Message& operator<<(sdbus::Message& message, const Dict& dict) {
    write_dict(message, dict.value.is_object() ? dict.value : Json::object(), 1);
    return message;
}

sdbus::Message& operator<<(sdbus::Message& message, const Rows& rows) {
    message.openContainer("a{sv}");
    for (const auto& row : rows.value)
        if (row.is_object()) write_dict(message, row, 1);
    while (const auto row = rows.next ? rows.next() : std::nullopt)
        if (row->is_object()) write_dict(message, *row, 1);
    message.closeContainer();
    return message;
}

sdbus::Message& operator>>(sdbus::Message& message, Dict& dict) {
    Budget budget{dict.max_entries, dict.max_string};
    dict.value = guarded([&] { return read_dict(message, "sv", budget, 1); });
    return message;
}

sdbus::Message& operator>>(sdbus::Message& message, Rows& rows) {
    Budget budget{rows.max_entries, rows.max_string};
    rows.value = guarded([&] { return read_array(message, "a{sv}", budget, 0); });
    return message;
}

Json read_value(sdbus::Message& message) {
    Budget budget{kMaxEntries};
    return guarded([&] { return read_any(message, budget, 0); });
}

}  // namespace ntpopt::wire

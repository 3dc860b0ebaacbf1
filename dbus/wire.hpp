// JSON documents as D-Bus dictionaries. Dict travels as a{sv}, Rows as aa{sv}; both are written to and read from a
// message directly, without a tree of sdbus::Variant between, which for 2,000 servers would cost tens of megabytes.
//
// Written: string s, boolean b, double d, object a{sv}, array of strings as, of objects aa{sv}, of numbers ad, of
// anything else av. Null and numbers that are not finite: the key is absent. Integers are x, but for these keys:
//     port q;  rank stratum reach leap maxsources limit lines min_sources done total u;
//     run_id transaction and every key ending in _usec or _bytes t
// A value that does not fit its key's type is sent as x (or t). An empty array is `as`, but for keys that hold
// dictionaries (servers stages sources files kept counterfactuals gates buckets) it is aa{sv}.
// Read: any integer width, object paths and signatures as strings, structures and arrays as arrays; bounded in depth,
// number of entries and length of strings. What is refused throws sdbus::Error InvalidArgs, never anything else.
#pragma once

#include <sdbus-c++/Message.h>
#include <sdbus-c++/TypeTraits.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/json.hpp"

namespace ntpopt::wire {

inline constexpr std::size_t kMaxDepth = 8;
inline constexpr std::size_t kMaxEntries = 100'000;
inline constexpr std::size_t kMaxString = 1024 * 1024;

/// One dictionary: `value` is a JSON object.
struct Dict {
    Json value = Json::object();
    std::size_t max_entries = kMaxEntries;  ///< bound for reading; a client may trust its daemon with more
    std::size_t max_string = kMaxString;    ///< the same for the bytes of each string

    Dict() = default;
    explicit Dict(Json object) : value(std::move(object)) {}
};

/// A list of dictionaries: `value` is a JSON array of objects.
struct Rows {
    Json value = Json::array();
    std::size_t max_entries = kMaxEntries;
    std::size_t max_string = kMaxString;
    /// Where it is set: more rows to write behind those of `value`, asked for one after the other until there is none.
    /// Must not throw.
    std::function<std::optional<Json>()> next{};

    Rows() = default;
    explicit Rows(Json array) : value(std::move(array)) {}
};

/// Arguments of the applier, as DbusGlue.cmake has its adaptor take them: sixteen servers and a few options fit many
/// times over, and calls that wait side by side cost a few megabytes whoever made them.
struct SmallDict : Dict {
    SmallDict() {
        max_entries = 64;
        max_string = 4096;
    }
};
struct SmallRows : Rows {
    SmallRows() {
        max_entries = 1024;
        max_string = 1024;
    }
};

sdbus::Message& operator<<(sdbus::Message& message, const Dict& dict);
sdbus::Message& operator<<(sdbus::Message& message, const Rows& rows);
sdbus::Message& operator>>(sdbus::Message& message, Dict& dict);
sdbus::Message& operator>>(sdbus::Message& message, Rows& rows);

/// Reads whatever stands next in the message, a variant being what it holds. For signals and properties of strangers.
[[nodiscard]] Json read_value(sdbus::Message& message);

}  // namespace ntpopt::wire

template <>
struct sdbus::signature_of<ntpopt::wire::Dict> {
    static constexpr bool is_valid = true;
    static std::string str() { return "a{sv}"; }
};

template <>
struct sdbus::signature_of<ntpopt::wire::Rows> {
    static constexpr bool is_valid = true;
    static std::string str() { return "aa{sv}"; }
};

template <>
struct sdbus::signature_of<ntpopt::wire::SmallDict> : sdbus::signature_of<ntpopt::wire::Dict> {};

template <>
struct sdbus::signature_of<ntpopt::wire::SmallRows> : sdbus::signature_of<ntpopt::wire::Rows> {};

// The kinds of value that a configuration key may have. A kind reads Json into a variable, or says in words what would
// be right, and shows a variable as it would be written; keys.cpp puts kinds and variables together.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/json.hpp"
#include "common/text.hpp"
#include "daemon/core/config/config.hpp"

namespace ntpopt::config_values {

/// "expected X", for a value of the wrong type or out of range.
[[nodiscard]] Error expected(std::string_view what, const Json& got);

struct Integer {
    std::int64_t low;
    std::int64_t high;
    [[nodiscard]] std::string type() const { return "integer"; }
    [[nodiscard]] std::string range() const { return fmt::format("{} to {}", low, high); }
    [[nodiscard]] Status read(const Json& json, int& out) const;
    [[nodiscard]] Json show(int value) const { return value; }
};

struct Number {
    double low;
    double high;
    [[nodiscard]] std::string type() const { return "number"; }
    [[nodiscard]] std::string range() const { return fmt::format("{} to {}", low, high); }
    [[nodiscard]] Status read(const Json& json, double& out) const;
    [[nodiscard]] Json show(double value) const;
};

struct Boolean {
    [[nodiscard]] std::string type() const { return "boolean"; }
    [[nodiscard]] std::string range() const { return "true or false"; }
    [[nodiscard]] Status read(const Json& json, bool& out) const;
    [[nodiscard]] Json show(bool value) const { return value; }
};

struct Span {
    Duration low;
    Duration high;
    bool automatic = false;     ///< a word is taken too, and stored as zero
    std::string word = "auto";  ///< which
    [[nodiscard]] std::string type() const { return "duration"; }
    [[nodiscard]] std::string range() const;
    [[nodiscard]] Status read(const Json& json, Duration& out) const;
    [[nodiscard]] Json show(Duration value) const;
};

/// A duration that is kept as a number of milliseconds.
struct Milliseconds {
    Duration low;
    Duration high;
    [[nodiscard]] std::string type() const { return "duration"; }
    [[nodiscard]] std::string range() const { return Span{low, high}.range(); }
    [[nodiscard]] Status read(const Json& json, double& out) const;
    [[nodiscard]] Json show(double value) const;
};

/// "10%", kept as a share of 1.
struct Percent {
    double low;
    double high;
    [[nodiscard]] std::string type() const { return "percentage"; }
    [[nodiscard]] std::string range() const { return fmt::format("{}% to {}%", low * 100, high * 100); }
    [[nodiscard]] Status read(const Json& json, double& out) const;
    [[nodiscard]] Json show(double value) const { return fmt::format("{:.4g}%", value * 100); }
};

/// "10MiB": a number of bytes with a unit of 1024.
struct Bytes {
    std::uint64_t low;
    std::uint64_t high;
    [[nodiscard]] std::string type() const { return "size"; }
    [[nodiscard]] std::string range() const;
    [[nodiscard]] Status read(const Json& json, std::uint64_t& out) const;
    [[nodiscard]] Json show(std::uint64_t value) const;
};

/// One of a few words, each standing for a value.
template <typename T>
struct Choice {
    std::vector<std::pair<std::string, T>> words;

    [[nodiscard]] std::string type() const { return "word"; }
    [[nodiscard]] std::string range() const {
        std::string out;
        for (const auto& [word, value] : words)
            out += (out.empty() ? "" : ", ") + word;
        return out;
    }
    [[nodiscard]] Status read(const Json& json, T& out) const {
        for (const auto& [word, value] : words) {
            if (!json.is_string() || json.get_ref<const std::string&>() != word) continue;
            out = value;
            return {};
        }
        return expected("one of " + range(), json);
    }
    [[nodiscard]] Json show(const T& value) const {
        for (const auto& [word, known] : words)
            if (known == value) return word;
        return nullptr;
    }
};

/// A text that a function accepts, perhaps in another spelling.
struct Text {
    std::string kind;
    std::string form;  ///< what is right, in words
    Result<std::string> (*check)(std::string_view text);
    [[nodiscard]] std::string type() const { return kind; }
    [[nodiscard]] std::string range() const { return form; }
    [[nodiscard]] Status read(const Json& json, std::string& out) const;
    [[nodiscard]] Json show(const std::string& value) const { return value; }
};

/// A list of texts, each turned into an Item, which is a string or has text().
template <typename Item>
struct List {
    std::string kind;
    std::string form;
    Result<Item> (*parse)(std::string_view text);
    std::size_t most = 5000;

    [[nodiscard]] std::string type() const { return "list of " + kind; }
    [[nodiscard]] std::string range() const { return form; }
    [[nodiscard]] Status read(const Json& json, std::vector<Item>& out) const {
        if (!json.is_array()) return expected(fmt::format("a list of {}, such as [\"...\"]", kind), json);
        if (json.size() > most) return Error{Errc::invalid_argument, fmt::format("more than {} entries", most)};
        std::vector<Item> items;
        for (const auto& entry : json) {
            if (!entry.is_string()) return expected(fmt::format("only texts in this list of {}", kind), entry);
            auto item = parse(entry.get_ref<const std::string&>());
            if (!item) return item.error();
            items.push_back(*std::move(item));
        }
        out = std::move(items);
        return {};
    }
    [[nodiscard]] Json show(const std::vector<Item>& value) const {
        auto out = Json::array();
        for (const auto& item : value) {
            if constexpr (std::is_same_v<Item, std::string>)
                out.push_back(item);
            else
                out.push_back(item.text());
        }
        return out;
    }
};

/// ["ipv4", "ipv6"], at least one of them.
struct FamilyList {
    [[nodiscard]] std::string type() const { return "list of words"; }
    [[nodiscard]] std::string range() const { return "ipv4, ipv6; at least one"; }
    [[nodiscard]] Status read(const Json& json, ProbeConfig& out) const;
    [[nodiscard]] Json show(const ProbeConfig& value) const;
};

/// { jitter = .., reachability = .., stratum = .., latency = .. }; one that is missing counts as 0.
struct WeightTable {
    [[nodiscard]] std::string type() const { return "table of numbers"; }
    [[nodiscard]] std::string range() const { return "each 0 to 1; they sum to 1"; }
    [[nodiscard]] Status read(const Json& json, Weights& out) const;
    [[nodiscard]] Json show(const Weights& value) const;
};

/// [{ url_file = "..", secret_file = ".." }], written as [[notify.webhook]]; the secret may be left out.
struct WebhookList {
    Result<std::string> (*check_file)(std::string_view text);
    [[nodiscard]] std::string type() const { return "list of tables"; }
    [[nodiscard]] std::string range() const { return "each with url_file, perhaps secret_file; at most 8"; }
    [[nodiscard]] Status read(const Json& json, std::vector<WebhookConfig>& out) const;
    [[nodiscard]] Json show(const std::vector<WebhookConfig>& value) const;
};

}  // namespace ntpopt::config_values

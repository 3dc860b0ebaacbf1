// Patterns of the whitelist and of the trusted servers: an exact host name, an address, a network ("192.0.2.0/24"), or
// every name below a domain ("*.example"). They are held against the very text that would be configured, never against
// what a name resolves to: a pattern for an address matches a server that is configured by address.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

class Pattern {
  public:
    [[nodiscard]] static Result<Pattern> parse(std::string_view text);
    [[nodiscard]] bool matches(const Host& host) const;

  private:
    struct Network {
        Address address;
        unsigned bits = 0;
    };
    struct Below {
        std::string suffix;  // with its leading dot
    };
    using Value = std::variant<HostName, Network, Below>;
    explicit Pattern(Value value) : value_(std::move(value)) {}
    Value value_;
};

/// Patterns as written in the configuration. One that cannot be read matches nothing.
class PatternList {
  public:
    explicit PatternList(const std::vector<std::string>& texts);
    /// Nothing was configured, not even something unreadable.
    [[nodiscard]] bool empty() const { return configured_ == 0; }
    [[nodiscard]] bool matches(const Host& host) const;
    /// As a whitelist, which admits everybody where nothing was configured.
    [[nodiscard]] bool admits(const Host& host) const { return empty() || matches(host); }

  private:
    std::vector<Pattern> patterns_;
    std::size_t configured_ = 0;
};

}  // namespace ntpopt

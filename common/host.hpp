// Host names, addresses and endpoints that cannot be invalid: only parse_ makes them, so no newline, space or option
// can ever reach somebody's configuration file through them. Knows nothing of DNS or sockets.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/error.hpp"

namespace ntpopt {

inline constexpr std::uint16_t kNtpPort = 123;  // RFC 5905 7.2

/// A DNS host name (RFC 1123 2.1), kept in lower case without a trailing dot; at most 253 octets, labels of at most 63.
/// A last label that is a number ("1", "0x7f") is refused, since it would read as an address (inet_aton(3)).
class HostName {
  public:
    [[nodiscard]] static Result<HostName> parse(std::string_view text);
    [[nodiscard]] const std::string& text() const { return text_; }
    friend auto operator<=>(const HostName&, const HostName&) = default;

  private:
    explicit HostName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

/// An IPv4 or IPv6 address without a zone. IPv4-mapped IPv6 addresses become IPv4.
class Address {
  public:
    [[nodiscard]] static Result<Address> parse(std::string_view text);
    [[nodiscard]] static Address v4(const std::array<std::uint8_t, 4>& octets);
    [[nodiscard]] static Address v6(const std::array<std::uint8_t, 16>& octets);

    [[nodiscard]] bool is_v4() const { return v4_; }
    /// Network order; IPv4 uses the first four octets, the rest is zero.
    [[nodiscard]] const std::array<std::uint8_t, 16>& octets() const { return octets_; }
    [[nodiscard]] std::string text() const;
    /// 127.0.0.0/8 and ::1.
    [[nodiscard]] bool is_loopback() const;
    /// Multicast, unspecified or limited broadcast: no server can have it.
    [[nodiscard]] bool is_unusable() const;
    /// RFC 1918, RFC 4193, RFC 6598, link-local or loopback: not reachable over the public internet.
    [[nodiscard]] bool is_private() const;
    /// True where the first `bits` bits of both addresses of one family are equal.
    [[nodiscard]] bool shares_prefix(const Address& other, unsigned bits) const;
    friend auto operator<=>(const Address&, const Address&) = default;

  private:
    std::array<std::uint8_t, 16> octets_{};
    bool v4_ = true;
};

/// A host as written by people: a name or an address.
class Host {
  public:
    Host(HostName name) : value_(std::move(name)) {}  // NOLINT(google-explicit-constructor): it is one
    Host(Address address) : value_(address) {}        // NOLINT(google-explicit-constructor): it is one
    [[nodiscard]] static Result<Host> parse(std::string_view text);
    [[nodiscard]] const HostName* name() const { return std::get_if<HostName>(&value_); }
    [[nodiscard]] const Address* address() const { return std::get_if<Address>(&value_); }
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const Host&, const Host&) = default;

  private:
    std::variant<HostName, Address> value_;
};

/// A host and an UDP port. Text forms: "name", "address", "name:port", "192.0.2.1:port", "[2001:db8::1]:port".
struct Endpoint {
    Host host;
    std::uint16_t port = kNtpPort;

    [[nodiscard]] static Result<Endpoint> parse(std::string_view text);
    /// The port appears only where it is not 123.
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace ntpopt

// Validation and rendering for host.hpp.
#include "common/host.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxAddressText = 45;

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// What inet_aton(3), and with it every resolver, takes for a part of an address: decimal, octal or hexadecimal.
bool is_number(std::string_view label) {
    if (std::all_of(label.begin(), label.end(), is_digit)) return true;
    if (!label.starts_with("0x")) return false;
    return std::all_of(label.begin() + 2, label.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabel && is_alnum(label.front()) && is_alnum(label.back()) &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

Error bad(std::string_view what, std::string_view text, std::string_view right) {
    return {Errc::invalid_argument, fmt::format("'{}' is not {}: {}", printable(text, 80), what, right)};
}

}  // namespace

Result<HostName> HostName::parse(std::string_view text) {
    std::string name(text);
    if (name.size() > 1 && name.back() == '.') name.pop_back();
    if (name.empty() || name.size() > kMaxName) return bad("a host name", text, "it has 1 to 253 characters");
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    std::string_view last;
    for (std::string_view rest = name;;) {
        const auto dot = rest.find('.');
        last = rest.substr(0, dot);
        if (!is_label(last))
            return bad("a host name", text, "labels have 1 to 63 letters, digits or inner hyphens (RFC 1123)");
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    if (is_number(last)) return bad("a host name", text, "its last label is a number, so it would read as an address");
    return HostName(std::move(name));
}

Result<Address> Address::parse(std::string_view text) {
    if (text.empty() || text.size() > kMaxAddressText)
        return bad("an IP address", text, "write 192.0.2.1 or 2001:db8::1");
    const std::string copy(text);
    std::array<std::uint8_t, 4> four{};
    if (copy.size() == std::strlen(copy.c_str()) && inet_pton(AF_INET, copy.c_str(), four.data()) == 1) return v4(four);
    std::array<std::uint8_t, 16> sixteen{};
    if (copy.size() == std::strlen(copy.c_str()) && inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1)
        return v6(sixteen);
    return bad("an IP address", text, "write 192.0.2.1 or 2001:db8::1");
}

Address Address::v4(const std::array<std::uint8_t, 4>& octets) {
    Address address;
    std::copy(octets.begin(), octets.end(), address.octets_.begin());
    return address;
}

Address Address::v6(const std::array<std::uint8_t, 16>& octets) {
    static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), octets.begin()))
        return v4({octets[12], octets[13], octets[14], octets[15]});
    Address address;
    address.octets_ = octets;
    address.v4_ = false;
    return address;
}

std::string Address::text() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    inet_ntop(v4_ ? AF_INET : AF_INET6, octets_.data(), buffer.data(), buffer.size());
    return buffer.data();
}

bool Address::is_loopback() const {
    if (v4_) return octets_[0] == 127;
    return std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; }) && octets_[15] == 1;
}

bool Address::is_unusable() const {
    if (v4_) return octets_[0] == 0 || octets_[0] >= 224;
    return octets_[0] == 0xff || std::all_of(octets_.begin(), octets_.end(), [](auto o) { return o == 0; });
}

bool Address::is_private() const {
    if (is_loopback()) return true;
    if (v4_)
        return octets_[0] == 10 || (octets_[0] == 172 && (octets_[1] & 0xf0) == 16) ||
               (octets_[0] == 192 && octets_[1] == 168) || (octets_[0] == 169 && octets_[1] == 254) ||
               (octets_[0] == 100 && (octets_[1] & 0xc0) == 64);
    return (octets_[0] & 0xfe) == 0xfc || (octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80);
}

bool Address::shares_prefix(const Address& other, unsigned bits) const {
    if (v4_ != other.v4_) return false;
    bits = std::min(bits, v4_ ? 32U : 128U);
    const auto whole = bits / 8;
    if (!std::equal(octets_.begin(), octets_.begin() + whole, other.octets_.begin())) return false;
    const auto rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return ((octets_[whole] ^ other.octets_[whole]) & mask) == 0;
}

Result<Host> Host::parse(std::string_view text) {
    if (auto address = Address::parse(text)) return Host(*address);
    auto name = HostName::parse(text);
    if (name) return Host(*std::move(name));
    return name.error();
}

std::string Host::text() const {
    return name() ? name()->text() : address()->text();
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    std::string_view host = text;
    std::string_view port;
    bool has_port = false;
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return bad("an endpoint", text, "the ']' is missing");
        host = text.substr(1, close - 1);
        const auto rest = text.substr(close + 1);
        has_port = !rest.empty();
        if (has_port && rest.front() != ':') return bad("an endpoint", text, "write [address]:port");
        if (has_port) port = rest.substr(1);
        if (host.find(':') == std::string_view::npos)
            return bad("an endpoint", text, "brackets are for IPv6 addresses");
    } else if (const auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        has_port = true;
    }
    auto parsed = Host::parse(host);
    if (!parsed) return parsed.error();
    if (!has_port) return Endpoint{*std::move(parsed)};
    const auto number = parse_number<std::uint16_t>(port);
    if (!number || *number == 0) return bad("an endpoint", text, "a port is a number from 1 to 65535");
    return Endpoint{*std::move(parsed), *number};
}

std::string Endpoint::text() const {
    if (port == kNtpPort) return host.text();
    const bool bracket = host.address() && !host.address()->is_v4();
    return bracket ? fmt::format("[{}]:{}", host.text(), port) : fmt::format("{}:{}", host.text(), port);
}

}  // namespace ntpopt

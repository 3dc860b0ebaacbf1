// Implementation of pattern.hpp.
#include "daemon/core/select/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt {
namespace {

Error bad(std::string_view text, std::string_view why) {
    return {Errc::invalid_argument, fmt::format("'{}' is not a pattern: {}", printable(text, 80), why)};
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
    if (text.starts_with("*.")) {
        const auto name = HostName::parse(text.substr(2));
        if (!name) return bad(text, "after '*.' comes a domain");
        return Pattern(Below{"." + name->text()});
    }
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const auto address = Address::parse(text.substr(0, slash));
        if (!address) return bad(text, "before the '/' comes an address");
        const auto bits = parse_number<unsigned>(text.substr(slash + 1));
        const unsigned most = address->is_v4() ? 32 : 128;
        if (!bits || *bits > most) return bad(text, fmt::format("a prefix length is a number from 0 to {}", most));
        return Pattern(Network{*address, *bits});
    }
    if (const auto address = Address::parse(text)) return Pattern(Network{*address, address->is_v4() ? 32U : 128U});
    auto name = HostName::parse(text);
    if (!name) return bad(text, "write a host name, an address, ADDRESS/BITS or *.DOMAIN");
    return Pattern(*std::move(name));
}

bool Pattern::matches(const Host& host) const {
    if (const auto* network = std::get_if<Network>(&value_))
        return host.address() && host.address()->shares_prefix(network->address, network->bits);
    if (!host.name()) return false;
    if (const auto* below = std::get_if<Below>(&value_)) return host.name()->text().ends_with(below->suffix);
    return *host.name() == std::get<HostName>(value_);
}

PatternList::PatternList(const std::vector<std::string>& texts) : configured_(texts.size()) {
    for (const auto& text : texts)
        if (auto pattern = Pattern::parse(text)) patterns_.push_back(*std::move(pattern));
}

bool PatternList::matches(const Host& host) const {
    return std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern& p) { return p.matches(host); });
}

}  // namespace ntpopt

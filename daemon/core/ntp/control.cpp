// Implementation of control.hpp; layout: RFC 9327 2.
#include "daemon/core/ntp/control.hpp"

#include <fmt/format.h>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr std::uint8_t kVersionAndMode = 4 << 3 | 6;
constexpr std::uint8_t kModeMask = 7;
constexpr std::uint8_t kResponse = 0x80;
constexpr std::uint8_t kFailure = 0x40;
constexpr std::uint8_t kMore = 0x20;
constexpr std::uint8_t kOpcodeMask = 0x1f;

void put(std::vector<std::uint8_t>& bytes, std::size_t number) {
    bytes.push_back(static_cast<std::uint8_t>(number >> 8 & 0xff));
    bytes.push_back(static_cast<std::uint8_t>(number & 0xff));
}

std::uint16_t get(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// RFC 9327 3.4: the error codes in the upper half of the status word.
Error failure_of(std::uint16_t status) {
    switch (status >> 8) {
        case 1:
        case 7:
            return {Errc::access_denied, "ntpd does not tell its state"};
        case 4:
            return {Errc::not_found, "ntpd does not know the association any more"};
        default:
            return {Errc::parse, fmt::format("ntpd did not understand the question (error {})", status >> 8)};
    }
}

Error malformed(string_view why) {
    return {Errc::parse, fmt::format("ntpd's answer makes no sense: {}", why)};
}

}  // namespace

std::vector<std::uint8_t> render_control(const ControlQuestion& question) {
    std::vector<std::uint8_t> bytes{kVersionAndMode, static_cast<std::uint8_t>(question.opcode)};
    put(bytes, question.sequence);
    put(bytes, 0);
    put(bytes, question.association);
    put(bytes, 0);
    put(bytes, question.names.size());
    bytes.insert(bytes.end(), question.names.begin(), question.names.end());
    while (bytes.size() % 4 != 0)
        bytes.push_back(0);
    return bytes;
}

Result<bool> ControlAnswer::take(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < kControlHeaderSize) return false;
    const std::uint8_t flags = bytes[1];
    if ((bytes[0] & kModeMask) != 6 || (flags & kResponse) == 0 ||
        (flags & kOpcodeMask) != static_cast<std::uint8_t>(question_.opcode) || get(bytes, 2) != question_.sequence ||
        get(bytes, 6) != question_.association)
        return false;
    if ((flags & kFailure) != 0) return failure_of(get(bytes, 4));
    const std::size_t offset = get(bytes, 8);
    const std::size_t count = get(bytes, 10);
    if (count > bytes.size() - kControlHeaderSize) return malformed("it is shorter than it says");
    if (offset + count > kMaxControlAnswer) return malformed("it is too long");
    const bool last = (flags & kMore) == 0;
    if (!last && count == 0) return malformed("an empty piece of more");
    if (last && end_ != 0 && end_ != offset + count) return malformed("it ends at two places");
    std::string piece(bytes.begin() + kControlHeaderSize,
                      bytes.begin() + static_cast<std::ptrdiff_t>(kControlHeaderSize + count));
    const auto known = fragments_.find(offset);
    if (known != fragments_.end()) {
        if (known->second != piece) return malformed("two pieces for one place");
        return false;
    }
    if (fragments_.size() == kMaxControlFragments) return malformed("it has too many pieces");
    held_ += count;
    fragments_.emplace(offset, std::move(piece));
    status_ = get(bytes, 4);
    if (last) {
        if (offset + count == 0) return true;
        end_ = offset + count;
    }
    if (end_ == 0 || held_ < end_) return false;
    std::size_t next = 0;
    for (const auto& [at, text] : fragments_) {
        if (at != next) return malformed("its pieces do not fit together");
        next += text.size();
    }
    if (next != end_) return malformed("its pieces do not fit together");
    for (const auto& [at, text] : fragments_)
        data_ += text;
    return true;
}

Result<std::vector<AssociationStatus>> parse_associations(string_view data) {
    if (data.size() % 4 != 0) return malformed("half an association");
    if (data.size() / 4 > kMaxAssociations) return malformed("more than 1000 associations");
    const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(data[at]); };
    std::vector<AssociationStatus> associations;
    for (std::size_t i = 0; i < data.size(); i += 4)
        associations.push_back({static_cast<std::uint16_t>(octet(i) << 8 | octet(i + 1)),
                                static_cast<std::uint16_t>(octet(i + 2) << 8 | octet(i + 3))});
    return associations;
}

Result<std::map<std::string, std::string, std::less<>>> parse_control_variables(string_view data) {
    constexpr string_view kBlanks = " \t\r\n,";
    if (data.size() > kMaxControlAnswer) return malformed("it is too long");
    std::map<std::string, std::string, std::less<>> variables;
    std::size_t at = 0;
    while ((at = data.find_first_not_of(kBlanks, at)) != string_view::npos) {
        const std::size_t name_end = std::min(data.find_first_of("=,\r\n", at), data.size());
        const std::string_view name = trim(data.substr(at, name_end - at));
        std::string_view value;
        at = name_end;
        if (at < data.size() && data[at] == '=') {
            ++at;
            const bool quoted = at < data.size() && data[at] == '"';
            const std::size_t begin = quoted ? at + 1 : at;
            const std::size_t end = data.find_first_of(quoted ? "\"" : ",\r\n", begin);
            if (quoted && end == string_view::npos) return malformed("a text without its end");
            value = data.substr(begin, std::min(end, data.size()) - begin);
            at = std::min(end, data.size());
            if (quoted) ++at;
        }
        if (name.empty()) continue;
        if (variables.size() == kMaxVariables) return malformed("more than 200 variables");
        variables.emplace(std::string(name), std::string(trim(value)));
    }
    return variables;
}

}  // namespace ntpopt

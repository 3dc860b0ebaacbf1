// Implementation of ntpd_report.hpp. Times are in milliseconds in mode 6, frequencies in parts per million.
#include "daemon/core/plan/ntpd_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;
using Variables = std::map<std::string, std::string, std::less<>>;

Error malformed(string_view name, string_view value) {
    return {Errc::parse, fmt::format("ntpd says {}={}", printable(name, 20), printable(value, 40))};
}

/// Reads the variables that are there; the first that cannot be read is the answer's error.
class Reader {
  public:
    explicit Reader(const Variables& variables) : variables_(variables) {}

    /// Decimal, or hexadecimal behind "0x".
    void whole(string_view name, int high, int& number) {
        const auto* text = find(name);
        if (text == nullptr) return;
        const bool hexadecimal = text->starts_with("0x");
        const auto value = hexadecimal ? parse_number<int>(string_view(*text).substr(2), 16) : parse_number<int>(*text);
        if (!value || *value < 0 || *value > high) return fail(name, *text);
        number = *value;
    }

    void scaled(string_view name, double unit, double& number) {
        const auto* text = find(name);
        if (text == nullptr) return;
        string_view digits = *text;
        if (digits.starts_with('+')) digits.remove_prefix(1);
        const auto value = parse_number<double>(digits);
        if (!value || !std::isfinite(*value)) return fail(name, *text);
        number = *value * unit;
    }
    void scaled(string_view name, double unit, std::optional<double>& number) {
        double value = -1;
        scaled(name, unit, value);
        if (value >= 0) number = value;
    }

    /// "0xeead82d6.f0682018".
    void time(string_view name, NtpTime& time) {
        const auto* text = find(name);
        if (text == nullptr) return;
        constexpr std::size_t kHalf = 8;
        const string_view value = *text;
        if (value.size() != 2 * kHalf + 3 || !value.starts_with("0x") || value[kHalf + 2] != '.')
            return fail(name, value);
        const auto seconds = parse_number<std::uint32_t>(value.substr(2, kHalf), 16);
        const auto fraction = parse_number<std::uint32_t>(value.substr(kHalf + 3), 16);
        if (!seconds || !fraction) return fail(name, value);
        time.bits = static_cast<std::uint64_t>(*seconds) << 32 | *fraction;
    }

    /// "192.0.2.1", "192.0.2.1:123", "[2001:db8::1]:123", "2001:db8::1%2"; the unspecified address is none.
    void address(string_view name, std::optional<Address>& address) {
        const auto* text = find(name);
        if (text == nullptr || text->empty()) return;
        string_view value = *text;
        if (value.starts_with('[')) {
            value = value.substr(1, value.find(']') - 1);
        } else if (value.find('.') != string_view::npos && value.find(':') == value.rfind(':')) {
            value = value.substr(0, value.find(':'));
        }
        value = value.substr(0, value.find('%'));
        const auto parsed = Address::parse(value);
        if (!parsed) return fail(name, *text);
        if (!parsed->is_unusable()) address = *parsed;
    }

    void text(string_view name, std::size_t limit, std::string& value) {
        if (const auto* found = find(name)) value = printable(*found, limit);
    }

    [[nodiscard]] const Status& status() const { return status_; }

  private:
    const std::string* find(string_view name) const {
        const auto found = variables_.find(name);
        return found == variables_.end() ? nullptr : &found->second;
    }
    void fail(string_view name, string_view value) {
        if (status_) status_ = malformed(name, value);
    }

    const Variables& variables_;
    Status status_;
};

constexpr double kMilli = 1e-3;
constexpr int kMaxNumber = 65535;

}  // namespace

std::string NtpdAssociation::text() const {
    if (!name.empty()) return name;
    return address ? address->text() : fmt::format("association {}", status.id);
}

const NtpdAssociation* NtpdState::peer() const {
    const auto found = std::find_if(associations.begin(), associations.end(), [&](const auto& association) {
        return system.peer != 0 && association.status.id == system.peer;
    });
    return found == associations.end() ? nullptr : &*found;
}

Result<NtpdSystem> parse_ntpd_system(string_view text) {
    const auto variables = parse_control_variables(text);
    if (!variables) return variables.error();
    NtpdSystem system;
    Reader reader(*variables);
    int peer = 0;
    reader.whole("leap", 3, system.leap);
    reader.whole("stratum", kMaxNumber, system.stratum);
    reader.text("refid", 40, system.refid);
    reader.time("reftime", system.reference_time);
    reader.whole("peer", kMaxNumber, peer);
    reader.address("peeradr", system.address);
    reader.scaled("offset", kMilli, system.offset_s);
    reader.scaled("rootdelay", kMilli, system.root_delay_s);
    reader.scaled("rootdisp", kMilli, system.root_dispersion_s);
    reader.scaled("frequency", 1, system.frequency_ppm);
    if (!reader.status()) return reader.status().error();
    system.peer = static_cast<std::uint16_t>(peer);
    return system;
}

Result<NtpdAssociation> parse_ntpd_association(AssociationStatus status, string_view text) {
    const auto variables = parse_control_variables(text);
    if (!variables) return variables.error();
    NtpdAssociation association;
    association.status = status;
    Reader reader(*variables);
    reader.text("srchost", 255, association.name);
    reader.address("srcadr", association.address);
    reader.whole("leap", 3, association.leap);
    reader.whole("stratum", kMaxNumber, association.stratum);
    reader.whole("reach", 255, association.reach);
    reader.scaled("offset", kMilli, association.offset_s);
    reader.scaled("delay", kMilli, association.delay_s);
    reader.scaled("dispersion", kMilli, association.dispersion_s);
    reader.scaled("jitter", kMilli, association.jitter_s);
    reader.scaled("rootdelay", kMilli, association.root_delay_s);
    reader.scaled("rootdisp", kMilli, association.root_dispersion_s);
    reader.time("rec", association.received);
    if (!reader.status()) return reader.status().error();
    return association;
}

string_view describe_state(const NtpdAssociation& association) {
    if (association.is_unresolved()) return "unresolved";
    if (association.reach == 0) return "unreachable";
    switch (association.status.selection()) {
        case 1:
            return "falseticker";
        case 6:
        case 7:
            return "selected";
        case 3:
        case 4:
        case 5:
            return "candidate";
        default:
            return "rejected";
    }
}

}  // namespace ntpopt

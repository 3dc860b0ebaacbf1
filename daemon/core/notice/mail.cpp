// Implementation of mail.hpp.
#include "daemon/core/notice/mail.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kFold = 76;
constexpr std::size_t kMaxHeader = 8192;    // more than all recipients that the configuration takes
constexpr std::size_t kEncodedOctets = 42;  // of text in one encoded word, so that it has at most 75 characters

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::string base64(std::string_view text) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        const auto octet = [&](std::size_t k) {
            return i + k < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i + k])) : 0U;
        };
        const auto bits = octet(0) << 16U | octet(1) << 8U | octet(2);
        for (std::size_t k = 0; k < 4; ++k)
            out += i + k > text.size() ? '=' : kDigits[bits >> (18U - 6U * k) & 63U];
    }
    return out;
}

/// RFC 2047 4.1: whole characters only in each word, words on lines of their own.
std::string encoded_words(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto size = std::min(kEncodedOctets, text.size());
        while (size < text.size() && size > 1 && !starts_character(text[size]))
            --size;
        out += fmt::format("{}=?UTF-8?B?{}?=", out.empty() ? "" : "\r\n ", base64(text.substr(0, size)));
        text.remove_prefix(size);
    }
    return out;
}

/// RFC 2045 6.7: everything but plain ASCII is escaped, and no line is longer than 76 characters.
std::string quoted_printable(std::string_view text) {
    std::string out;
    for (const auto line : lines(text)) {
        std::string coded;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const auto c = static_cast<unsigned char>(line[i]);
            const bool last_blank = (c == ' ' || c == '\t') && i + 1 == line.size();
            const bool plain = (c >= 0x20 && c < 0x7f && c != '=') || c == '\t';
            const auto piece = plain && !last_blank ? std::string(1, static_cast<char>(c)) : fmt::format("={:02X}", c);
            if (coded.size() + piece.size() > kFold - 1) {
                out += coded + "=\r\n";
                coded.clear();
            }
            coded += piece;
        }
        out += coded + "\r\n";
    }
    return out;
}

}  // namespace

std::string render_mail_date(RealTime time) {
    using namespace std::chrono;
    constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto second = floor<seconds>(time);
    const auto day = floor<days>(second);
    const year_month_day date(day);
    const hh_mm_ss clock(second - day);
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[weekday(day).c_encoding()],
                       static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                       clock.seconds().count());
}

std::string render_mail_header(std::string_view name, std::string_view text) {
    std::string clean(text.substr(0, kMaxHeader));
    std::replace_if(
        clean.begin(), clean.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }, ' ');
    if (!is_ascii(clean)) return fmt::format("{}: {}\r\n", name, encoded_words(clean));
    std::string out(name);
    out += ':';
    auto column = out.size();
    for (const auto word : words(clean)) {
        const bool fold = column + 1 + word.size() > kFold && column > name.size() + 1;
        out += fold ? "\r\n " : " ";
        column = (fold ? 0 : column) + 1 + word.size();
        out += word;
    }
    return out + "\r\n";
}

std::string render_mail(const EmailConfig& email, const Notice& notice) {
    std::string out;
    out += render_mail_header("Date", render_mail_date(notice.time));
    out += render_mail_header("From", fmt::format("ntpopt <{}>", email.from));
    out += render_mail_header("To", fmt::format("{}", fmt::join(email.to, ", ")));
    out += render_mail_header("Subject", notice.subject);
    // The domain of the sender: this machine's name may be of no domain at all.
    out += render_mail_header("Message-ID",
                              fmt::format("<{}@{}>", notice.id, email.from.substr(email.from.rfind('@') + 1)));
    out += "Auto-Submitted: auto-generated\r\n";  // RFC 3834 5: nobody's out-of-office answers it
    out += "X-Auto-Response-Suppress: All\r\n";
    out += render_mail_header("X-Ntpopt-Severity", name_of(notice.severity));
    if (notice.severity >= Severity::error) out += "Importance: high\r\n";  // RFC 2156
    out +=
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
        "quoted-printable\r\n\r\n";
    return out + quoted_printable(notice.text);
}

}  // namespace ntpopt

// Implementation of smtp_dialogue.hpp.
#include "daemon/core/notice/smtp_dialogue.hpp"

#include <fmt/format.h>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::string_view kRecipient = "RCPT TO:<";
constexpr std::size_t kMaxLine = 512;  // RFC 5321 4.5.3.1.5
constexpr std::size_t kMaxRefused = 100;
constexpr std::size_t kShown = 100;

}  // namespace

void SmtpDialogue::sent(std::string_view command) {
    recipient_.clear();
    line_.clear();
    if (!command.starts_with(kRecipient)) return;
    command.remove_prefix(kRecipient.size());
    recipient_ = command.substr(0, command.find('>'));
}

void SmtpDialogue::received(std::string_view text) {
    for (const char c : text) {
        if (c != '\n') {
            if (line_.size() < kMaxLine) line_ += c;
            continue;
        }
        answered(trim(line_));
        line_.clear();
    }
}

void SmtpDialogue::answered(std::string_view line) {
    // "550-more follows", "550 the last line": the last one counts.
    if (recipient_.empty() || line.size() < 3 || (line.size() > 3 && line[3] == '-')) return;
    const bool no = line.front() == '4' || line.front() == '5';
    if (no && refused_.size() < kMaxRefused)
        refused_.push_back(fmt::format("{} ({})", printable(recipient_), printable(line, kShown)));
    to_come_again_ = to_come_again_ || line.front() == '4';
    recipient_.clear();
}

}  // namespace ntpopt

// A notice as a message of RFC 5322 with MIME (RFC 2045), ready for the DATA of SMTP: lines end in CRLF and none is
// longer than 998 octets. Nothing that it is given can become a header of its own.
#pragma once

#include <string>
#include <string_view>

#include "daemon/core/config/config.hpp"
#include "daemon/core/notice/digest.hpp"

namespace ntpopt {

/// "Sun, 22 Nov 2026 11:46:05 +0000" (RFC 5322 3.3).
[[nodiscard]] std::string render_mail_date(RealTime time);

/// The value of an unstructured header: controls become blanks, what is not ASCII an encoded word (RFC 2047), folded.
[[nodiscard]] std::string render_mail_header(std::string_view name, std::string_view text);

/// `email.from` and `email.to` have passed the configuration's check.
[[nodiscard]] std::string render_mail(const EmailConfig& email, const Notice& notice);

}  // namespace ntpopt

// A notice as the JSON that Slack, Discord, a webhook of one's own and a local command take, and the signature of the
// third.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/core/notice/digest.hpp"

namespace ntpopt {

/// An incoming webhook of Slack: markup characters are escaped, the text is bounded.
[[nodiscard]] std::string render_slack(const Notice& notice);
/// An execute-webhook request of Discord: at most 2,000 characters, nobody is mentioned.
[[nodiscard]] std::string render_discord(const Notice& notice);
/// The document of docs/notices.md, for a webhook and a command: the first 100 events, and how many there are.
[[nodiscard]] std::string render_webhook(const Notice& notice);

/// "sha256=" and the HMAC-SHA256 (RFC 2104) in hexadecimal of "TIMESTAMP.BODY", the time in seconds since 1970: so that
/// who checks it can also refuse what is old.
[[nodiscard]] std::string sign_webhook(std::string_view secret, std::int64_t timestamp_s, std::string_view body);

}  // namespace ntpopt

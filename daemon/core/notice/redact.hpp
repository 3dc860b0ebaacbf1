// Takes what is secret out of words that are for people, whoever said them: libcurl, or the server at the other end.
#pragma once

#include <string>
#include <vector>

namespace ntpopt {

/// The text with "*" for each of the secrets, printable, and at most 500 characters of it.
[[nodiscard]] std::string redact(std::string text, std::vector<std::string> secrets);

/// A URL and what of it a server may repeat alone: its user, its path and query, and the pieces of these that are long
/// enough to be a token. Not its host, without which nobody knows what went wrong.
[[nodiscard]] std::vector<std::string> secrets_of_url(const std::string& url);

}  // namespace ntpopt

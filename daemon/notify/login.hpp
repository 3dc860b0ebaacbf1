// A log-in as it goes over the wire, so that a server that repeats it can be kept from telling it.
#pragma once

#include <string>
#include <vector>

namespace ntpopt {

/// In base64, as SMTP has it (RFC 4616 2; LOGIN: the password alone) and HTTP (RFC 7617 2). Empty without a password.
[[nodiscard]] std::vector<std::string> secrets_of_login(const std::string& user, const std::string& password);

/// The same of the user and password in a URL, and what they are without its percent signs.
[[nodiscard]] std::vector<std::string> secrets_of_login(const std::string& url);

}  // namespace ntpopt

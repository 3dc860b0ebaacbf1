// Implementation of login.hpp.
#include "daemon/notify/login.hpp"

#include <curl/curl.h>
#include <nettle/base64.h>

#include <memory>

namespace ntpopt {
namespace {

/// Without the "=" at the end, which not everybody writes.
std::string base64(const std::string& text) {
    std::string out(BASE64_ENCODE_RAW_LENGTH(text.size()), '\0');
    base64_encode_raw(out.data(), text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
    out.erase(out.find_last_not_of('=') + 1);
    return out;
}

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_URLDECODE) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return text;
}

}  // namespace

std::vector<std::string> secrets_of_login(const std::string& user, const std::string& password) {
    if (password.empty()) return {};
    const std::string nul(1, '\0');
    return {base64(nul + user + nul + password), base64(password), base64(user + ':' + password)};
}

std::vector<std::string> secrets_of_login(const std::string& url) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
    const auto password = part_of(parsed.get(), CURLUPART_PASSWORD);
    auto out = secrets_of_login(part_of(parsed.get(), CURLUPART_USER), password);
    if (!password.empty()) out.push_back(password);
    return out;
}

}  // namespace ntpopt

// Implementation of redact.hpp.
#include "daemon/core/notice/redact.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/text.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kLeastToken = 8;
constexpr std::size_t kMaxText = 500;

void add_pieces(std::vector<std::string>& out, std::string_view text) {
    constexpr std::string_view kBetween = "/?&=#:;,";
    for (std::size_t from = 0; from <= text.size();) {
        const auto end = std::min(text.find_first_of(kBetween, from), text.size());
        if (end - from >= kLeastToken) out.emplace_back(text.substr(from, end - from));
        from = end + 1;
    }
}

}  // namespace

std::string redact(std::string text, std::vector<std::string> secrets) {
    // The longest first: a part of one must not hide the rest of it.
    std::sort(secrets.begin(), secrets.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const auto& secret : secrets) {
        if (secret.empty()) continue;
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 1))
            text.replace(at, secret.size(), "*");
    }
    return printable(text, kMaxText);
}

std::vector<std::string> secrets_of_url(const std::string& url) {
    std::vector<std::string> out{url};
    const auto scheme = url.find("://");
    const auto host = scheme == std::string::npos ? 0 : scheme + 3;
    const auto path = std::min(url.find_first_of("/?#", host), url.size());
    const std::string_view authority = std::string_view(url).substr(host, path - host);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        out.emplace_back(authority.substr(0, at));
        for (const auto part : split(authority.substr(0, at), ':'))
            if (!part.empty()) out.emplace_back(part);
    }
    if (url.size() - path >= kLeastToken) out.push_back(url.substr(path));
    add_pieces(out, std::string_view(url).substr(path));
    return out;
}

}  // namespace ntpopt

// Implementation of http_request.hpp.
#include "ctl/http_request.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

using std::string_view;

constexpr string_view kPath = "/metrics";

/// RFC 9110 5.6.2.
bool is_token(string_view text) {
    static constexpr string_view kMarks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kMarks.find(c) != string_view::npos;
    });
}

bool is_visible(string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// The line at the front, without its end, which is taken off (RFC 9112 2.2: a lone line feed counts, too).
string_view take_line(string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

/// RFC 9112 3.2: the path of "/path?query" or of "http://host/path?query"; "" where it is neither.
string_view path_of(string_view target) {
    constexpr string_view kScheme = "http://";
    if (to_lower(target.substr(0, kScheme.size())) == kScheme) {
        const auto slash = target.find('/', kScheme.size());
        if (slash == string_view::npos) return "/";
        target.remove_prefix(slash);
    }
    return target.starts_with('/') ? target.substr(0, target.find('?')) : string_view();
}

/// RFC 9112 5: names are tokens right before a colon, and no line goes on in the next. How many of them are Host?
std::optional<int> count_hosts(string_view fields) {
    int hosts = 0;
    while (!fields.empty()) {
        const auto line = take_line(fields);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (colon == string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
        const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
        if (std::any_of(line.begin(), line.end(), is_control)) return std::nullopt;
        if (to_lower(line.substr(0, colon)) == "host") ++hosts;
    }
    return hosts;
}

string_view phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 431:
            return "Request Header Fields Too Large";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "Bad Request";
    }
}

}  // namespace

std::optional<std::size_t> head_length(string_view text) {
    for (auto end = text.find('\n'); end != string_view::npos; end = text.find('\n', end + 1)) {
        const auto rest = text.substr(end + 1);
        if (rest.starts_with('\n')) return end + 2;
        if (rest.starts_with("\r\n")) return end + 3;
    }
    return std::nullopt;
}

HttpVerdict judge_request(string_view head) {
    const auto first = take_line(head);
    const auto one = first.find(' ');
    const auto two = one == string_view::npos ? one : first.find(' ', one + 1);
    if (two == string_view::npos) return {400};
    const auto method = first.substr(0, one);
    const auto target = first.substr(one + 1, two - one - 1);
    const auto version = first.substr(two + 1);
    if (!is_token(method) || !is_visible(target)) return {400};
    const bool is_http = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.';
    if (!is_http) return {400};
    const bool head_only = method == "HEAD";
    if (version[5] != '1') return {505, head_only};
    const auto hosts = count_hosts(head);
    // RFC 9112 3.2: a request of version 1.1 has one Host, and none has several.
    if (!hosts || *hosts > 1 || (*hosts == 0 && version != "HTTP/1.0")) return {400, head_only};
    const auto path = path_of(target);
    if (path != kPath) return {path.empty() && target != "*" ? 400 : 404, head_only};
    return {method == "GET" || head_only ? 200 : 405, head_only};
}

std::string render_answer(const HttpVerdict& verdict, string_view type, string_view body) {
    const auto reason = phrase(verdict.status);
    const auto sentence = fmt::format("{} {}: GET {}\n", verdict.status, reason, kPath);
    const auto content = verdict.status == 200 ? body : string_view(sentence);
    return fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
        verdict.status, reason, verdict.status == 200 ? type : "text/plain; charset=utf-8", content.size(),
        verdict.status == 405 ? "Allow: GET, HEAD\r\n" : "", verdict.head_only ? string_view() : content);
}

}  // namespace ntpopt::ctl

// One HTTP request, judged: as much of RFC 9110 and RFC 9112 as a scraper speaks. Text in, answer out; who reads and
// writes is http_exchange.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ntpopt::ctl {

/// Longer heads are refused; a scraper's is a tenth of it.
inline constexpr std::size_t kMaxHead = 8192;

/// What is to be answered.
struct HttpVerdict {
    int status = 200;
    bool head_only = false;  ///< without the body (HEAD)
};

/// How long the head of a request is that `text` begins with, its empty line included; nothing where that has not come.
[[nodiscard]] std::optional<std::size_t> head_length(std::string_view text);

/// Judges a whole head: 200 for GET and HEAD of /metrics, 404 for another path, 405 for another method, 505 for another
/// version than 1.x, 400 for what is no request.
[[nodiscard]] HttpVerdict judge_request(std::string_view head);

/// The answer: status line, header, and the body where it is wanted. Anything but 200 has a sentence for a body.
[[nodiscard]] std::string render_answer(const HttpVerdict& verdict, std::string_view type, std::string_view body);

}  // namespace ntpopt::ctl

// Implementation of http_exchange.hpp.
#include "ctl/http_exchange.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>

#include "ctl/http_request.hpp"

namespace ntpopt::ctl {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

constexpr Duration kLinger = std::chrono::seconds(1);
constexpr std::size_t kMaxLinger = 65'536;

/// True when there is something to do for the descriptor, false at the deadline.
bool wait_for(int fd, short what, Deadline deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd one{fd, what, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

/// The verdict on what comes, or nothing where nobody wants an answer.
std::optional<HttpVerdict> read_request(int in, Deadline deadline) {
    std::string text;
    std::array<char, 2048> chunk{};
    for (;;) {
        if (!wait_for(in, POLLIN, deadline)) return HttpVerdict{408};
        const auto got = ::read(in, chunk.data(), chunk.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return text.empty() || got < 0 ? std::nullopt : std::optional(HttpVerdict{400});
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (const auto length = head_length(text); length && *length <= kMaxHead)
            return judge_request(std::string_view(text).substr(0, *length));
        if (text.size() > kMaxHead) return HttpVerdict{431};
    }
}

Status write_all(int out, std::string_view text, Deadline deadline) {
    while (!text.empty()) {
        if (!wait_for(out, POLLOUT, deadline)) return Error{Errc::timeout, "the peer does not take the answer"};
        // A socket takes what it can hold; a pipe takes a page at a time without waiting once it is writable.
        auto wrote = ::send(out, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (wrote < 0 && errno == ENOTSOCK) wrote = ::write(out, text.data(), std::min<std::size_t>(text.size(), 4096));
        if (wrote < 0 && errno != EINTR && errno != EAGAIN) return io_error("answering", errno);
        if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

/// Closing with unread bytes would reset the connection and take the answer away from who has not read it
/// (RFC 9112 9.6).
void linger(int in, int out) {
    if (::shutdown(out, SHUT_WR) != 0) return;
    const auto deadline = Clock::now() + kLinger;
    std::array<char, 4096> chunk{};
    std::size_t seen = 0;
    while (seen < kMaxLinger && wait_for(in, POLLIN, deadline)) {
        const auto got = ::read(in, chunk.data(), chunk.size());
        if (got <= 0) return;
        seen += static_cast<std::size_t>(got);
    }
}

}  // namespace

Status answer_http(int in, int out, Duration patience, const std::string& type,
                   const std::function<std::string()>& body) {
    const auto deadline = Clock::now() + patience;
    const auto verdict = read_request(in, deadline);
    if (!verdict) return {};
    const auto answer = render_answer(*verdict, type, verdict->status == 200 ? body() : std::string());
    auto written = write_all(out, answer, Clock::now() + patience);
    if (written) linger(in, out);
    return written;
}

}  // namespace ntpopt::ctl

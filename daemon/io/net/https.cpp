// HttpsClient: each hop is a transfer of its own, since a redirection must pass our rules before it is followed.
#include "daemon/io/net/https.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/text.hpp"
#include "common/version.hpp"
#include "daemon/core/config/parse.hpp"
#include "daemon/io/net/socket_watch.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxEtag = 256;
constexpr std::size_t kMaxHeaderBytes = 65536;
constexpr long kOk = 200;
constexpr long kNotModified = 304;

struct Url {
    std::string host;  ///< as written in the URL, without brackets
    std::string port;
};

std::string part(CURLU* url, CURLUPart what, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, what, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
    return text;
}

Result<Url> parse_url(const std::string& text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        return Error{Errc::invalid_argument, "no URL: " + printable(without_secrets(text), 80)};
    if (part(url.get(), CURLUPART_SCHEME, 0) != "https")
        return Error{Errc::refused, "not https: " + printable(without_secrets(text), 80)};
    Url out{part(url.get(), CURLUPART_HOST, 0), part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
    if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
    return out;
}

/// What libcurl takes for "that name on that port is there", so that it asks nobody itself; it tries the addresses of
/// both families side by side (RFC 8305).
std::string resolved(const Url& url, const std::vector<Address>& addresses) {
    std::string out = url.host + ':' + url.port + ':';
    for (const auto& address : addresses) {
        if (out.back() != ':') out += ',';
        out += address.is_v4() ? address.text() : '[' + address.text() + ']';
    }
    return out;
}

}  // namespace

/// One request and its answer.
class HttpsClient::Transfer {
  public:
    Transfer(asio::io_context& io, const HttpsRequest& request, std::string url, Clock::time_point end)
        : timer_(io),
          done_(io, end),
          watch_(io,
                 [this](int fd, bool readable, bool writable) {
                     const int what = (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0);
                     drive(fd, what);
                 }),
          url_(std::move(url)),
          etag_(request.etag),
          max_bytes_(request.max_bytes) {}
    ~Transfer() {
        if (multi_ && easy_) curl_multi_remove_handle(multi_, easy_);
        curl_easy_cleanup(easy_);
        curl_multi_cleanup(multi_);
        curl_slist_free_all(headers_);
        curl_slist_free_all(resolve_);
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

    Status start(const std::string& resolve) {
        static const CURLcode library = curl_global_init(CURL_GLOBAL_DEFAULT);
        easy_ = curl_easy_init();
        multi_ = curl_multi_init();
        if (library != CURLE_OK || !easy_ || !multi_) return Error{Errc::internal, "libcurl does not start"};
        if (!resolve.empty()) resolve_ = curl_slist_append(nullptr, resolve.c_str());
        if (!etag_.empty()) headers_ = curl_slist_append(nullptr, ("If-None-Match: " + etag_).c_str());
        const auto agent = fmt::format("ntpopt/{}", kVersion);
        curl_easy_setopt(easy_, CURLOPT_URL, url_.c_str());
        curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "https");
        curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
        curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
        curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        curl_easy_setopt(easy_, CURLOPT_PROXY, "");
        curl_easy_setopt(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy_, CURLOPT_USERAGENT, agent.c_str());
        curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
        curl_easy_setopt(easy_, CURLOPT_RESOLVE, resolve_);
        curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, problem_.data());
        curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
        curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
        curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Transfer::on_socket);
        curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Transfer::on_timer);
        if (curl_multi_add_handle(multi_, easy_) != CURLM_OK) return Error{Errc::internal, "libcurl takes no request"};
        return {};
    }

    /// Ends with the transfer, at the deadline, or when the caller is cancelled.
    asio::steady_timer& done() { return done_; }
    [[nodiscard]] bool is_done() const { return result_.has_value(); }

    [[nodiscard]] Status problem() const {
        if (too_large_) return Error{Errc::refused, fmt::format("larger than {} bytes", max_bytes_)};
        if (!result_) return Error{Errc::timeout, "did not arrive in time"};
        if (*result_ == CURLE_OK) return {};
        const std::string_view told = problem_.data();
        return Error{Errc::io, printable(told.empty() ? curl_easy_strerror(*result_) : told)};
    }
    [[nodiscard]] long status() const {
        long code = 0;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &code);
        return code;
    }
    /// Where a redirection leads, made absolute; empty where it is none.
    [[nodiscard]] std::string location() const {
        const char* url = nullptr;
        curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &url);
        return url ? url : "";
    }
    HttpsReply reply() && { return {false, std::move(new_etag_), std::move(body_)}; }

  private:
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* raw) {
        auto& self = *static_cast<Transfer*>(raw);
        const auto bytes = size * count;
        self.too_large_ = bytes > self.max_bytes_ - self.body_.size();
        if (self.too_large_) return 0;
        self.body_.append(data, bytes);
        return bytes;
    }
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* raw) {
        auto& self = *static_cast<Transfer*>(raw);
        const std::string_view line(data, size * count);
        self.header_bytes_ += line.size();
        if (self.header_bytes_ > kMaxHeaderBytes) return 0;
        static constexpr std::string_view kName = "etag:";
        if (to_lower(line.substr(0, kName.size())) == kName) {
            const auto value = trim(line.substr(kName.size()));
            if (value.size() <= kMaxEtag && printable(value, kMaxEtag) == value) self.new_etag_ = value;
        }
        return line.size();
    }
    static int on_socket(CURL*, curl_socket_t fd, int what, void* raw, void*) {
        auto& self = *static_cast<Transfer*>(raw);
        self.watch_.set(fd, what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                        what == CURL_POLL_OUT || what == CURL_POLL_INOUT);
        return 0;
    }
    static int on_timer(CURLM*, long timeout_ms, void* raw) {
        auto& self = *static_cast<Transfer*>(raw);
        self.timer_.cancel();
        if (timeout_ms < 0) return 0;
        self.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
        self.timer_.async_wait([&self, alive = std::weak_ptr<bool>(self.alive_)](boost::system::error_code error) {
            if (!error && !alive.expired()) self.drive(CURL_SOCKET_TIMEOUT, 0);
        });
        return 0;
    }

    void drive(int fd, int what) {
        int running = 0;
        curl_multi_socket_action(multi_, fd, what, &running);
        int left = 0;
        while (const auto* message = curl_multi_info_read(multi_, &left))
            if (message->msg == CURLMSG_DONE) result_ = message->data.result;
        if (result_) done_.cancel();
    }

    asio::steady_timer timer_;
    asio::steady_timer done_;
    SocketWatch watch_;
    std::string url_;
    std::string etag_;
    std::size_t max_bytes_;
    CURL* easy_ = nullptr;
    CURLM* multi_ = nullptr;
    curl_slist* headers_ = nullptr;
    curl_slist* resolve_ = nullptr;
    std::optional<CURLcode> result_;
    bool too_large_ = false;
    std::size_t header_bytes_ = 0;
    std::string new_etag_;
    std::string body_;
    std::array<char, CURL_ERROR_SIZE> problem_{};
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

asio::awaitable<Result<HttpsReply>> HttpsClient::get(HttpsRequest request) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto end = Clock::now() + request.deadline;
    auto url = request.url;
    std::string own;  // the host that the administrator named
    for (int hop = 0; hop <= request.max_redirects; ++hop) {
        const auto where = parse_url(url);
        if (!where) co_return where.error();
        std::string resolve;
        const auto host = Host::parse(where->host);
        if (!host) co_return host.error();
        if (hop == 0) own = host->text();
        const bool foreign = host->text() != own;
        if (const auto* address = host->address()) {
            if (foreign && (address->is_private() || address->is_unusable()))
                co_return Error{Errc::refused, "redirected to the private address " + where->host};
        } else {
            const auto found = co_await find_(*host->name(), foreign, end - Clock::now());
            if (!found) co_return found.error().in(where->host);
            resolve = resolved(*where, *found);
        }
        Transfer transfer(io_, request, url, end);
        if (auto started = transfer.start(resolve); !started) co_return started.error();
        while (!transfer.is_done() && Clock::now() < end) {
            boost::system::error_code woken;
            auto token = asio::redirect_error(asio::use_awaitable, woken);
            co_await transfer.done().async_wait(token);
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) co_return Error{Errc::shutting_down, "given up"};
        }
        if (auto fine = transfer.problem(); !fine) co_return fine.error();
        if (transfer.status() == kNotModified && !request.etag.empty()) {
            HttpsReply same;
            same.unchanged = true;
            same.etag = request.etag;
            co_return same;
        }
        if (transfer.status() == kOk) co_return std::move(transfer).reply();
        url = transfer.location();
        if (url.empty())
            co_return Error{Errc::io, fmt::format("the server answered with status {}", transfer.status())};
    }
    co_return Error{Errc::refused, fmt::format("more than {} redirections", request.max_redirects)};
}

}  // namespace ntpopt

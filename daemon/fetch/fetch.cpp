// Implementation of fetch.hpp.
#include "daemon/fetch/fetch.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "common/host.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "daemon/core/config/parse.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxHeaderBytes = 65536;
constexpr std::size_t kMaxLocation = 2048;
constexpr long kOk = 200;
constexpr long kNotModified = 304;

struct Url {
    std::string host;  ///< in lower case, an IPv6 address without its brackets
    std::string port;
};

/// An https URL's parts, as libcurl reads them.
Result<Url> parse_url(const std::string& text) {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_url(), curl_url_cleanup);
    const auto part = [&url](CURLUPart what) {
        char* found = nullptr;
        if (curl_url_get(url.get(), what, &found, CURLU_DEFAULT_PORT) != CURLUE_OK) return std::string();
        const std::unique_ptr<char, decltype(&curl_free)> owned(found, curl_free);
        return std::string(found);
    };
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
        return Error{Errc::invalid_argument, "no URL: " + printable(without_secrets(text), 80)};
    if (part(CURLUPART_SCHEME) != "https")
        return Error{Errc::refused, "not https: " + printable(without_secrets(text), 80)};
    auto host = to_lower(part(CURLUPART_HOST));
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    return Url{std::move(host), part(CURLUPART_PORT)};
}

/// What libcurl takes for "that name on that port is there", so that it asks nobody; it tries the addresses of both
/// families side by side (RFC 8305).
std::string resolved(const Url& url, const std::vector<Address>& addresses) {
    std::string out = url.host + ':' + url.port + ':';
    for (const auto& address : addresses) {
        if (out.back() != ':') out += ',';
        out += address.is_v4() ? address.text() : '[' + address.text() + ']';
    }
    return out;
}

Result<Address> address_of(const sockaddr& socket_address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (socket_address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &socket_address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    } else if (socket_address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &socket_address, sizeof v6);
        inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
    return Address::parse(text.data());
}

/// One request and its answer.
class Transfer {
  public:
    /// `known`: as resolved() renders it, empty where nothing is.
    Transfer(const FetchRequest& request, const std::string& known, bool foreign)
        : easy_(curl_easy_init(), curl_easy_cleanup),
          headers_(nullptr, curl_slist_free_all),
          known_(nullptr, curl_slist_free_all),
          max_bytes_(request.max_bytes),
          foreign_(foreign) {
        if (!easy_) return;
        if (!request.etag.empty())
            headers_.reset(curl_slist_append(nullptr, ("If-None-Match: " + request.etag).c_str()));
        if (!known.empty()) known_.reset(curl_slist_append(nullptr, known.c_str()));
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline).count();
        const auto agent = fmt::format("ntpopt/{}", kVersion);
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_SSL_VERIFYPEER, 1L);
        set(CURLOPT_SSL_VERIFYHOST, 2L);
        set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        set(CURLOPT_PROXY, "");
        set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(left)));
        set(CURLOPT_USERAGENT, agent.c_str());
        set(CURLOPT_HTTPHEADER, headers_.get());
        set(CURLOPT_RESOLVE, known_.get());
        set(CURLOPT_ERRORBUFFER, problem_.data());
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
        set(CURLOPT_OPENSOCKETDATA, this);
        set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_connect);
    }

    Status run() {
        if (!easy_) return Error{Errc::internal, "libcurl does not start"};
        const auto done = curl_easy_perform(easy_.get());
        if (too_large_) return Error{Errc::refused, fmt::format("larger than {} bytes", max_bytes_)};
        if (done == CURLE_OK) return {};
        if (!refused_.empty()) return Error{Errc::refused, "redirected to the private address " + refused_};
        if (done == CURLE_OPERATION_TIMEDOUT) return Error{Errc::timeout, "did not arrive in time"};
        const std::string_view told = problem_.data();
        return Error{Errc::io, printable(told.empty() ? curl_easy_strerror(done) : told)};
    }

    [[nodiscard]] long status() const {
        long code = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
        return code;
    }
    /// Where a redirection leads, made absolute; empty where it is none.
    [[nodiscard]] std::string location() const {
        const char* url = nullptr;
        curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &url);
        return url ? url : "";
    }
    FetchReply reply() && { return {false, std::move(etag_), std::move(body_), {}, {}}; }

  private:
    template <typename T>
    void set(CURLoption option, T value) {
        curl_easy_setopt(easy_.get(), option, value);
    }
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
            if (value.size() <= kMaxEtag && printable(value, kMaxEtag) == value) self.etag_ = value;
        }
        return line.size();
    }
    static curl_socket_t on_connect(void* raw, curlsocktype, curl_sockaddr* to) {
        auto& self = *static_cast<Transfer*>(raw);
        const auto address = address_of(to->addr);
        if (!address || address->is_unusable() || (self.foreign_ && address->is_private())) {
            self.refused_ = address ? address->text() : "of no known family";
            return CURL_SOCKET_BAD;
        }
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    }

    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> known_;
    std::size_t max_bytes_;
    bool foreign_;  ///< a server, not the administrator, named the host
    bool too_large_ = false;
    std::size_t header_bytes_ = 0;
    std::string refused_;
    std::string etag_;
    std::string body_;
    std::array<char, CURL_ERROR_SIZE> problem_{};
};

}  // namespace

Result<FetchReply> fetch(const FetchRequest& request) {
    const auto where = parse_url(request.url);
    if (!where) return where.error();
    if (request.addresses.empty() && !Address::parse(where->host))
        return Error{Errc::invalid_argument, "no address of its host is given"};
    const auto known = request.addresses.empty() ? std::string() : resolved(*where, request.addresses);
    Transfer transfer(request, known, where->host != request.home);
    if (auto done = transfer.run(); !done) return done.error();
    if (transfer.status() == kNotModified && !request.etag.empty()) return FetchReply{true, request.etag, {}, {}, {}};
    if (transfer.status() == kOk) return std::move(transfer).reply();
    auto next = transfer.location();
    if (next.empty()) return Error{Errc::io, fmt::format("the server answered with status {}", transfer.status())};
    if (next.size() > kMaxLocation)
        return Error{Errc::refused, fmt::format("redirected to an address of {} characters", next.size())};
    const auto to = parse_url(next);
    if (!to) return to.error();
    return FetchReply{false, {}, {}, std::move(next), to->host};
}

}  // namespace ntpopt

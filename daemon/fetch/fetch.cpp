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
#include "daemon/curl/transfer.hpp"

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
class Download {
  public:
    /// `known`: as resolved() renders it, empty where nothing is.
    Download(const FetchRequest& request, const std::string& known, bool foreign)
        : transfer_(std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline)),
          max_bytes_(request.max_bytes),
          foreign_(foreign) {
        if (!request.etag.empty()) headers_.add("If-None-Match: " + request.etag);
        if (!known.empty()) known_.add(known);
        const auto agent = fmt::format("ntpopt/{}", kVersion);
        transfer_.set(CURLOPT_URL, request.url.c_str());
        transfer_.set(CURLOPT_PROTOCOLS_STR, "https");
        transfer_.set(CURLOPT_USERAGENT, agent.c_str());
        transfer_.set(CURLOPT_HTTPHEADER, headers_.get());
        transfer_.set(CURLOPT_RESOLVE, known_.get());
        transfer_.set(CURLOPT_WRITEDATA, this);
        transfer_.set(CURLOPT_WRITEFUNCTION, &Download::on_body);
        transfer_.set(CURLOPT_HEADERDATA, this);
        transfer_.set(CURLOPT_HEADERFUNCTION, &Download::on_header);
        transfer_.set(CURLOPT_OPENSOCKETDATA, this);
        transfer_.set(CURLOPT_OPENSOCKETFUNCTION, &Download::on_connect);
    }
    Download(const Download&) = delete;
    Download& operator=(const Download&) = delete;

    Status run() {
        const auto done = transfer_.run();
        if (too_large_) return Error{Errc::refused, fmt::format("larger than {} bytes", max_bytes_)};
        if (done == CURLE_OK) return {};
        if (!refused_.empty()) return Error{Errc::refused, "redirected to the private address " + refused_};
        if (done == CURLE_OPERATION_TIMEDOUT) return Error{Errc::timeout, "did not arrive in time"};
        return Error{Errc::io, printable(transfer_.problem(done))};
    }

    [[nodiscard]] long status() const { return transfer_.code(); }
    /// Where a redirection leads, made absolute; empty where it is none.
    [[nodiscard]] std::string location() const { return transfer_.location(); }
    FetchReply reply() && { return {false, std::move(etag_), std::move(body_), {}, {}}; }

  private:
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* raw) {
        auto& self = *static_cast<Download*>(raw);
        const auto bytes = size * count;
        self.too_large_ = bytes > self.max_bytes_ - self.body_.size();
        if (self.too_large_) return 0;
        self.body_.append(data, bytes);
        return bytes;
    }
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* raw) {
        auto& self = *static_cast<Download*>(raw);
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
        auto& self = *static_cast<Download*>(raw);
        const auto address = address_of(to->addr);
        if (!address || address->is_unusable() || (self.foreign_ && address->is_private())) {
            self.refused_ = address ? address->text() : "of no known family";
            return CURL_SOCKET_BAD;
        }
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    }

    StringList headers_;
    StringList known_;
    Transfer transfer_;  // goes before what it was given
    std::size_t max_bytes_;
    bool foreign_;  ///< a server, not the administrator, named the host
    bool too_large_ = false;
    std::size_t header_bytes_ = 0;
    std::string refused_;
    std::string etag_;
    std::string body_;
};

}  // namespace

Result<FetchReply> fetch(const FetchRequest& request) {
    const auto where = parse_url(request.url);
    if (!where) return where.error();
    if (request.addresses.empty() && !Address::parse(where->host))
        return Error{Errc::invalid_argument, "no address of its host is given"};
    const auto known = request.addresses.empty() ? std::string() : resolved(*where, request.addresses);
    Download download(request, known, where->host != request.home);
    if (auto done = download.run(); !done) return done.error();
    if (download.status() == kNotModified && !request.etag.empty()) return FetchReply{true, request.etag, {}, {}, {}};
    if (download.status() == kOk) return std::move(download).reply();
    auto next = download.location();
    if (next.empty()) return Error{Errc::io, fmt::format("the server answered with status {}", download.status())};
    if (next.size() > kMaxLocation)
        return Error{Errc::refused, fmt::format("redirected to an address of {} characters", next.size())};
    const auto to = parse_url(next);
    if (!to) return to.error();
    return FetchReply{false, {}, {}, std::move(next), to->host};
}

}  // namespace ntpopt

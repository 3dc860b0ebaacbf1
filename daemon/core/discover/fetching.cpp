// Implementation of fetching.hpp.
#include "daemon/core/discover/fetching.hpp"

#include <nlohmann/json.hpp>

#include "common/text.hpp"
#include "daemon/core/config/parse.hpp"

namespace ntpopt {
namespace {

/// Bytes that are no UTF-8 must not stop a message.
std::string line(const Json& document) {
    return document.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

/// A member of the wanted kind, or what it is without.
template <typename T>
T member(const Json& document, const char* key, T otherwise) {
    const auto found = document.find(key);
    if (found == document.end()) return otherwise;
    if constexpr (std::is_same_v<T, Json>)
        return found->is_array() ? *found : otherwise;
    else if constexpr (std::is_same_v<T, std::string>)
        return found->is_string() ? found->get<T>() : otherwise;
    else if constexpr (std::is_same_v<T, bool>)
        return found->is_boolean() ? found->get<T>() : otherwise;
    else
        return found->is_number_unsigned() ? found->get<T>() : otherwise;
}

Json parse_line(std::string_view text) {
    auto document = Json::parse(text, nullptr, false);
    return document.is_object() ? document : Json();
}

}  // namespace

Result<Host> host_of_url(const std::string& url) {
    auto rest = without_secrets(url);
    if (const auto scheme = rest.find("://"); scheme != std::string::npos) rest.erase(0, scheme + 3);
    const auto endpoint = Endpoint::parse(rest.substr(0, rest.find('/')));
    if (!endpoint) return endpoint.error();
    return endpoint->host;
}

std::string render_fetch_request(const FetchRequest& request) {
    auto addresses = Json::array();
    for (const auto& address : request.addresses)
        addresses.push_back(address.text());
    const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline).count();
    return line({{"url", request.url},
                 {"addresses", std::move(addresses)},
                 {"etag", request.etag},
                 {"deadline_ms", static_cast<std::uint64_t>(std::max<std::int64_t>(deadline, 0))},
                 {"max_bytes", request.max_bytes},
                 {"max_redirects", static_cast<unsigned>(request.max_redirects)}});
}

Result<FetchRequest> parse_fetch_request(std::string_view text) {
    const auto document = parse_line(text);
    FetchRequest out;
    out.url = member(document, "url", out.url);
    if (out.url.empty()) return Error{Errc::parse, "no request: write {\"url\": \"https://...\"}"};
    for (const auto& entry : member(document, "addresses", Json::array())) {
        const auto address = Address::parse(entry.is_string() ? entry.get<std::string>() : std::string());
        if (!address) return Error{Errc::parse, "addresses: " + address.error().detail};
        out.addresses.push_back(*address);
    }
    out.etag = member(document, "etag", out.etag);
    constexpr std::uint64_t kMost = 3'600'000;
    const auto deadline = std::min(member<std::uint64_t>(document, "deadline_ms", 10'000), kMost);
    out.deadline = std::chrono::milliseconds(deadline);
    out.max_bytes = member(document, "max_bytes", out.max_bytes);
    out.max_redirects = static_cast<int>(std::min(member<unsigned>(document, "max_redirects", 3), 20U));
    return out;
}

std::string render_fetch_reply(const Result<FetchReply>& reply) {
    if (!reply) return line({{"error", printable(reply.error().detail, 1000)}});
    return line({{"unchanged", reply->unchanged}, {"etag", reply->etag}}) + reply->body;
}

Result<FetchReply> parse_fetch_reply(std::string_view text) {
    const auto end = text.find('\n');
    const auto document = end <= kMaxFetchHead ? parse_line(text.substr(0, end)) : Json();
    if (!document.is_object()) return Error{Errc::parse, "what fetched it gave no answer"};
    if (document.contains("error")) {
        const auto told = member<std::string>(document, "error", "it failed");
        return Error{Errc::io, printable(told, 1000)};
    }
    FetchReply out;
    out.unchanged = member(document, "unchanged", false);
    out.etag = member(document, "etag", out.etag);
    if (out.etag.size() > kMaxEtag || printable(out.etag, kMaxEtag) != out.etag) out.etag.clear();
    if (!out.unchanged) out.body = text.substr(end + 1);
    return out;
}

}  // namespace ntpopt

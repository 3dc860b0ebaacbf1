// Implementation of fetching.hpp.
#include "daemon/core/discover/fetching.hpp"

#include <algorithm>
#include <limits>

#include "common/json.hpp"
#include "common/text.hpp"
#include "daemon/core/config/parse.hpp"

namespace ntpopt {
namespace {

std::string line(const Json& document) {
    return render_json(document) + '\n';
}

/// An object; what is none has no members either.
Json parse_line(std::string_view text) {
    auto document = parse_json(text);
    return document && document->is_object() ? *std::move(document) : Json();
}

/// A number from 0 to `most`; above, that.
std::uint64_t bounded(const Json& document, std::string_view key, std::uint64_t fallback, std::uint64_t most) {
    const auto found = get_integer(document, key);
    return found && *found >= 0 ? std::min(static_cast<std::uint64_t>(*found), most) : fallback;
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
                 {"home", request.home},
                 {"addresses", std::move(addresses)},
                 {"etag", request.etag},
                 {"deadline_ms", static_cast<std::uint64_t>(std::max<std::int64_t>(deadline, 0))},
                 {"max_bytes", request.max_bytes}});
}

Result<FetchRequest> parse_fetch_request(std::string_view text) {
    const auto document = parse_line(text);
    FetchRequest out;
    out.url = get_string(document, "url");
    if (out.url.empty()) return Error{Errc::parse, "no request: write {\"url\": \"https://...\"}"};
    out.home = get_string(document, "home");
    for (const auto& entry : get_array(document, "addresses")) {
        const auto address = Address::parse(entry.is_string() ? entry.get<std::string>() : std::string());
        if (!address) return Error{Errc::parse, "addresses: " + address.error().detail};
        out.addresses.push_back(*address);
    }
    out.etag = get_string(document, "etag");
    out.deadline = std::chrono::milliseconds(bounded(document, "deadline_ms", 10'000, 3'600'000));
    out.max_bytes = bounded(document, "max_bytes", out.max_bytes, std::numeric_limits<std::size_t>::max());
    return out;
}

std::string render_fetch_reply(const Result<FetchReply>& reply) {
    if (!reply) return line({{"error", printable(reply.error().detail, 1000)}});
    if (!reply->moved_to.empty()) return line({{"moved_to", reply->moved_to}, {"moved_host", reply->moved_host}});
    return line({{"unchanged", reply->unchanged}, {"etag", reply->etag}}) + reply->body;
}

Result<FetchReply> parse_fetch_reply(std::string_view text) {
    const auto end = text.find('\n');
    const auto document = end <= kMaxFetchHead ? parse_line(text.substr(0, end)) : Json();
    if (!document.is_object()) return Error{Errc::parse, "what fetched it gave no answer"};
    if (document.contains("error")) return Error{Errc::io, printable(get_string(document, "error", "it failed"), 1000)};
    FetchReply out;
    if (out.moved_to = get_string(document, "moved_to"); !out.moved_to.empty()) {
        out.moved_host = get_string(document, "moved_host");
        return out;
    }
    out.unchanged = get_bool(document, "unchanged");
    out.etag = get_string(document, "etag");
    if (out.etag.size() > kMaxEtag || printable(out.etag, kMaxEtag) != out.etag) out.etag.clear();
    if (!out.unchanged) out.body = text.substr(end + 1);
    return out;
}

}  // namespace ntpopt

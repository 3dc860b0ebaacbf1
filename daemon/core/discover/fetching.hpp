// What ntpoptd and its child ntpopt-fetch say to each other about one request of the web: a line of JSON, and after
// it, in the answer, the document. Knows nothing of processes or of HTTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

struct FetchRequest {
    std::string url;
    std::string home;                  ///< the host that the administrator named; no other may have a private address
    std::vector<Address> addresses{};  ///< of the URL's host where that is a name: the child asks no name server
    std::string etag;                  ///< of the copy that is there; empty where there is none
    Duration deadline = std::chrono::seconds(10);
    std::size_t max_bytes = 1024 * 1024;

    friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
};

struct FetchReply {
    bool unchanged = false;  ///< the copy with the given ETag is still good; there is no body
    std::string etag;
    std::string body;
    std::string moved_to;    ///< the https URL that the server sent us to; there is no body then
    std::string moved_host;  ///< whom that asks, in lower case

    friend bool operator==(const FetchReply&, const FetchReply&) = default;
};

/// Longer ETags are not kept.
inline constexpr std::size_t kMaxEtag = 256;
/// The most that an answer has beside its body.
inline constexpr std::size_t kMaxFetchHead = 4096;

/// Whom an "https://user:secret@host:port/path" asks.
[[nodiscard]] Result<Host> host_of_url(const std::string& url);

[[nodiscard]] std::string render_fetch_request(const FetchRequest& request);
[[nodiscard]] Result<FetchRequest> parse_fetch_request(std::string_view text);

/// A failure is an answer too; its words are for people.
[[nodiscard]] std::string render_fetch_reply(const Result<FetchReply>& reply);
/// Errc::io with the words of the failure; Errc::parse where it is no answer.
[[nodiscard]] Result<FetchReply> parse_fetch_reply(std::string_view text);

}  // namespace ntpopt

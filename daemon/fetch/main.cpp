// ntpopt-fetch: the child that ntpoptd gives one document to fetch. The request comes on standard input, since a URL
// may hold a secret that a process list would show; the answer goes to standard output.
#include <curl/curl.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "daemon/fetch/fetch.hpp"

namespace {

constexpr std::size_t kMaxRequest = 65536;

ntpopt::Result<ntpopt::FetchReply> answer() {
    std::string text(kMaxRequest, '\0');
    std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::cin.gcount()));
    const auto request = ntpopt::parse_fetch_request(text);
    if (!request) return request.error();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ntpopt::Error{ntpopt::Errc::internal, "libcurl does not start"};
    return ntpopt::fetch(*request);
}

}  // namespace

int main() {
    try {
        const auto text = ntpopt::render_fetch_reply(answer());
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "ntpopt-fetch: %s\n", e.what());
        return 1;
    }
}

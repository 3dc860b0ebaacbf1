// ntpopt-fetch: the child that ntpoptd gives one document to fetch. The request comes on standard input, since a URL
// may hold a secret that a process list would show; the answer goes to standard output.
#include <string>

#include "daemon/curl/child.hpp"
#include "daemon/fetch/fetch.hpp"

namespace {

constexpr std::size_t kMaxRequest = 65536;

std::string answer(const std::string& text) {
    const auto request = ntpopt::parse_fetch_request(text);
    if (!request) return ntpopt::render_fetch_reply(request.error());
    return ntpopt::render_fetch_reply(ntpopt::fetch(*request));
}

}  // namespace

int main() {
    return ntpopt::serve_one_request("ntpopt-fetch", kMaxRequest, answer);
}

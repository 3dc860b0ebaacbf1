// ntpopt-notify: the child that ntpoptd gives one message to deliver. The request comes on standard input, one line of
// an answer goes to standard output. It reads the secrets itself, so they are in no other process, no list of processes
// and no environment; and it leaves no core dump.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdio>
#include <string>

#include "daemon/curl/child.hpp"
#include "daemon/notify/deliver.hpp"

namespace {

std::string answer(const std::string& text) {
    const auto request = ntpopt::parse_delivery_request(text);
    if (!request) return ntpopt::render_delivery({false, true, request.error().detail});
    return ntpopt::render_delivery(ntpopt::deliver(*request));
}

/// Neither the kernel nor a debugger of the same user may have what is in here.
bool keep_to_ourselves() {
    const rlimit none{0, 0};
    return prctl(PR_SET_DUMPABLE, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

}  // namespace

int main() {
    if (!keep_to_ourselves()) {
        std::fputs("ntpopt-notify: cannot forbid a core dump, and reads no secret without that\n", stderr);
        return 1;
    }
    return ntpopt::serve_one_request("ntpopt-notify", ntpopt::kMaxDeliveryRequest, answer);
}

// Implementation of child.hpp.
#include "daemon/curl/child.hpp"

#include <curl/curl.h>

#include <cstdio>
#include <exception>
#include <iostream>

namespace ntpopt {

int serve_one_request(const char* name, std::size_t max_request,
                      const std::function<std::string(const std::string& request)>& answer) {
    try {
        std::string request(max_request, '\0');
        std::cin.read(request.data(), static_cast<std::streamsize>(request.size()));
        request.resize(static_cast<std::size_t>(std::cin.gcount()));
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            std::fprintf(stderr, "%s: libcurl does not start\n", name);
            return 1;
        }
        const auto text = answer(request);
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", name, e.what());
        return 1;
    }
}

}  // namespace ntpopt

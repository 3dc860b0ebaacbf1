// Implementation of transfer.hpp.
#include "daemon/curl/transfer.hpp"

#include <algorithm>
#include <string_view>

namespace ntpopt {

Transfer::Transfer(std::chrono::milliseconds deadline)
    : easy_(curl_easy_init(), curl_easy_cleanup), problem_(std::make_unique<std::array<char, CURL_ERROR_SIZE>>()) {
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(deadline.count())));
    set(CURLOPT_ERRORBUFFER, problem_->data());
}

CURLcode Transfer::run() {
    return easy_ ? curl_easy_perform(easy_.get()) : CURLE_FAILED_INIT;
}

long Transfer::code() const {
    long code = 0;
    if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
}

std::string Transfer::location() const {
    const char* url = nullptr;
    if (easy_) curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &url);
    return url != nullptr ? url : "";
}

std::string Transfer::problem(CURLcode done) const {
    const std::string_view told = problem_->data();
    return std::string(told.empty() ? curl_easy_strerror(done) : told);
}

}  // namespace ntpopt

// One transfer by libcurl with what holds for all of ours: the certificate is verified, TLS is 1.2 or newer, nothing is
// redirected by libcurl itself, no proxy, no .netrc, no signals, a deadline. What is sent and taken is the caller's.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>

namespace ntpopt {

/// A list of strings as libcurl takes them; lives as long as the transfer that was given it.
class StringList {
  public:
    void add(const std::string& text) { list_.reset(curl_slist_append(list_.release(), text.c_str())); }
    [[nodiscard]] curl_slist* get() const { return list_.get(); }

  private:
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> list_{nullptr, curl_slist_free_all};
};

class Transfer {
  public:
    /// `deadline`: at least a millisecond is given.
    explicit Transfer(std::chrono::milliseconds deadline);

    template <typename T>
    void set(CURLoption option, T value) {
        if (easy_) curl_easy_setopt(easy_.get(), option, value);
    }
    [[nodiscard]] CURLcode run();

    /// The server's last status or reply code, 0 where there was none.
    [[nodiscard]] long code() const;
    /// Where a redirection leads, made absolute; empty where it is none.
    [[nodiscard]] std::string location() const;
    /// What went wrong, in libcurl's words.
    [[nodiscard]] std::string problem(CURLcode done) const;

  private:
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
    std::unique_ptr<std::array<char, CURL_ERROR_SIZE>> problem_;  // libcurl keeps its address
};

}  // namespace ntpopt

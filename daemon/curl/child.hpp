// The life of a child that serves one request: a document on standard input, one on standard output, and libcurl
// between them. What the documents are is the caller's.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace ntpopt {

/// Reads at most `max_request` bytes to the end of standard input, and writes what `answer` makes of them; the exit
/// status, with what escaped on standard error.
[[nodiscard]] int serve_one_request(const char* name, std::size_t max_request,
                                    const std::function<std::string(const std::string& request)>& answer);

}  // namespace ntpopt

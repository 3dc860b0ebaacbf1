// Delivers one message by libcurl: a mail by SMTP, or a JSON document by an HTTPS POST. Certificates are always
// verified, nothing is redirected, no proxy is used, time and size are bounded. It waits where it must, so it lives in
// a process of its own.
#pragma once

#include "daemon/core/notice/delivery.hpp"

namespace ntpopt {

/// What becomes of it, in words that name neither a secret nor the URL.
[[nodiscard]] Delivery deliver(const DeliveryRequest& request);

}  // namespace ntpopt

// What ntpoptd and its child ntpopt-notify say to each other about one message: a line of JSON each way. Secrets stand
// in it by the names of their files only: the child reads them, the daemon never does. Knows nothing of processes,
// files, SMTP or HTTP.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/notice/channel.hpp"
#include "daemon/core/notice/digest.hpp"
#include "daemon/core/notice/queue.hpp"

namespace ntpopt {

struct DeliveryRequest {
    bool mail = false;  ///< else an HTTPS POST
    // Of a mail; the message is the body.
    std::string server;
    int port = 0;
    MailSecurity security = MailSecurity::starttls;
    std::string from;
    std::vector<std::string> to;
    std::string username;       ///< empty: nobody is authenticated
    bool wait_for_all = false;  ///< to nobody while one of them is asked to come again
    // Of a POST.
    std::string url_file;
    std::int64_t time_s = 0;  ///< for the signature

    std::string secret_file;  ///< the password, or what the body is signed with; empty: none
    std::string body;
    Duration deadline = std::chrono::seconds(20);

    friend bool operator==(const DeliveryRequest&, const DeliveryRequest&) = default;
};

/// The most that either side reads of the other.
inline constexpr std::size_t kMaxDeliveryRequest = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxDeliveryReply = 4096;

[[nodiscard]] std::string render_delivery_request(const DeliveryRequest& request);
[[nodiscard]] Result<DeliveryRequest> parse_delivery_request(std::string_view text);

[[nodiscard]] std::string render_delivery(const Delivery& delivery);
/// What is no answer is a failure that may pass.
[[nodiscard]] Delivery parse_delivery(std::string_view text);

/// The file of a secret: a path as it is, a name in the directory of the credentials. Errc::invalid_argument where
/// there is no such directory.
[[nodiscard]] Result<std::string> secret_path(const std::string& file, const std::string& credentials_dir);

/// The request for a channel that the child serves, with the notice in the channel's form.
[[nodiscard]] Result<DeliveryRequest> make_delivery_request(const NotifyChannel& channel, const Notice& notice,
                                                            const std::string& credentials_dir);

}  // namespace ntpopt

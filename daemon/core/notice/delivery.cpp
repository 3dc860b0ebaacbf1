// Implementation of delivery.hpp.
#include "daemon/core/notice/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/json.hpp"
#include "common/text.hpp"
#include "daemon/core/notice/mail.hpp"
#include "daemon/core/notice/payload.hpp"

namespace ntpopt {
namespace {

constexpr std::array<std::string_view, 3> kSecurities{"starttls", "tls", "none"};
constexpr std::array<int, 3> kPorts{587, 465, 25};  // RFC 6409, RFC 8314 3.3, RFC 5321
constexpr std::size_t kMaxDetail = 500;
constexpr std::int64_t kMostMilliseconds = 300'000;

std::size_t index_of(MailSecurity security) {
    return static_cast<std::size_t>(security);
}

}  // namespace

std::string render_delivery_request(const DeliveryRequest& request) {
    const auto deadline = std::chrono::duration_cast<std::chrono::milliseconds>(request.deadline).count();
    Json document{
        {"way", request.mail ? "smtp" : "https"}, {"secret_file", request.secret_file}, {"deadline_ms", deadline}};
    if (request.mail) {
        document["server"] = request.server;
        document["port"] = request.port;
        document["security"] = kSecurities[index_of(request.security)];
        document["from"] = request.from;
        document["to"] = request.to;
        document["username"] = request.username;
        document["wait_for_all"] = request.wait_for_all;
    } else {
        document["url_file"] = request.url_file;
        document["time_s"] = request.time_s;
    }
    document["body"] = request.body;
    return render_json(document) + '\n';
}

Result<DeliveryRequest> parse_delivery_request(std::string_view text) {
    const auto parsed = parse_json(text, kMaxDeliveryRequest);
    if (!parsed) return parsed.error();
    DeliveryRequest out;
    const auto way = get_string(*parsed, "way");
    if (way != "smtp" && way != "https") return Error{Errc::parse, "way: \"smtp\" or \"https\""};
    out.mail = way == "smtp";
    out.secret_file = get_string(*parsed, "secret_file");
    out.deadline = std::chrono::milliseconds(
        std::clamp<std::int64_t>(get_integer(*parsed, "deadline_ms").value_or(30'000), 1, kMostMilliseconds));
    out.body = get_string(*parsed, "body");
    if (!out.mail) {
        out.url_file = get_string(*parsed, "url_file");
        out.time_s = get_integer(*parsed, "time_s").value_or(0);
        if (out.url_file.empty()) return Error{Errc::parse, "url_file is missing"};
        return out;
    }
    out.server = get_string(*parsed, "server");
    out.port = static_cast<int>(std::clamp<std::int64_t>(get_integer(*parsed, "port").value_or(0), 0, 65535));
    const auto security = std::find(kSecurities.begin(), kSecurities.end(), get_string(*parsed, "security"));
    if (security == kSecurities.end()) return Error{Errc::parse, "security: \"starttls\", \"tls\" or \"none\""};
    out.security = static_cast<MailSecurity>(security - kSecurities.begin());
    out.from = get_string(*parsed, "from");
    out.to = get_strings(*parsed, "to");
    out.username = get_string(*parsed, "username");
    out.wait_for_all = get_bool(*parsed, "wait_for_all");
    if (out.server.empty() || out.from.empty() || out.to.empty())
        return Error{Errc::parse, "server, from or to is missing"};
    if (out.security == MailSecurity::none && !out.username.empty())
        return Error{Errc::refused, "a password is not sent without TLS"};
    return out;
}

std::string render_delivery(const Delivery& delivery) {
    return render_json(Json{{"ok", delivery.ok},
                            {"permanent", delivery.permanent},
                            {"detail", printable(delivery.detail, kMaxDetail)}}) +
           '\n';
}

Delivery parse_delivery(std::string_view text) {
    const auto parsed = parse_json(text, kMaxDeliveryReply);
    if (!parsed || !parsed->is_object() || !parsed->contains("ok"))
        return {false, false, "what delivers it gave no answer"};
    return {get_bool(*parsed, "ok"), get_bool(*parsed, "permanent"),
            printable(get_string(*parsed, "detail"), kMaxDetail)};
}

Result<std::string> secret_path(const std::string& file, const std::string& credentials_dir) {
    if (file.empty() || file.front() == '/') return file;
    if (credentials_dir.empty())
        return Error{Errc::invalid_argument,
                     fmt::format("there is no credential {}: give it by LoadCredential= to ntpoptd.service", file)};
    return fmt::format("{}/{}", credentials_dir, file);
}

Result<DeliveryRequest> make_delivery_request(const NotifyChannel& channel, const Notice& notice,
                                              const std::string& credentials_dir) {
    DeliveryRequest out;
    const bool mail = channel.way == NotifyChannel::Way::email;
    const auto& email = channel.email;
    const auto url_file = secret_path(channel.post.url_file, credentials_dir);
    const auto secret_file = secret_path(mail ? email.password_file : channel.post.secret_file, credentials_dir);
    if (!url_file) return url_file.error();
    if (!secret_file) return secret_file.error();
    out.mail = mail;
    out.url_file = *url_file;
    out.secret_file = *secret_file;
    if (!mail) out.time_s = std::chrono::floor<std::chrono::seconds>(notice.time).time_since_epoch().count();
    switch (channel.way) {
        case NotifyChannel::Way::email:
            out.server = email.server;
            out.port = email.port != 0 ? email.port : kPorts[index_of(email.security)];
            out.security = email.security;
            out.from = email.from;
            out.to = email.to;
            out.username = email.username;
            out.wait_for_all = channel.wait_for_all;
            out.body = render_mail(email, notice);
            break;
        case NotifyChannel::Way::slack:
            out.body = render_slack(notice);
            break;
        case NotifyChannel::Way::discord:
            out.body = render_discord(notice);
            break;
        case NotifyChannel::Way::webhook:
        case NotifyChannel::Way::command:
            out.body = render_webhook(notice);
            break;
    }
    return out;
}

}  // namespace ntpopt

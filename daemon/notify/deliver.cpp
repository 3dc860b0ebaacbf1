// Implementation of deliver.hpp.
#include "daemon/notify/deliver.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "common/host.hpp"
#include "common/text.hpp"
#include "common/version.hpp"
#include "daemon/core/notice/payload.hpp"
#include "daemon/core/notice/redact.hpp"
#include "daemon/core/notice/smtp_dialogue.hpp"
#include "daemon/curl/transfer.hpp"
#include "daemon/notify/login.hpp"
#include "daemon/notify/secret.hpp"

namespace ntpopt {
namespace {

constexpr std::size_t kMaxAnswer = 65536;  // of which the first characters help to understand a refusal
constexpr std::size_t kShownAnswer = 100;
constexpr std::size_t kReplyCode = 4;  // RFC 5321 4.2: three digits, and a hyphen where more lines follow

std::chrono::milliseconds milliseconds(Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

/// The talk with a mail server, and what is not to be told of it.
struct Overheard {
    std::vector<std::string> secrets;
    SmtpDialogue dialogue{};
};

/// libcurl hands over line by line. The secrets go before a line is cut to what is shown, else half of one would stay.
int overhear(CURL*, curl_infotype kind, char* data, std::size_t size, void* raw) {
    auto& heard = *static_cast<Overheard*>(raw);
    const std::string_view line(data, size);
    const auto code = line.substr(0, kReplyCode);
    if (kind == CURLINFO_HEADER_OUT) heard.dialogue.sent(line);
    if (kind == CURLINFO_HEADER_IN)
        heard.dialogue.received(
            fmt::format("{}{}\n", code, redact(std::string(trim(line.substr(code.size()))), heard.secrets)));
    return 0;
}

struct Message {
    std::string_view left;
    const SmtpDialogue& dialogue;
    bool wait_for_all;
};

/// The message as libcurl asks for it, piece by piece; it does so when every recipient was answered. What is cut off
/// before its end is nobody's mail (RFC 5321 4.1.1.10).
std::size_t give(char* buffer, std::size_t size, std::size_t count, void* raw) {
    auto& message = *static_cast<Message*>(raw);
    if (message.wait_for_all && message.dialogue.is_to_come_again()) return CURL_READFUNC_ABORT;
    const auto bytes = std::min(size * count, message.left.size());
    std::memcpy(buffer, message.left.data(), bytes);
    message.left.remove_prefix(bytes);
    return bytes;
}

/// What a server answers; more than is sensible ends the transfer.
std::size_t take(char* data, std::size_t size, std::size_t count, void* raw) {
    auto& answer = *static_cast<std::string*>(raw);
    const auto bytes = size * count;
    if (answer.size() + bytes > kMaxAnswer) return 0;
    answer.append(data, bytes);
    return bytes;
}

/// Failures that another attempt alone does not mend.
bool is_permanent(CURLcode done) {
    switch (done) {
        case CURLE_LOGIN_DENIED:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return true;
        default:
            return false;
    }
}

Delivery send_mail(const DeliveryRequest& request, const std::string& password) {
    const bool tls = request.security == MailSecurity::tls;
    const auto host = Host::parse(request.server);
    const bool v6 = host && host->address() && !host->address()->is_v4();
    const auto url = fmt::format("{}://{}:{}/", tls ? "smtps" : "smtp",
                                 v6 ? '[' + request.server + ']' : request.server, request.port);
    const auto from = '<' + request.from + '>';
    StringList recipients;
    for (const auto& address : request.to)
        recipients.add('<' + address + '>');
    auto secrets = secrets_of_login(request.username, password);
    secrets.push_back(password);
    Overheard heard{secrets};
    Message message{request.body, heard.dialogue, request.wait_for_all};
    Transfer transfer(milliseconds(request.deadline));
    transfer.set(CURLOPT_URL, url.c_str());
    transfer.set(CURLOPT_PROTOCOLS_STR, tls ? "smtps" : "smtp");
    transfer.set(CURLOPT_USE_SSL,
                 static_cast<long>(request.security == MailSecurity::none ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    transfer.set(CURLOPT_MAIL_FROM, from.c_str());
    transfer.set(CURLOPT_MAIL_RCPT, recipients.get());
    // One address that is refused keeps nothing from the others; the dialogue says which one it was.
    transfer.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    transfer.set(CURLOPT_VERBOSE, 1L);
    transfer.set(CURLOPT_DEBUGFUNCTION, &overhear);
    transfer.set(CURLOPT_DEBUGDATA, &heard);
    if (!request.username.empty()) {
        transfer.set(CURLOPT_USERNAME, request.username.c_str());
        transfer.set(CURLOPT_PASSWORD, password.c_str());
    }
    transfer.set(CURLOPT_READFUNCTION, &give);
    transfer.set(CURLOPT_READDATA, &message);
    transfer.set(CURLOPT_UPLOAD, 1L);
    const auto done = transfer.run();
    const auto refused = fmt::format("{}", fmt::join(heard.dialogue.refused(), ", "));
    if (done == CURLE_OK) {
        if (refused.empty()) return {true, false, {}};
        return {true, true, redact(fmt::format("{} did not take it for {}", request.server, refused), secrets)};
    }
    if (done == CURLE_ABORTED_BY_CALLBACK)
        return {false, false, redact(fmt::format("{} asks to come again: {}", request.server, refused), secrets)};
    // RFC 5321 4.2.1: 5yz is a refusal, 4yz asks to come again. 454 and 421 come with a failed log-in that may pass.
    const auto code = transfer.code();
    const bool permanent = code / 100 == 5 || (is_permanent(done) && code / 100 != 4);
    auto why = transfer.problem(done);
    if (code != 0) why += fmt::format(" (answer {})", code);
    if (!refused.empty()) why += "; refused: " + refused;
    return {false, permanent, redact(fmt::format("{}: {}", request.server, why), secrets)};
}

Delivery post(const DeliveryRequest& request, const std::string& secret) {
    const auto url = read_secret(request.url_file);
    if (!url) return {false, true, url.error().detail};
    if (!url->starts_with("https://"))
        return {false, true, request.url_file + " does not hold a URL that begins with https://"};
    StringList headers;
    headers.add("Content-Type: application/json");
    headers.add("Expect:");
    if (!secret.empty()) {
        headers.add(fmt::format("X-Ntpopt-Timestamp: {}", request.time_s));
        headers.add("X-Ntpopt-Signature: " + sign_webhook(secret, request.time_s, request.body));
    }
    const auto agent = fmt::format("ntpopt/{}", kVersion);
    std::string answer;
    Transfer transfer(milliseconds(request.deadline));
    transfer.set(CURLOPT_URL, url->c_str());
    transfer.set(CURLOPT_PROTOCOLS_STR, "https");
    transfer.set(CURLOPT_USERAGENT, agent.c_str());
    transfer.set(CURLOPT_HTTPHEADER, headers.get());
    transfer.set(CURLOPT_POST, 1L);
    transfer.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    transfer.set(CURLOPT_POSTFIELDS, request.body.c_str());
    transfer.set(CURLOPT_WRITEFUNCTION, &take);
    transfer.set(CURLOPT_WRITEDATA, &answer);
    const auto done = transfer.run();
    auto secrets = secrets_of_url(*url);
    for (auto& part : secrets_of_login(*url))
        secrets.push_back(std::move(part));
    secrets.push_back(secret);
    // A server that has taken the message may say about it what it likes.
    const auto code = transfer.code();
    const bool taken = code >= 200 && code < 300;
    if (taken && (done == CURLE_OK || done == CURLE_WRITE_ERROR)) return {true, false, {}};
    if (done != CURLE_OK) return {false, is_permanent(done), redact(transfer.problem(done), secrets)};
    // RFC 9110 15.5, RFC 8470 5.2, RFC 6585 4: these three ask to come again.
    const bool permanent = code < 500 && code != 408 && code != 425 && code != 429;
    const auto said = printable(redact(std::string(trim(answer)), secrets), kShownAnswer);
    return {false, permanent,
            fmt::format("the server answered with status {}{}{}", code, said.empty() ? "" : ": ", said)};
}

}  // namespace

Delivery deliver(const DeliveryRequest& request) {
    std::string secret;
    if (!request.secret_file.empty()) {
        auto read = read_secret(request.secret_file);
        if (!read) return {false, true, read.error().detail};
        secret = *std::move(read);
    }
    return request.mail ? send_mail(request, secret) : post(request, secret);
}

}  // namespace ntpopt

// The signature of payload.hpp: the only part of a notice that needs cryptography, and only ntpopt-notify links it.
#include <fmt/format.h>
#include <nettle/hmac.h>

#include <array>

#include "daemon/core/notice/payload.hpp"

namespace ntpopt {

std::string sign_webhook(std::string_view secret, std::int64_t timestamp_s, std::string_view body) {
    const auto bytes = [](std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); };
    const auto text = fmt::format("{}.{}", timestamp_s, body);
    hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, secret.size(), bytes(secret));
    hmac_sha256_update(&context, text.size(), bytes(text));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    hmac_sha256_digest(&context, digest.size(), digest.data());
    std::string out = "sha256=";
    for (const auto byte : digest)
        out += fmt::format("{:02x}", byte);
    return out;
}

}  // namespace ntpopt

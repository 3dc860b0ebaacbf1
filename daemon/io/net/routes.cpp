// routed_families(): a connected UDP socket sends nothing, but needs a route.
#include "daemon/io/net/routes.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ntpopt {
namespace {

// Addresses for documentation (RFC 5737, RFC 3849): public as far as routing goes, and nobody's.
constexpr const char* kPublicV4 = "192.0.2.1";
constexpr const char* kPublicV6 = "2001:db8::1";

template <typename SocketAddress>
bool connects(int family, const SocketAddress& address) {
    const int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const bool connected = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    return connected;
}

}  // namespace

Families routed_families() {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(kNtpPort);
    inet_pton(AF_INET, kPublicV4, &v4.sin_addr);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(kNtpPort);
    inet_pton(AF_INET6, kPublicV6, &v6.sin6_addr);
    return {connects(AF_INET, v4), connects(AF_INET6, v6)};
}

Families worth_asking(Families wanted, Families routed) {
    if (wanted.ipv4 && wanted.ipv6 && routed.ipv4 != routed.ipv6) return routed;
    return wanted;
}

}  // namespace ntpopt

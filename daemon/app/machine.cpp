// Implementation of machine.hpp on sd-id128 and uname(2).
#include "daemon/app/machine.hpp"

#include <sys/utsname.h>
#include <systemd/sd-id128.h>

#include <cstring>

namespace ntpopt {
namespace {

constexpr sd_id128_t kApplication = SD_ID128_MAKE(5a, 1d, 09, 6e, 2f, c7, 4b, 0b, 9c, 61, 77, f5, 8a, 3a, ce, 42);

}  // namespace

std::uint64_t machine_hash() {
    sd_id128_t id;
    if (sd_id128_get_machine_app_specific(kApplication, &id) < 0 && sd_id128_randomize(&id) < 0) return 0;
    std::uint64_t hash = 0;
    std::memcpy(&hash, id.bytes, sizeof hash);
    return hash;
}

std::string host_name() {
    utsname names{};
    if (uname(&names) != 0 || names.nodename[0] == '\0') return "localhost";
    return names.nodename;
}

}  // namespace ntpopt

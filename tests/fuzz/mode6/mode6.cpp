// Fuzzes what reads ntpd's mode 6 answers: datagrams (each behind its length in two octets) are put together, and what
// comes out is read as associations, as the system and as an association. An answer is never longer than is believed.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "daemon/core/ntp/control.hpp"
#include "daemon/core/plan/ntpd_report.hpp"

namespace {

using namespace ntpopt;

void read_everything(std::string_view data) {
    const auto associations = parse_associations(data);
    if (associations && associations->size() > kMaxAssociations) std::abort();
    const auto variables = parse_control_variables(data);
    if (variables && variables->size() > kMaxVariables) std::abort();
    static_cast<void>(parse_ntpd_system(data));
    const auto association = parse_ntpd_association({1, 0xb61a}, data);
    if (association && association->address && association->address->is_unusable()) std::abort();
    if (association) static_cast<void>(describe_state(*association));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    ControlAnswer answer({ControlOpcode::read_variables, 1, 0, ""});
    for (std::size_t at = 0; at + 2 <= size;) {
        const std::size_t length = std::min(std::size_t{bytes[at]} << 8 | bytes[at + 1], size - at - 2);
        const auto taken = answer.take(bytes.subspan(at + 2, length));
        if (!taken) break;
        if (*taken) {
            if (answer.data().size() > kMaxControlAnswer) std::abort();
            read_everything(answer.data());
            break;
        }
        at += 2 + length;
    }
    read_everything(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}

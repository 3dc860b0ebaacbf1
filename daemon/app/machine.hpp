// Who this machine is: as a number that says nothing about it, from which the phase of its rounds in the interval
// comes, and by its name, for messages to people.
#pragma once

#include <cstdint>
#include <string>

namespace ntpopt {

/// 64 bits from the machine id, hashed for this application (machine-id(5) asks for that); random where there is none.
[[nodiscard]] std::uint64_t machine_hash();

/// As the kernel has it; "localhost" where it has none.
[[nodiscard]] std::string host_name();

}  // namespace ntpopt

// Who this machine is, as a number that says nothing about it: the phase of its rounds in the interval comes from it.
#pragma once

#include <cstdint>

namespace ntpopt {

/// 64 bits from the machine id, hashed for this application (machine-id(5) asks for that); random where there is none.
[[nodiscard]] std::uint64_t machine_hash();

}  // namespace ntpopt

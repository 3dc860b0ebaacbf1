// The decision's memory as a JSON document, for the store, for traces and for the eyes of whoever debugs it. Reading
// takes the document for hostile: every figure finite and in range, and of more entries than are kept the youngest;
// what cannot be read is an error that names its place, never half a memory.
#pragma once

#include "common/error.hpp"
#include "common/json.hpp"
#include "daemon/core/select/state.hpp"

namespace ntpopt {

[[nodiscard]] Json to_json(const SelectionState& state);

/// Reads what to_json() writes; every key may be missing. Numbers survive the way there and back bit by bit.
[[nodiscard]] Result<SelectionState> parse_selection_state(const Json& json);

}  // namespace ntpopt

// What outlives a restart: the last round, the selection's memory, overrides set at run time. Documents by name.
#pragma once

#include <string_view>

#include "common/error.hpp"
#include "common/json.hpp"

namespace ntpopt {

class Store {
  public:
    virtual ~Store() = default;

    /// The document, or null where there is none. A damaged one is an error that says where it was set aside.
    [[nodiscard]] virtual Result<Json> load(std::string_view name) = 0;

    /// Replaces the document durably: after a crash either the old or the new one is there, whole.
    [[nodiscard]] virtual Status save(std::string_view name, const Json& document) = 0;
};

}  // namespace ntpopt

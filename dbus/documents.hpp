// The JSON documents that scripts rely on (docs/interface.md): which keys each has, and in which order. A document that
// crossed the bus has lost its nulls, and its order is the sender's; shape() gives both back.
#pragma once

#include <string_view>
#include <vector>

#include "common/json.hpp"

namespace ntpopt::documents {

/// A key of a document; `inner`, where it is not null, are the keys of the object or of the objects of the list under
/// it.
struct Key {
    std::string_view name;
    const std::vector<Key>* inner = nullptr;
};
using Keys = std::vector<Key>;

[[nodiscard]] const Keys& server();
[[nodiscard]] const Keys& servers();  ///< timestamp and servers
[[nodiscard]] const Keys& run_report();
[[nodiscard]] const Keys& run_summary();  ///< a run report without servers and diff
[[nodiscard]] const Keys& status();
[[nodiscard]] const Keys& history_entry();
[[nodiscard]] const Keys& blacklist_entry();
[[nodiscard]] const Keys& metrics();
[[nodiscard]] const Keys& notice_test();
[[nodiscard]] const Keys& server_explanation();
[[nodiscard]] const Keys& round_explanation();
[[nodiscard]] const Keys& verification();

/// The object with its documented keys first, in order and null where they are missing, and then whatever else it has.
[[nodiscard]] Json shape(const Json& object, const Keys& keys);

/// The same for every object of a list.
[[nodiscard]] Json shape_list(const Json& array, const Keys& keys);

}  // namespace ntpopt::documents

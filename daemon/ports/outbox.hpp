// Notices that wait until they are delivered, and what was told already, kept over restarts. The real one is
// io/store/sqlite_store.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "common/json.hpp"

namespace ntpopt {

struct OutboxEntry {
    std::uint64_t id = 0;  ///< ascending, never used twice while any is there
    std::string channel;
    Json event;
};

/// What is to be done at once: after a crash all of it is done, or nothing.
struct OutboxChange {
    std::vector<OutboxEntry> added;
    std::vector<std::uint64_t> removed;
    Json state;  ///< replaces what was remembered
};

class Outbox {
  public:
    virtual ~Outbox() = default;

    /// All that wait, the oldest first.
    [[nodiscard]] virtual Result<std::vector<OutboxEntry>> waiting() = 0;
    /// What was remembered with the last change; null before the first.
    [[nodiscard]] virtual Result<Json> notice_state() = 0;
    /// Durably.
    [[nodiscard]] virtual Status change(const OutboxChange& change) = 0;
};

}  // namespace ntpopt

// A round's document as the memory keeps it. Most of a document are its servers, and most of a server are the names of
// its keys: so they are kept as rows under one line of keys, which is half as long, still JSON, and is written out
// again by copying, without being parsed. Where it is kept, and for how long, is not known here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "common/json.hpp"

namespace ntpopt {

struct StoredRound {
    std::uint64_t run_id = 0;
    std::uint64_t started_usec = 0;  ///< what the document's timestamp says, CLOCK_REALTIME
    std::string outcome;
    int asked = 0;                ///< servers in the document
    std::optional<double> score;  ///< the mean of the chosen ones
    std::string head;             ///< the document without its servers
    std::string servers;          ///< {"keys":[..],"rows":[[..],..]}; a key with keys of its own is [key, its keys..]
};

/// Figures are rounded to 1e-6 (a picosecond in a server's milliseconds are nobody's measurement). Errc::parse where
/// the document is no round's.
[[nodiscard]] Result<StoredRound> pack_round(const Json& document);

/// The document again. Errc::parse where the texts are damaged.
[[nodiscard]] Result<Json> unpack_round(const StoredRound& round);

/// The round as `history --json` has it, one line: timestamp, region, servers (with hostname, offset and jitter before
/// every key of a server), then run_id, trigger, outcome, confidence, reason and selected. With a name only that
/// server's rows.
[[nodiscard]] Result<std::string> render_history_entry(const StoredRound& round,
                                                       const std::optional<std::string>& server = std::nullopt);

/// The same without servers: asked, score and selected stand for them.
[[nodiscard]] Result<Json> brief_history_entry(const StoredRound& round);

}  // namespace ntpopt

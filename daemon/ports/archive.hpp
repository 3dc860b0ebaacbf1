// The rounds of the past, to be read one at a time: there may be megabytes of them. The real one is
// io/store/sqlite_store.hpp; store.hpp puts them there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "daemon/core/record/stored_round.hpp"

namespace ntpopt {

/// Which rounds are wanted: the newest so many in a time, CLOCK_REALTIME.
struct RoundWindow {
    std::string server{};  ///< only rounds in which a server of this name stood; "" for all
    std::uint64_t since_usec = 0;
    std::uint64_t until_usec = UINT64_MAX;  ///< exclusive
    std::size_t limit = SIZE_MAX;
    std::size_t bytes = SIZE_MAX;  ///< as it is stored; of what is more the newest are found, but always one
};

class Archive {
  public:
    virtual ~Archive() = default;

    /// The numbers of the rounds, the oldest first.
    [[nodiscard]] virtual Result<std::vector<std::uint64_t>> find(const RoundWindow& window) = 0;

    /// Errc::not_found where it is not, or no longer, remembered.
    [[nodiscard]] virtual Result<StoredRound> round(std::uint64_t run_id) = 0;
};

}  // namespace ntpopt

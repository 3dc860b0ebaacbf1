// What the journal of this machine says of the evidence: which entries ntpopt-apply and ntpoptd wrote there. The
// journal is asked through journalctl; whoever may not read it gets an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/error.hpp"

namespace ntpopt::ctl {

struct JournalMark {
    std::uint64_t seq = 0;
    std::string hash;
    friend auto operator<=>(const JournalMark&, const JournalMark&) = default;
};

/// The newest marks, each once, the newest first; at most so many.
[[nodiscard]] Result<std::vector<JournalMark>> read_journal_marks(std::size_t most);

}  // namespace ntpopt::ctl

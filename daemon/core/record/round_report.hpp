// The product of a round, as one value: what was seen, decided and done. Rendered once to the JSON document that D-Bus,
// ntpoptctl and the store carry. Never lacks a verdict or an outcome, whatever failed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/json.hpp"
#include "common/time_text.hpp"
#include "daemon/core/select/decision.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

struct StageReport {
    Stage stage = Stage::discover;
    bool ok = true;
    double duration_s = 0;
    std::string detail;
};

struct RoundReport {
    std::uint64_t run_id = 0;
    bool dry_run = false;
    std::string trigger;  ///< why it ran: "schedule", "request", "boot", "network", ...
    RealTime started{};
    double duration_s = 0;
    std::string region;
    Service service = Service::none;
    Confidence confidence = Confidence::none;
    Outcome outcome = Outcome::failed;
    std::string reason;
    std::vector<std::string> selected;  ///< in force after the round, or wanted by a dry run; by expected error
    std::vector<std::string> previous;  ///< in force before
    std::vector<RankedServer> servers;
    std::vector<StageReport> stages;
    std::uint64_t transaction = 0;  ///< the applier's number, 0 where nothing was asked of it
    Json plan;  ///< of the applier: steps, commands, verify, refusals; files with path and lines; null where none was
                ///< made
    std::string diff;        ///< what is changed, as a unified diff that everybody may see
    std::string whole_diff;  ///< with the files that are not world-readable, for uid 0; empty where there are none
};

/// The documents of docs/interface.md: a server's, and a round's with or without its servers.
[[nodiscard]] Json to_json(const RankedServer& server);
[[nodiscard]] Json to_json(const RoundReport& report);

/// The round's document without servers and diff, as `status` shows it.
[[nodiscard]] Json summary_json(const Json& round);

}  // namespace ntpopt

// What is written into the evidence, kind by kind: the body of each as docs/evidence.md has it. Times and figures are
// whole numbers of microseconds and nanoseconds. When something is written is daemon/engine/witness.hpp's business.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/duration.hpp"
#include "daemon/core/evidence/chain.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// Something that was asked over the bus by somebody who may.
struct Operation {
    uid_t user = static_cast<uid_t>(-1);  ///< as the bus vouches for it
    std::string method;                   ///< "Reoptimize", ...
    Json arguments = Json::object();
    std::string refusal;       ///< why it was not done; empty where it was
    std::uint64_t run_id = 0;  ///< of the round that it began or joined, 0 for none
};

/// What is in force: the texts of the files and of all settings, as digests that sha256sum gives too.
struct ConfigurationDigest {
    std::string settings;                                    ///< of `ntpoptctl config --json`'s values, see the docs
    std::vector<std::pair<std::string, std::string>> files;  ///< path and SHA-256, in the order in which they count
};

[[nodiscard]] EvidenceFact configuration_fact(std::string_view why, const ConfigurationDigest& digest,
                                              std::string_view version);
[[nodiscard]] EvidenceFact operation_fact(const Operation& operation);
/// Before the applier is asked: `kind` is that of the transaction.
[[nodiscard]] EvidenceFact requested_fact(std::string_view kind, Json details);
/// A transaction that has ended.
[[nodiscard]] EvidenceFact changed_fact(const TransactionReport& report);
/// A change that was refused, or whose end is not known.
[[nodiscard]] EvidenceFact failed_fact(std::string_view kind, const Error& error);
/// `why`: "start", "change" or "elsewhere".
[[nodiscard]] EvidenceFact sources_fact(std::string_view why, const ServiceObservation& observation);
/// `bound_s` as clock_error_bound_s() has it, of the observation that is so old.
[[nodiscard]] EvidenceFact clock_fact(const ServiceObservation& observation, Duration age,
                                      std::optional<double> bound_s);
/// `round`: the document of a round whose end only the applier knew.
[[nodiscard]] EvidenceFact recovery_fact(const Json& round);
[[nodiscard]] EvidenceFact alarm_fact(const EvidenceFault& fault, const EvidenceMark& told);

/// The names that the service follows, sorted, each once: what a change of sources is a change of.
[[nodiscard]] std::vector<std::string> followed_names(const ServiceObservation& observation);

}  // namespace ntpopt

// Writes down what happens, as evidence: decides when an entry is due, and notices where the evidence itself is not as
// it was left. It never stands in anybody's way: what it cannot write is an alarm, not a failure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/config/config.hpp"
#include "daemon/core/evidence/facts.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/ledger.hpp"

namespace ntpopt {

class Witness {
  public:
    /// Hears, once for each, what whoever looks after the machine has to know.
    using Tell = std::function<void(const std::string& what)>;

    Witness(Ledger& ledger, Clock& clock, Tell tell);

    /// Looks through all of the evidence, once, before anything is added.
    void begin();
    void configured(std::string_view why, const ConfigurationDigest& digest, std::string_view version);
    void operated(const Operation& operation);

    /// Around each change: what is going to be asked of the applier, and how it ended.
    void requested(std::string_view kind, Json details);
    void changed(const TransactionReport& report);
    /// It was refused, or its end cannot be known now.
    void failed(std::string_view kind, const Error& error);

    /// Whatever was seen of the service just now: other sources than before, how far off the clock can be (once an
    /// hour), and what the applier was told of the evidence.
    void observed(const ServiceObservation& observation);
    /// A round or a roll-back is over. `report` is its document; the observation is so old.
    void round_ended(const Json& report, const ServiceObservation& observation, Duration age,
                     const HistoryConfig& limits);

    /// What is wrong with the evidence, as sentences.
    [[nodiscard]] std::vector<std::string> alarms() const;
    [[nodiscard]] EvidenceMark mark() const { return ledger_.mark(); }
    /// The document of org.ntpopt1.Manager.VerifyEvidence; `told` is what the applier knows, where it could be asked.
    [[nodiscard]] Result<Json> verify(const std::optional<EvidenceMark>& told) const;

  private:
    void add(EvidenceFact fact);
    void note_clock(const ServiceObservation& observation, Duration age);
    void note_sources(const ServiceObservation& observation);
    void compare(const EvidenceMark& told);
    void raise(const EvidenceFault& fault, const EvidenceMark& told);
    [[nodiscard]] Result<std::optional<EvidenceFault>> fault_of(const EvidenceMark& told, std::uint64_t first) const;

    Ledger& ledger_;
    Clock& clock_;
    Tell tell_;
    std::vector<std::string> faults_;  ///< as long as this process lives
    std::string problem_;              ///< why the last entry could not be written
    std::optional<Duration> clock_noted_at_;
    std::optional<std::vector<std::string>> sources_;
    Duration sources_noted_at_{};
    bool changing_ = false;          ///< the sources are on their way
    bool changed_by_us_ = false;     ///< since they were noted last
    std::uint64_t last_change_ = 0;  ///< number of the last transaction that was written down
    EvidenceMark compared_;
};

}  // namespace ntpopt

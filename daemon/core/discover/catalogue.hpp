// The catalogue of operator-run public servers (conf/catalogue.toml): whom to offer as a candidate, and what is known
// of a server by its name, above all which time it tells around a leap second. It knows nothing of reachability or
// quality.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/host.hpp"
#include "daemon/core/discover/candidate.hpp"
#include "daemon/core/discover/region.hpp"

namespace ntpopt {

struct CatalogueEntry {
    std::string operator_name;
    std::vector<Host> names;        ///< offered as candidates where `offered`
    std::vector<std::string> also;  ///< further names or "*.suffix" of the same service, known but never offered
    bool offered = true;
    Region region;  ///< where the servers stand; none for a service all over the world
    Timescale timescale = Timescale::unknown;
    std::string timescale_source;  ///< where the operator, or who else, says so
    bool anycast = false;
    std::optional<int> stratum;  ///< as the operator claims
    bool nts = false;
    bool pool = false;  ///< the names are pools: known as such, never offered
    std::string terms;  ///< the operator's page about who may use it
    std::string as_of;  ///< year and month of this knowledge
};

class Catalogue {
  public:
    /// Errors name the line and what is wrong with it; a catalogue with a mistake is refused as a whole.
    [[nodiscard]] static Result<Catalogue> parse(std::string_view toml);

    /// Puts the entries of the other one before our own, so that they count first.
    void put_before(Catalogue other);

    [[nodiscard]] const std::vector<CatalogueEntry>& entries() const { return entries_; }

    /// The entry that names the host, exactly or by a suffix; the first one counts.
    [[nodiscard]] const CatalogueEntry* find(const Host& host) const;

    /// The offered servers as candidates; a name is offered only where its first entry offers it.
    [[nodiscard]] std::vector<Candidate> candidates() const;

    /// Adds to the candidate what is known of its name and not yet of it: operator, timescale, region, anycast, pool.
    void describe(Candidate& candidate) const;

  private:
    std::vector<CatalogueEntry> entries_;
};

}  // namespace ntpopt

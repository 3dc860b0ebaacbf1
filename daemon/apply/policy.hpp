// What root wants, as the applier reads it for itself: the configuration, and root's own entries in the catalogue of
// public servers. The daemon's word counts for neither.
#pragma once

#include <vector>

#include "daemon/apply/options.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/discover/catalogue.hpp"
#include "daemon/core/plan/gates.hpp"
#include "daemon/io/sys/config_files.hpp"

namespace ntpopt {

/// What root wrote, as far as it could be read. Where there is a fault in it nothing is changed, since what root wants
/// is not known; the ways back stay open, since who cannot be undone must not change anything.
struct ApplierPolicy {
    Config config;
    Catalogue own_entries;  ///< of catalogue.d beside the configuration
    Status fault;
};

/// Without --user all files must belong to root and be writable by nobody else.
[[nodiscard]] ApplierPolicy load_policy(const ApplierOptions& options);

/// The timescales that root's entries tell, and after them what we ship in `data_dir`. Where that is missing, which is
/// logged, the caller's word about timescales counts for all other servers.
[[nodiscard]] TimescaleOf load_timescales(const std::string& data_dir, Catalogue own_entries);

/// Whether root's files still say what they said at first.
class PolicyWatch {
  public:
    explicit PolicyWatch(ApplierOptions options);
    [[nodiscard]] bool has_changed() const;

  private:
    struct Texts {
        Result<std::vector<ConfigText>> configuration;
        Result<std::vector<DropIn>> catalogue;
        friend bool operator==(const Texts&, const Texts&) = default;
    };
    [[nodiscard]] Texts read() const;

    ApplierOptions options_;
    Texts first_;
};

}  // namespace ntpopt

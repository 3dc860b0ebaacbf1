// The chronyd that a change is about, found anew before each step: it may be the same, another one, or none. Looks and
// waits; changes nothing.
#pragma once

#include <chrono>
#include <optional>

#include <boost/asio/awaitable.hpp>

#include "daemon/apply/chrony_record.hpp"
#include "daemon/apply/chrony_tools.hpp"
#include "daemon/core/verify/chrony.hpp"

namespace ntpopt {

enum class ChronyPresence { absent, same, restarted };

class ChronyLink {
  public:
    /// `record` must outlive the link.
    ChronyLink(const ChronyRecord& record, ApplyConfig config) : record_(record), config_(std::move(config)) {}

    /// Finds the chronyd that runs now; tools() speak to it unless it is absent.
    Result<ChronyPresence> attach();
    /// As attach(), but any other than the chronyd that the change began with is Errc::verification_failed.
    Status attach_same();
    [[nodiscard]] ChronyTools& tools() { return *tools_; }
    /// What the last attach() found.
    [[nodiscard]] ChronyPresence presence() const { return presence_; }

    /// Its sources and tracking; their age counts from the last restart_clock().
    boost::asio::awaitable<Result<ChronyObserved>> look();
    void restart_clock() { since_ = std::chrono::steady_clock::now(); }
    [[nodiscard]] Duration elapsed() const { return std::chrono::steady_clock::now() - since_; }

    /// A moment, between two looks.
    static boost::asio::awaitable<void> pause();

  private:
    const ChronyRecord& record_;
    ApplyConfig config_;
    std::optional<ChronyTools> tools_;
    ChronyPresence presence_ = ChronyPresence::absent;
    std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace ntpopt

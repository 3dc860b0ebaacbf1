// Everything about a running chronyd that a change is planned from, read at one time. Looks; plans nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/apply/chrony_record.hpp"
#include "daemon/apply/detect.hpp"
#include "daemon/apply/past.hpp"
#include "daemon/core/plan/chrony_edit.hpp"

namespace ntpopt {

struct ChronySight {
    Detected detected;
    std::string version;
    std::vector<std::string> chronyc;
    std::string config_path;
    std::string our_path;      ///< our *.sources file, or the configuration file where there can be none (view.edited)
    std::string restore_path;  ///< empty where there is no source directory
    ChronyView view;
    ChronyTracking tracking;
    Result<std::optional<FileImage>> config_image = std::optional<FileImage>();
    Result<ChronyMarks> marks = ChronyMarks();  ///< in the configuration file

    /// Errc::refused where lines cannot be written here, with what to do about it. Back to the service's `original`
    /// sources needs less.
    [[nodiscard]] Status check_way(const ApplyConfig& config, bool original) const;
    /// Errc::refused where our lines are none that earlier changes found or wrote.
    [[nodiscard]] Status check_ownership(const Past& past) const;
    /// Whether a file says that it, or a part of it, is ours.
    [[nodiscard]] bool shows_ours() const;
};

/// Errc::service_not_found where no chronyd runs.
boost::asio::awaitable<Result<ChronySight>> look_at_chrony(ApplyConfig config, Systemd* systemd);

}  // namespace ntpopt

// A running ntpd and its files: its version, its mode 6 answers (RFC 9327) over loopback, its configuration with what
// it includes. Asks and reads; decides nothing, changes nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "daemon/apply/our_files.hpp"
#include "daemon/core/ntp/control.hpp"
#include "daemon/core/plan/ntpd_plan.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

/// `PROGRAM --version` of a process that is called ntpd. Errc::refused with a sentence where it is somebody else's.
boost::asio::awaitable<Result<NtpdVersion>> ask_ntpd_version(ProcessInfo process);

/// The system and all associations. Errc::unavailable where nobody listens on port 123 of this machine (an ntpd that
/// starts or ends), Errc::timeout where it does not answer (restrict ... noquery).
boost::asio::awaitable<Result<NtpdState>> ask_ntpd_state();

/// What ntpd was told, as files.
struct NtpdFiles {
    std::string config_path;
    std::string our_path;
    std::vector<NtpdFile> files;  ///< without ours
    std::optional<std::string> our_text;
    std::map<std::string, FileImage> images;  ///< of all of them by path
};

/// Reads what this process was started with. Errc::refused where the configuration is one that we must not touch.
[[nodiscard]] Result<NtpdFiles> read_ntpd_files(const ProcessInfo& process, NtpdFlavour flavour);

}  // namespace ntpopt

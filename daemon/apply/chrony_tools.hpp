// chronyd's and chronyc's command lines, one method a question or order. Executes and parses; decides nothing. chronyc
// is run rather than its protocol spoken: SELinux lets chronyd answer chronyc, and not us.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/core/plan/chrony_report.hpp"
#include "daemon/io/sys/proc.hpp"

namespace ntpopt {

class ChronyTools {
  public:
    /// For one running chronyd; `config` may name another configuration file and another chronyc.
    ChronyTools(ProcessInfo process, const ApplyConfig& config);

    boost::asio::awaitable<Result<std::string>> version();

    /// What `chronyd -p` says of the configuration file; from then on chronyc uses the socket named there.
    boost::asio::awaitable<Result<ChronyConfig>> effective_config();

    /// Whether this chronyd would take these lines; Errc::refused with its words where it would not.
    boost::asio::awaitable<Status> validate(std::vector<std::string> directives);

    boost::asio::awaitable<Result<std::vector<ChronySource>>> sources();
    boost::asio::awaitable<Result<ChronyTracking>> tracking();
    boost::asio::awaitable<Result<std::vector<ChronyStatistics>>> statistics();
    /// Ids of authenticated sources.
    boost::asio::awaitable<Result<std::vector<std::string>>> authenticated();

    /// chronyd answers "200 OK" whatever it read; what it took must be read back.
    boost::asio::awaitable<Status> reload();

    /// Adds a source at run time, its options included. chronyc resolves the name first. An address that chronyd has
    /// already is no error: what it took must be read back here too.
    boost::asio::awaitable<Status> add(ChronyDirective directive);

    /// Deletes a source by its id; one that is gone already is no error.
    boost::asio::awaitable<Status> remove(std::string id);

    /// How chronyc is called; known for good after effective_config().
    [[nodiscard]] const std::vector<std::string>& chronyc_command() const { return chronyc_; }
    void use_chronyc(std::vector<std::string> command) { chronyc_ = std::move(command); }

    [[nodiscard]] const ProcessInfo& process() const { return process_; }
    /// The configuration file, also where it is the one compiled in.
    boost::asio::awaitable<Result<std::string>> config_path();

  private:
    boost::asio::awaitable<Result<std::vector<ChronySource>>> list_once();
    boost::asio::awaitable<Result<std::string>> chronyd(std::vector<std::string> words);
    boost::asio::awaitable<Result<std::string>> chronyc(std::vector<std::string> words,
                                                        Duration deadline = std::chrono::seconds(5));

    ProcessInfo process_;
    std::string config_path_;  ///< empty: the one compiled in
    std::vector<std::string> chronyc_;
};

}  // namespace ntpopt

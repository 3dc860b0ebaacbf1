// Between the engine and the outside: answers what the bus asks from the optimizer's state, and turns what the
// optimizer tells into signals, journal entries and the service manager's status line.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/api/control.hpp"
#include "daemon/api/manager_face.hpp"
#include "daemon/engine/notices.hpp"
#include "daemon/engine/optimizer.hpp"
#include "daemon/engine/witness.hpp"
#include "daemon/io/sys/config_files.hpp"
#include "daemon/ports/archive.hpp"

namespace ntpopt {

class DaemonControl final : public Control, public OptimizerListener {
  public:
    /// The optimizer comes to life after this object, since it may have trouble to tell at once; nothing may be asked
    /// before it has.
    /// `files` are what the configuration was read from.
    DaemonControl(ConfigPlaces places, std::vector<ConfigText> files, Optimizer& optimizer, Archive& archive,
                  Ledger& ledger, Witness& witness, Notices& notices);

    /// Who passes on what the optimizer tells.
    void attach(ManagerFace& face);
    /// Tells of something that whoever looks after the machine has to know: in the journal, and as an alarm as long as
    /// this process lives.
    void warn(const std::string& what);
    /// Writes down which configuration is in force.
    void note_configuration(std::string_view why);
    /// Called with everything that is observed of the NTP service.
    void on_service(std::function<void(const ServiceObservation&)> handler) { on_service_ = std::move(handler); }
    /// Called after the configuration was read again, to read the catalogue again; an error says that it stays as it
    /// was.
    void on_reload(std::function<Status()> handler) { on_reload_ = std::move(handler); }
    /// Called when a round has ended.
    void on_round_ended(std::function<void()> handler) { on_round_ended_ = std::move(handler); }

    Snapshot snapshot() const override;
    std::optional<Duration> clock_error_bound() const override;
    Json metrics() const override;
    Result<std::uint64_t> reoptimize(bool dry_run) override;
    Result<Json> run(std::uint64_t run_id, bool whole_diff) const override;
    Json servers() const override;
    Result<Json> explain(std::optional<Endpoint> server) const override;
    Result<HistoryRows> history(const HistoryQuery& query) const override;
    Json blacklist() const override;
    Status add_to_blacklist(const Endpoint& server, std::optional<Duration> time) override;
    Status remove_from_blacklist(const Endpoint& server) override;
    Status set_interval(std::optional<Duration> interval) override;
    boost::asio::awaitable<Result<std::uint64_t>> rollback(bool original) override;
    Status reload() override;
    Json config() const override;
    void operated(const Operation& operation) override;
    Result<Json> evidence(const EvidenceWindow& query) override;
    boost::asio::awaitable<Result<Json>> verify_evidence() override;
    boost::asio::awaitable<Json> status() override;
    boost::asio::awaitable<Result<Json>> test_notice(std::string channel) override;

    void state_changed() override;
    void service_observed(const ServiceObservation& service) override;
    void run_started(std::uint64_t run_id, bool dry_run, std::string_view trigger) override;
    void run_progress(std::uint64_t run_id, Stage stage, std::size_t done, std::size_t total) override;
    void run_finished(std::uint64_t run_id, const Json& report) override;
    void selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                           std::string_view reason) override;
    void server_blacklisted(std::string_view server, std::uint64_t until_usec, std::string_view reason) override;
    void trouble(std::string_view what) override;
    void reconverge_failed(const TransactionReport&) override {}  // told as a trouble, too

  private:
    [[nodiscard]] Result<Json> measured() const;
    [[nodiscard]] Result<Json> explain_in(const RecordedRound& round, const Endpoint& server) const;

    ConfigPlaces places_;
    std::vector<ConfigText> files_;  ///< those in force
    Optimizer& optimizer_;
    Archive& archive_;
    Ledger& ledger_;
    Witness& witness_;
    Notices& notices_;
    std::vector<std::string> warnings_;
    ManagerFace* face_ = nullptr;
    std::function<void(const ServiceObservation&)> on_service_;
    std::function<Status()> on_reload_;
    std::function<void()> on_round_ended_;
    std::string told_status_;
    mutable std::optional<std::pair<std::uint64_t, Json>> measured_before_;  ///< the last run's number, if it did not
    mutable double explained_round_s_ = 0;
    mutable std::map<Endpoint, Json> explained_;  ///< of that round
};

}  // namespace ntpopt

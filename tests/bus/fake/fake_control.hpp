// Control with canned documents, which notes what it was told. For tests of the face and of the client.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/control.hpp"

namespace ntpopt::test {

class FakeControl final : public Control {
  public:
    FakeControl();

    Snapshot properties;
    std::map<std::uint64_t, Json> runs;  ///< whole reports
    std::uint64_t last_run = 0;
    Json server_list = Json::array();
    Json status_document = Json::object();
    Json metrics_document = Json::object();
    Json config_document = Json::object();
    Json blacklist_document = Json::array();
    Json history_document = Json::array();
    std::size_t rounds_of_an_answer = 1000;
    Json explanation = Json::object();
    Json evidence_document = Json::array();
    std::size_t entries_of_an_answer = 1000;
    Json verification = Json::object();
    std::vector<Operation> operations;
    Json notice_results = Json::array();
    std::optional<Error> failure;  ///< what every changing call answers
    bool throws = false;           ///< every call throws instead
    std::optional<std::function<std::uint64_t(bool dry_run)>> on_reoptimize;
    std::function<void(std::uint64_t run_id)> on_run;  ///< told that somebody asks for a run
    mutable std::vector<std::string> told;             ///< what was asked for, in order

    [[nodiscard]] Snapshot snapshot() const override;
    [[nodiscard]] std::optional<Duration> clock_error_bound() const override;
    [[nodiscard]] Json metrics() const override;
    Result<std::uint64_t> reoptimize(bool dry_run) override;
    [[nodiscard]] Result<Json> run(std::uint64_t run_id, bool whole_diff) const override;
    [[nodiscard]] Json servers() const override;
    [[nodiscard]] Result<Json> explain(std::optional<Endpoint> server) const override;
    [[nodiscard]] Result<HistoryRows> history(const HistoryQuery& query) const override;
    [[nodiscard]] Json blacklist() const override;
    Status add_to_blacklist(const Endpoint& server, std::optional<Duration> time) override;
    Status remove_from_blacklist(const Endpoint& server) override;
    Status set_interval(std::optional<Duration> interval) override;
    boost::asio::awaitable<Result<std::uint64_t>> rollback(bool original) override;
    Status reload() override;
    [[nodiscard]] Json config() const override;
    void operated(const Operation& operation) override { operations.push_back(operation); }
    [[nodiscard]] Result<Json> evidence(const EvidenceWindow& query) override;
    boost::asio::awaitable<Result<Json>> verify_evidence() override;
    boost::asio::awaitable<Json> status() override;
    boost::asio::awaitable<Result<Json>> test_notice(std::string channel) override;

  private:
    Status note(std::string what) const;
};

/// A report of a round with the given outcome and three servers, as the daemon makes them.
[[nodiscard]] Json sample_report(std::uint64_t run_id, const std::string& outcome);

}  // namespace ntpopt::test

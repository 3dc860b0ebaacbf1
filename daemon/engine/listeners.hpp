// Several who hear what the optimizer tells, each in turn.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "daemon/engine/optimizer.hpp"

namespace ntpopt {

class Listeners final : public OptimizerListener {
  public:
    /// They outlive this.
    explicit Listeners(std::vector<OptimizerListener*> all) : all_(std::move(all)) {}

    void state_changed() override {
        for (auto* one : all_)
            one->state_changed();
    }
    void service_observed(const ServiceObservation& service) override {
        for (auto* one : all_)
            one->service_observed(service);
    }
    void run_started(std::uint64_t run_id, bool dry_run, std::string_view trigger) override {
        for (auto* one : all_)
            one->run_started(run_id, dry_run, trigger);
    }
    void run_progress(std::uint64_t run_id, Stage stage, std::size_t done, std::size_t total) override {
        for (auto* one : all_)
            one->run_progress(run_id, stage, done, total);
    }
    void run_finished(std::uint64_t run_id, const Json& report) override {
        for (auto* one : all_)
            one->run_finished(run_id, report);
    }
    void selection_changed(const std::vector<std::string>& before, const std::vector<std::string>& after,
                           std::string_view reason) override {
        for (auto* one : all_)
            one->selection_changed(before, after, reason);
    }
    void server_blacklisted(std::string_view server, std::uint64_t until_usec, std::string_view reason) override {
        for (auto* one : all_)
            one->server_blacklisted(server, until_usec, reason);
    }
    void trouble(std::string_view what) override {
        for (auto* one : all_)
            one->trouble(what);
    }
    void reconverge_failed(const TransactionReport& report) override {
        for (auto* one : all_)
            one->reconverge_failed(report);
    }

  private:
    std::vector<OptimizerListener*> all_;
};

}  // namespace ntpopt

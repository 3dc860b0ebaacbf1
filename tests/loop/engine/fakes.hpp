// A world of values behind the engine's ports: nothing here opens a socket, and what the applier does is a script.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/optimizer.hpp"
#include "daemon/engine/round.hpp"
#include "daemon/io/sys/timer_alarm.hpp"

namespace ntpopt::test {

namespace asio = boost::asio;

class FakeDiscoverer final : public Discoverer {
  public:
    std::vector<Candidate> found;
    std::vector<std::string> notes;
    std::optional<Error> failure;

    [[nodiscard]] std::string_view name() const override { return "fake"; }
    asio::awaitable<Result<Discovered>> discover(Config, ServiceObservation) override {
        if (failure) co_return *failure;
        co_return Discovered(found, notes);
    }
};

class FakeResolver final : public Resolver {
  public:
    std::map<std::string, std::string> addresses;
    std::map<std::string, std::vector<std::string>> more;  ///< beside that one

    asio::awaitable<Result<std::vector<Address>>> resolve(HostName name, Families, Duration) override {
        const auto known = addresses.find(name.text());
        if (known == addresses.end()) co_return Error{Errc::not_found, "no such name"};
        std::vector<Address> found{*Address::parse(known->second)};
        for (const auto& text : more[name.text()])
            found.push_back(*Address::parse(text));
        co_return found;
    }
};

/// Answers at once: the offset of each address in seconds; one that is not named is silent.
class FakeProber final : public Prober {
  public:
    std::map<std::string, double> offsets;
    std::map<std::string, std::uint32_t> refids;  ///< where it matters
    std::map<std::string, std::string> kisses;    ///< by address: what it sends instead of time
    int rounds = 0;
    std::vector<ProbeTarget> asked;  ///< in the last round
    std::function<void()> on_probe = [] {};

    asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                    Progress progress) override {
        ++rounds;
        asked = targets;
        on_probe();
        std::vector<Measurement> measurements;
        for (const auto& target : targets) {
            Measurement measurement;
            const auto kiss = kisses.find(target.address.text());
            if (kiss != kisses.end()) measurement.kiss = kiss->second;
            const auto known = kiss == kisses.end() ? offsets.find(target.address.text()) : offsets.end();
            const bool enough = target.once && known != offsets.end();
            for (int i = 0; i < (enough ? 1 : config.samples); ++i) {
                if (known == offsets.end())
                    measurement.samples.emplace_back();
                else
                    measurement.samples.emplace_back(Sample{known->second + 1e-5 * i, 0.010 + 1e-5 * i, 2.0 * i});
            }
            if (known != offsets.end()) {
                ServerHeader header;
                header.stratum = 2;
                header.refid = static_cast<std::uint32_t>(std::hash<std::string>()(target.address.text()));
                if (refids.count(target.address.text()) > 0) header.refid = refids.at(target.address.text());
                header.root_delay_s = 0.002;
                header.root_dispersion_s = 0.001;
                header.reference_age_s = 10;
                header.reference_time = header.refid;
                measurement.header = header;
            }
            measurements.push_back(std::move(measurement));
            progress(measurements.size(), targets.size());
        }
        co_return measurements;
    }
};

/// What the applier does next is set by the test; what it was asked is remembered.
class FakeTimeService final : public TimeService {
  public:
    ServiceObservation observation;

    /// The service uses this server, and has a record of it that spares requests.
    void uses(const std::string& name, const std::string& address) {
        ServiceSource source;
        source.name = name;
        source.address = *Address::parse(address);
        source.origin = "ours";
        source.state = "selected";
        source.reach = 0377;
        source.record = SourceRecord{30, 15, 3600.0, 0.0002, 0.0, 100};
        observation.sources.push_back(source);
    }

    std::optional<Error> observe_failure;
    std::optional<Error> plan_failure;
    std::optional<Error> apply_failure;
    TransactionReport ends;  ///< how the next change ends
    bool readable = true;    ///< everybody may read the files of the plan
    bool hangs = false;      ///< the change never ends while we wait
    TransactionReport last;  ///< what transaction(0) tells
    bool has_last = false;
    std::optional<Error> transaction_failure;
    std::function<void()> on_transaction = [] {};  ///< somebody asks for it
    std::vector<std::string> calls;
    std::vector<Choice> applied;

    FakeTimeService() {
        observation.service = Service::chronyd;
        observation.active = true;
        observation.synchronised = true;
        observation.capabilities = {true, true, true, true, true, 1};
        ends.id = 7;
        ends.state = TransactionState::committed;
        ends.peer = "a.test";
    }

    asio::awaitable<Result<ServiceObservation>> observe() override {
        if (observe_failure) co_return *observe_failure;
        co_return observation;
    }
    asio::awaitable<Result<Json>> plan(std::vector<Choice>) override {
        calls.emplace_back("plan");
        if (plan_failure) co_return *plan_failure;
        const Json file{{"path", "/etc/x.sources"}, {"diff", "+server\n"}, {"lines", 1}, {"world_readable", readable}};
        co_return Json{{"files", Json::array({file})},
                       {"steps", Json::array({"write x", "verify: it works"})},
                       {"commands", Json::array({"reload x"})},
                       {"verify", Json::array({"it works"})},
                       {"refusals", Json::array()}};
    }
    asio::awaitable<Result<TransactionReport>> apply(std::vector<Choice> servers, bool, OnState on_state) override {
        calls.emplace_back("apply");
        applied = std::move(servers);
        if (apply_failure) co_return *apply_failure;
        on_state(TransactionState::prepared);
        on_state(TransactionState::verifying);
        if (hangs) co_await forever();
        co_return ends;
    }
    asio::awaitable<Result<TransactionReport>> rollback(bool, OnState) override {
        calls.emplace_back("rollback");
        co_return ends;
    }
    asio::awaitable<Status> can_roll_back(bool) override { co_return Status(); }
    asio::awaitable<Result<TransactionReport>> reconverge() override {
        calls.emplace_back("reconverge");
        observation.drifted = false;
        co_return ends;
    }
    asio::awaitable<Result<TransactionReport>> transaction(std::uint64_t) override {
        on_transaction();
        if (transaction_failure) co_return *transaction_failure;
        if (!has_last) co_return Error{Errc::not_found, "none yet"};
        co_return last;
    }

  private:
    static asio::awaitable<void> forever() {
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer never(executor, asio::steady_timer::time_point::max());
        co_await never.async_wait(asio::use_awaitable);
    }
};

class FakeClock final : public Clock {
  public:
    Duration behind{};  ///< a clock that is not set
    [[nodiscard]] RealTime now() const override { return RealTime(std::chrono::hours(500'000)) + elapsed() - behind; }
    [[nodiscard]] Duration since_boot() const override { return std::chrono::hours(1) + elapsed(); }
    [[nodiscard]] double random() override { return 0.5; }
    void skip(Duration time) { skipped_ += time; }

  private:
    [[nodiscard]] Duration elapsed() const { return std::chrono::steady_clock::now() - began_ + skipped_; }
    Duration skipped_{};
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class FakePlace final : public Place {
  public:
    [[nodiscard]] Region region(const DiscoveryConfig&) const override { return {"asia", "in"}; }
    [[nodiscard]] const Catalogue& catalogue() const override { return catalogue_; }
    [[nodiscard]] std::vector<Address> own_addresses() const override { return {*Address::parse("198.51.100.7")}; }
    [[nodiscard]] std::vector<double> leap_seconds() const override { return leaps; }
    std::vector<double> leaps;

  private:
    Catalogue catalogue_;
};

class MemoryStore final : public Store {
  public:
    std::map<std::string, Json, std::less<>> documents;
    std::vector<Json> rounds;
    std::vector<std::pair<std::uint64_t, std::string>> trace_lines;
    std::vector<Remembered> written;  ///< without their contents: how often, and what was asked for
    bool full = false;

    [[nodiscard]] Result<Json> load(std::string_view name) override {
        const auto found = documents.find(name);
        return found == documents.end() ? Json(nullptr) : found->second;
    }
    [[nodiscard]] Result<Json> last_round() override { return rounds.empty() ? Json(nullptr) : rounds.back(); }
    [[nodiscard]] Status trace(const TakeLine& take) override {
        for (const auto& [segment, line] : trace_lines)
            if (!take(segment, line)) break;
        return {};
    }
    [[nodiscard]] Status save(const Remembered& what) override {
        if (full) return Error{Errc::io, "No space left on device"};
        for (const auto& [name, document] : what.documents) {
            if (document.is_null())
                documents.erase(name);
            else
                documents[name] = document;
        }
        if (what.round) rounds.push_back(*what.round);
        if (what.trace && what.trace->afresh) trace_lines.clear();
        for (const auto segment : what.trace ? what.trace->dropped : std::vector<std::uint64_t>())
            std::erase_if(trace_lines, [segment](const auto& line) { return line.first == segment; });
        if (what.trace) trace_lines.insert(trace_lines.end(), what.trace->added.begin(), what.trace->added.end());
        written.push_back({.documents = {}, .round = std::nullopt, .limits = what.limits, .now = what.now});
        return {};
    }
};

/// Five good servers a to e, each with a network of its own; a service that follows "old.test".
struct FakeWorld {
    asio::io_context io{1};
    FakeDiscoverer discoverer;
    FakeResolver resolver;
    FakeProber prober;
    FakeTimeService service;
    FakeClock clock;
    TimerAlarm alarm{io.get_executor(), clock};
    FakePlace place;
    MemoryStore store;
    Config config;

    FakeWorld() {
        config.schedule.boot_delay = Duration::zero();
        for (const auto* letter : {"a", "b", "c", "d", "e"})
            add(std::string(letter) + ".test", 0.0);
        ServiceSource old;
        old.name = "old.test";
        old.origin = "base";
        service.observation.sources.push_back(old);
    }

    void add(const std::string& name, std::optional<double> offset) {
        Candidate candidate{*Endpoint::parse(name)};
        candidate.timescale = Timescale::utc;
        candidate.operator_name = name;
        discoverer.found.push_back(candidate);
        const auto address = "192.0." + std::to_string(discoverer.found.size()) + ".1";
        resolver.addresses[name] = address;
        if (offset) prober.offsets[address] = *offset;
    }

    RoundPorts ports() { return {{&discoverer}, place, resolver, prober, service, clock}; }
};

}  // namespace ntpopt::test

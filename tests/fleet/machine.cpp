// Implementation of machine.hpp.
#include "tests/fleet/machine.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "daemon/io/discover/discoverers.hpp"
#include "daemon/io/discover/domain_servers.hpp"
#include "daemon/io/net/name_memory.hpp"

namespace ntpopt::fleet {
namespace asio = boost::asio;
namespace {

constexpr Duration kEnd = kWarmUp + kWeek;
constexpr Duration kRollOut = std::chrono::hours(12);           // until the last machine is installed
constexpr Duration kServiceRestarts = std::chrono::seconds(5);  // RestartSec= of the unit
constexpr Duration kBoots = std::chrono::seconds(12);           // from power to ntpoptd, the same for the whole fleet

class Germany final : public Place {
  public:
    explicit Germany(const Catalogue& catalogue) : catalogue_(catalogue) {}
    [[nodiscard]] Region region(const DiscoveryConfig&) const override { return {"europe", "de"}; }
    [[nodiscard]] const Catalogue& catalogue() const override { return catalogue_; }
    [[nodiscard]] std::vector<Address> own_addresses() const override { return {}; }
    [[nodiscard]] std::vector<double> leap_seconds() const override { return {}; }

  private:
    const Catalogue& catalogue_;
};

/// The NTP servers of the search domain, without a resolv.conf.
class OfficeServers final : public Discoverer {
  public:
    explicit OfficeServers(NameMemory& names) : names_(names) {}
    [[nodiscard]] std::string_view name() const override { return "srv"; }
    asio::awaitable<Result<Discovered>> discover(Config, ServiceObservation) override {
        auto domain = *HostName::parse("office.example");
        auto records = co_await names_.services(std::move(domain), std::chrono::seconds(5));
        if (!records) co_return Discovered();
        co_return Discovered(srv_candidates(*std::move(records)));
    }

  private:
    NameMemory& names_;
};

class Notes final : public OptimizerListener {
  public:
    explicit Notes(Life& life) : life_(life) {}
    void state_changed() override {}
    void service_observed(const ServiceObservation&) override {}
    void run_started(std::uint64_t, bool, std::string_view trigger) override {
        ++life_.rounds[std::string(trigger)];
        life_.conduct.in_round = 0;
    }
    void run_progress(std::uint64_t, Stage, std::size_t, std::size_t) override {}
    void run_finished(std::uint64_t, const Json& report) override { ++life_.outcomes[get_string(report, "outcome")]; }
    void selection_changed(const std::vector<std::string>&, const std::vector<std::string>&,
                           std::string_view) override {}
    void server_blacklisted(std::string_view, std::uint64_t, std::string_view) override {}
    void trouble(std::string_view what) override { life_.troubles.emplace_back(what); }
    void reconverge_failed(const TransactionReport&) override {}

  private:
    Life& life_;
};

enum class Happening { stop, crash, power_cut, network, woken, by_hand };

/// A process of ntpoptd, from its start to its end. The order of the members is that of daemon/app/daemon.hpp.
struct Process {
    Process(const Fleet& fleet, Life& life, SimulatedClock& clock, StateFile& file, SimulatedService& service,
            Random& random, bool ipv6, bool has_office, const Config& config, std::uint64_t machine, Fate fate)
        : alarms(io, clock),
          wake(alarms),
          place(fleet.catalogue),
          source(fleet.world, life.conduct, clock, random, ipv6, has_office, fate),
          names(source, file, clock),
          prober(fleet.world, life.conduct, clock, alarms, random, fate),
          zones(place),
          catalogue(place),
          office(names),
          notes(life),
          optimizer(
              io.get_executor(),
              RoundPorts{{&configured, &current, &office, &zones, &catalogue}, place, names, prober, service, clock},
              wake, file, notes, config, machine) {}
    ~Process() { alarms.drop(); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    asio::io_context io{1};
    Alarms alarms;
    Alarms::One wake;
    Germany place;
    SimulatedNames source;
    NameMemory names;
    SimulatedProber prober;
    ConfiguredServers configured;
    CurrentServers current;
    PoolZones zones;
    CatalogueServers catalogue;
    OfficeServers office;
    Notes notes;
    Optimizer optimizer;
};

class Machine {
  public:
    Machine(const Fleet& fleet, std::uint64_t number)
        : fleet_(fleet),
          random_(fleet.seed * 1'000'003 + number),
          clock_(random_()),
          service_(clock_),
          machine_hash_(random_()),
          ipv6_(chance(random_) < 0.5),
          has_office_(chance(random_) < 0.2) {
        imagine();
    }

    Life live() {
        clock_.time = from_seconds(chance(random_) * to_seconds(kRollOut));  // it is installed
        clock_.booted = clock_.time - std::chrono::hours(1);
        while (clock_.time < kEnd)
            live_once();
        return std::move(life_);
    }

  private:
    using Plan = std::multimap<Duration, Happening>;

    [[nodiscard]] Duration some_time() { return kWarmUp + from_seconds(chance(random_) * to_seconds(kWeek)); }
    [[nodiscard]] bool happens(double share) { return chance(random_) < share; }

    /// What this machine's week will bring.
    void imagine() {
        const auto& hard = fleet_.hardships;
        for (const auto& cut : fleet_.cuts)
            plan_.emplace(cut.at, Happening::power_cut);
        for (double i = chance(random_); i < hard.restarts; ++i)
            plan_.emplace(some_time(), Happening::stop);
        if (happens(hard.crash_loops)) loop_from_ = some_time();
        if (happens(hard.crashing_rounds)) fatal_packets_from_ = some_time();
        if (happens(hard.crashing_names)) fatal_names_from_ = some_time();
        if (happens(hard.dead_services)) {
            service_.dead_from = some_time();
            service_.dead_until = service_.dead_from + kDay;
        }
        if (happens(hard.laptops))
            for (int i = 0; i < 70; ++i)
                plan_.emplace(some_time(), i % 2 == 0 ? Happening::network : Happening::woken);
        if (happens(hard.hurried))
            for (int i = 0; i < 2; ++i) {
                auto at = some_time();
                for (int k = 0; k < 4; ++k, at += from_seconds(20 * chance(random_)))
                    plan_.emplace(at, Happening::by_hand);
            }
    }

    void fate(std::string_view where) {
        const auto within = [&](Duration from) { return clock_.time >= from && clock_.time < from + kDay; };
        if (where == "sent" && within(fatal_packets_from_) && happens(0.1)) throw Died{};
        if (where == "lookup" && within(fatal_names_from_) && happens(0.2)) throw Died{};
    }

    /// One process: from its start until it ends, in whichever way.
    void live_once() {
        ++life_.processes;
        Config config;
        config.discovery.pool_zone = "debian.pool.ntp.org";
        Process process(fleet_, life_, clock_, file_, service_, random_, ipv6_, has_office_, config, machine_hash_,
                        [this](std::string_view where) { fate(where); });
        if (clock_.time >= loop_from_ && clock_.time < loop_from_ + kDay)
            plan_.emplace(clock_.time + from_seconds(5 + 1200 * chance(random_)), Happening::crash);
        bool died = false;
        bool ended = false;
        asio::co_spawn(process.io, process.optimizer.run(), [&](std::exception_ptr escaped) {
            ended = true;
            if (escaped) std::rethrow_exception(escaped);
        });
        const auto turn = [&] {
            try {
                process.io.restart();
                process.io.poll();
            } catch (const Died&) {
                died = true;
            }
        };
        turn();
        while (!died && !ended && clock_.time < kEnd) {
            const auto alarm = process.alarms.next().value_or(kEnd);
            const auto happening = plan_.empty() ? kEnd : plan_.begin()->first;
            if (std::min(alarm, happening) >= kEnd) {
                clock_.time = kEnd;
            } else if (happening <= alarm) {
                clock_.time = std::max(clock_.time, happening);
                const auto what = plan_.extract(plan_.begin()).mapped();
                if (!take(process, what)) break;
                turn();
            } else {
                process.alarms.ring_next();
                turn();
            }
        }
        clock_.time += kServiceRestarts;
        skip_darkness();
    }

    /// False where the process ends.
    bool take(Process& process, Happening what) {
        auto& optimizer = process.optimizer;
        switch (what) {
            case Happening::network:
                process.names.network_changed();
                optimizer.trigger(Trigger::network_changed);
                return true;
            case Happening::woken:
                optimizer.trigger(Trigger::resumed);
                return true;
            case Happening::by_hand:
                static_cast<void>(optimizer.reoptimize(false));
                return true;
            case Happening::stop:
                optimizer.stop();
                return true;
            case Happening::crash:
            case Happening::power_cut:
                return false;
        }
        return true;
    }

    /// Where the power is off, what was to come does not.
    void skip_darkness() {
        for (const auto& cut : fleet_.cuts) {
            if (clock_.time < cut.at || clock_.time >= cut.at + cut.lasts) continue;
            clock_.booted = cut.at + cut.lasts;
            clock_.time = clock_.booted + kBoots;
            plan_.erase(plan_.begin(), plan_.upper_bound(clock_.time));
        }
    }

    static constexpr Duration kDay = std::chrono::days(1);

    const Fleet& fleet_;
    Random random_;
    SimulatedClock clock_;
    StateFile file_;
    SimulatedService service_;
    std::uint64_t machine_hash_;
    bool ipv6_;
    bool has_office_;
    Life life_;
    Plan plan_;
    Duration loop_from_ = kEnd;
    Duration fatal_packets_from_ = kEnd;
    Duration fatal_names_from_ = kEnd;
};

}  // namespace

Life live(const Fleet& fleet, std::uint64_t number) {
    Machine machine(fleet, number);
    return machine.live();
}

}  // namespace ntpopt::fleet

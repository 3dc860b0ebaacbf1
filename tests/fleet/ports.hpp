// The engine's ports in simulated time: a clock that jumps to the next alarm, bursts of the real machine over servers
// that are values, a state file that keeps what was saved when the process dies, and a service that obeys.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/core/ntp/burst.hpp"
#include "daemon/core/ntp/send_gate.hpp"
#include "daemon/engine/optimizer.hpp"
#include "daemon/io/net/name_source.hpp"
#include "daemon/ports/alarm.hpp"
#include "daemon/ports/cache.hpp"
#include "tests/fleet/world.hpp"

namespace ntpopt::fleet {

/// Time since the beginning of the simulation, shared by all that one machine does.
class SimulatedClock final : public Clock {
  public:
    explicit SimulatedClock(std::uint64_t seed) : random_(seed) {}
    [[nodiscard]] RealTime now() const override { return RealTime(kBeginning + time); }
    [[nodiscard]] Duration since_boot() const override { return time - booted; }
    [[nodiscard]] double random() override { return chance(random_); }

    static constexpr Duration kBeginning = std::chrono::hours(24 * 20'600);
    Duration time{};
    Duration booted{};

  private:
    Random random_;
};

/// The alarms that somebody waits for; who drives the simulation rings the first of them.
class Alarms {
  public:
    Alarms(boost::asio::io_context& io, SimulatedClock& clock) : io_(io), clock_(clock) {}

    class One final : public Alarm {
      public:
        explicit One(Alarms& all) : all_(all) { all_.known_.insert(this); }
        ~One() override { all_.known_.erase(this); }
        One(const One&) = delete;
        One& operator=(const One&) = delete;
        boost::asio::awaitable<void> wait_until(Duration since_boot) override;
        void ring() override;

      private:
        friend class Alarms;
        Alarms& all_;
        Duration at_ = Duration::max();
        std::function<void()> resume_;
    };

    /// The next one's time since the beginning; nothing while nobody waits.
    [[nodiscard]] std::optional<Duration> next() const;
    /// Moves the clock there and rings.
    void ring_next();
    /// The process dies: who waits is no more.
    void drop();

  private:
    [[nodiscard]] One* first() const;

    boost::asio::io_context& io_;
    SimulatedClock& clock_;
    std::set<One*> known_;
};

/// Documents, the last round and caches as the real store keeps them: what was put but not saved dies with the process.
class StateFile final : public Store, public Cache {
  public:
    [[nodiscard]] Result<Json> load(std::string_view name) override;
    [[nodiscard]] Result<Json> last_round() override { return last_round_; }
    [[nodiscard]] Status trace(const TakeLine&) override { return {}; }
    [[nodiscard]] Status save(const Remembered& what) override;

    [[nodiscard]] std::optional<CachedAnswer> answer(std::string_view name, std::string_view kind) override;
    void put(CachedAnswer answer) override;
    [[nodiscard]] std::optional<CachedList> list(std::string_view) override { return std::nullopt; }
    void put(CachedList) override {}

  private:
    using Answers = std::map<std::pair<std::string, std::string>, CachedAnswer>;
    std::map<std::string, Json, std::less<>> documents_;
    Json last_round_;
    Answers answers_;
};

/// What one machine sent and asked, held against the rules for clients of the NTP Pool.
struct Conduct {
    std::uint64_t packets = 0;
    std::uint64_t questions = 0;
    Duration closest_packets = Duration::max();    ///< to one address
    Duration closest_questions = Duration::max();  ///< for one name
    std::size_t most_a_day = 0;                    ///< packets to one address in any 24 h
    std::size_t in_round = 0;                      ///< packets since the last round began
    std::size_t most_a_round = 0;
    std::map<Address, std::vector<Duration>> sent{};
    std::map<std::string, Duration, std::less<>> asked{};

    void note_packet(const Address& address, Duration when);
    void note_question(const std::string& name, Duration when);
};

/// What a scenario's crash throws through everything; no code of the engine catches it.
struct Died {};
/// A scenario's crashes: called wherever the process could die, it may throw Died.
using Fate = std::function<void(std::string_view where)>;

class SimulatedProber final : public Prober {
  public:
    SimulatedProber(World& world, Conduct& conduct, SimulatedClock& clock, Alarms& alarms, Random& random, Fate fate);

    /// As io/ntp/probe_round.hpp does it, with the same burst, plan and gate.
    boost::asio::awaitable<std::vector<Measurement>> probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                           Progress progress) override;

  private:
    struct Sweep;
    void perform(Sweep& sweep, std::size_t index, BurstAction action);
    [[nodiscard]] BurstAction transmit(Sweep& sweep, std::size_t index, const SendRequest& request);

    World& world_;
    Conduct& conduct_;
    SimulatedClock& clock_;
    Alarms::One alarm_;
    Random& random_;
    Fate fate_;
    SendGate gate_;
};

class SimulatedNames final : public NameSource {
  public:
    SimulatedNames(const World& world, Conduct& conduct, SimulatedClock& clock, Random& random, bool ipv6, bool office,
                   Fate fate)
        : world_(world),
          conduct_(conduct),
          clock_(clock),
          random_(random),
          ipv6_(ipv6),
          office_(office),
          fate_(std::move(fate)) {}

    [[nodiscard]] std::optional<Result<NameAnswer>> local(const HostName&, Families) override { return std::nullopt; }
    [[nodiscard]] Families worth_asking(Families families) override { return families; }
    boost::asio::awaitable<Result<NameAnswer>> lookup(HostName name, Families families, Duration deadline) override;
    boost::asio::awaitable<Result<std::vector<SrvRecord>>> services(HostName domain, Duration deadline) override;

  private:
    const World& world_;
    Conduct& conduct_;
    SimulatedClock& clock_;
    Random& random_;
    bool ipv6_;
    bool office_;  ///< the search domain announces servers
    Fate fate_;
};

/// The applier and chronyd behind it. They outlive ntpoptd.
class SimulatedService final : public TimeService {
  public:
    explicit SimulatedService(SimulatedClock& clock) : clock_(clock) {}

    Duration dead_from = Duration::max();  ///< none of its sources answers, until dead_until
    Duration dead_until{};

    boost::asio::awaitable<Result<ServiceObservation>> observe() override;
    boost::asio::awaitable<Result<Json>> plan(std::vector<Choice> servers) override;
    boost::asio::awaitable<Result<TransactionReport>> apply(std::vector<Choice> servers, bool by_hand,
                                                            OnState on_state) override;
    boost::asio::awaitable<Result<TransactionReport>> rollback(bool original, OnState on_state) override;
    boost::asio::awaitable<Status> can_roll_back(bool) override { co_return Status(); }
    boost::asio::awaitable<Result<TransactionReport>> reconverge() override;
    boost::asio::awaitable<Result<TransactionReport>> transaction(std::uint64_t id) override;

  private:
    SimulatedClock& clock_;
    std::vector<ServiceSource> sources_;
    TransactionReport last_;
};

}  // namespace ntpopt::fleet

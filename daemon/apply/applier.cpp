// Implementation of applier.hpp.
#include "daemon/apply/applier.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <signal.h>

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/apply/chrony.hpp"
#include "daemon/apply/face.hpp"
#include "daemon/apply/ntpd.hpp"
#include "daemon/apply/timesyncd.hpp"
#include "daemon/apply/transaction.hpp"
#include "daemon/io/sys/journal.hpp"
#include "daemon/io/sys/notify.hpp"
#include "daemon/io/sys/system_clock.hpp"
#include "dbus/contract.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Long enough for the daemon's next call of the same round.
constexpr auto kIdleTime = 30s;
/// A transaction ends by itself, its waits have deadlines; longer than all of them together.
constexpr Duration kLastWords = std::chrono::minutes(3);

/// The bus as the backends see it; both null where there is none.
struct BusAccess {
    BusPump* pump = nullptr;
    Systemd* systemd = nullptr;
};

std::shared_ptr<Backend> make_backend(Service service, const ApplyConfig& config, BusAccess bus) {
    if (service == Service::chronyd) return std::make_shared<ChronyBackend>(config, bus.systemd);
    if (service == Service::ntpd) return std::make_shared<NtpdBackend>(config, bus.systemd);
    if (service == Service::timesyncd) return std::make_shared<TimesyncdBackend>(config, bus.pump, bus.systemd);
    return nullptr;
}

asio::awaitable<Result<std::shared_ptr<Backend>>> detect_backend(ApplyConfig config, BusAccess bus) {
    const auto detected = co_await detect_service(config, bus.systemd);
    if (!detected) co_return detected.error();
    if (auto backend = make_backend(detected->service, config, bus)) co_return backend;
    const Errc code = detected->service == Service::none ? Errc::service_not_found : Errc::refused;
    co_return Error{code, fmt::format("{}", fmt::join(detected->refusals, "\n"))};
}

Transactions::FindBackend find_backend(const ApplyConfig& config, BusAccess bus) {
    return [config, bus] { return detect_backend(config, bus); };
}

Transactions::NamedBackend named_backend(const ApplyConfig& config, BusAccess bus) {
    return [config, bus](Service service) -> Result<std::shared_ptr<Backend>> {
        if (auto backend = make_backend(service, config, bus)) return backend;
        return Error{Errc::service_not_found, fmt::format("no backend for {}", name_of(service))};
    };
}

Result<uid_t> user_id(const std::string& name) {
    const passwd* entry = getpwnam(name.c_str());
    if (entry == nullptr) return Error{Errc::not_found, fmt::format("there is no user {}", name)};
    return entry->pw_uid;
}

/// The process on the bus. Order of members is order of construction: the connection outlives everything.
class Applier {
  public:
    Applier(std::unique_ptr<sdbus::IConnection> connection, Journal& journal, const ApplierPolicy& policy,
            TimescaleOf timescale_of, uid_t user, const ApplierOptions& options)
        : connection_(std::move(connection)),
          pump_(io_, *connection_, [this](const Error& error) { lose(error); }),
          tasks_(io_.get_executor(),
                 [](std::string_view task, std::string_view what) {
                     log(Priority::critical, fmt::format("{}: {}", task, what));
                 }),
          systemd_(pump_),
          transactions_(journal, clock_, policy.config, find_backend(policy.config.apply, BusAccess{&pump_, &systemd_}),
                        named_backend(policy.config.apply, BusAccess{&pump_, &systemd_})),
          face_(pump_, tasks_, transactions_, user),
          signals_(io_, SIGTERM, SIGINT),
          idle_timer_(io_),
          watch_(options),
          idle_exit_(options.idle_exit) {
        transactions_.know_timescales(std::move(timescale_of));
        if (!policy.fault) transactions_.only_go_back(policy.fault.error());
    }

    int run() {
        tasks_.spawn("recovery", recover());
        connection_->requestName(contract::kApplierName);
        pump_.kick();
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) end("told to end");
        });
        if (idle_exit_) watch_idleness();
        notify::ready("waiting for calls");
        io_.run();
        return status_;
    }

  private:
    asio::awaitable<void> recover() { co_await transactions_.recover(); }

    /// Root's policy is read at the start: where it has changed, the next caller gets another applier.
    void watch_idleness() {
        idle_timer_.expires_after(1s);
        idle_timer_.async_wait([this](const boost::system::error_code& error) {
            if (error || ending_) return;
            const bool unused = face_.last_call() + kIdleTime <= std::chrono::steady_clock::now();
            if (face_.is_idle() && (unused || watch_.has_changed())) return leave_bus();
            watch_idleness();
        });
    }

    /// A signal may end the wait for the answer, after which the name may be gone already.
    Status release_name() {
        for (int attempt = 0;; ++attempt) {
            try {
                connection_->releaseName(contract::kApplierName);
                return {};
            } catch (const sdbus::Error& e) {
                const bool interrupted = e.getName() == "System.Error.EINTR";
                if (attempt > 0 && !interrupted) return {};
                if (!interrupted || attempt > 9) return Error{Errc::unavailable, e.what()};
            }
        }
    }

    /// The name goes first: whoever calls from now on starts a new applier. Calls that came before are still answered.
    void leave_bus() {
        const auto last_call = face_.last_call();
        if (auto released = release_name(); !released) return lose(released.error());
        pump_.kick();
        idle_timer_.expires_after(100ms);
        idle_timer_.async_wait([this, last_call](const boost::system::error_code& error) {
            if (error || ending_) return;
            if (face_.is_idle() && face_.last_call() == last_call) return end("idle");
            connection_->requestName(contract::kApplierName);
            pump_.kick();
            watch_idleness();
        });
    }

    void lose(const Error& error) {
        log(Priority::critical, error.detail);
        status_ = 1;
        end("bus lost");
    }

    /// An open transaction ends first, committed or undone.
    void end(std::string why) {
        if (ending_) return;
        ending_ = true;
        log(Priority::info, event::kStopped, "ending: " + why);
        notify::stopping(why);
        face_.shut();
        idle_timer_.cancel();
        asio::co_spawn(io_, finish(), asio::detached);
    }

    asio::awaitable<void> finish() {
        co_await tasks_.drain(kLastWords);
        io_.stop();
    }

    std::unique_ptr<sdbus::IConnection> connection_;
    asio::io_context io_{1};
    BusPump pump_;
    TaskGroup tasks_;
    SystemClock clock_;
    Systemd systemd_;
    Transactions transactions_;
    ApplierFace face_;
    asio::signal_set signals_;
    asio::steady_timer idle_timer_;
    PolicyWatch watch_;
    bool idle_exit_;
    bool ending_ = false;
    int status_ = 0;
};

/// The system bus, null at a time when there is none, as early at boot.
std::unique_ptr<sdbus::IConnection> connect_if_possible() {
    try {
        return sdbus::createSystemBusConnection();
    } catch (const sdbus::Error&) {
        return nullptr;
    }
}

int fail(const Error& error) {
    log(Priority::error, error.detail);
    return 1;
}

asio::awaitable<int> close_open_transaction(Transactions* transactions) {
    if (!co_await transactions->recover()) co_return 0;
    const auto report = transactions->report(0);
    co_return report && report->state != TransactionState::degraded ? 0 : 1;
}

/// What a package does before its removal, when nobody may be left to call.
asio::awaitable<int> roll_back_to_original(Transactions* transactions, const Journal* journal) {
    co_await transactions->recover();
    const auto& committed = journal->document().committed;
    const auto& last = journal->document().transaction;
    // A change that was tried since may have left something, however it ended.
    if (committed && committed->original && (!last || last->report.id == committed->transaction)) co_return 0;
    const bool remembered = committed || (last && !last->change.empty());
    const auto begun = co_await transactions->begin_rollback(true, true);
    if (begun) {
        co_await transactions->run();
        const auto report = transactions->report(*begun);
        if (report && report->state == TransactionState::committed) co_return 0;
    }
    if (!remembered) {
        // Without a record only the service's own files show what is ours, and where we began, they still do.
        if (begun) co_return 1;
        const auto code = begun.error().code;
        co_return code == Errc::not_found || code == Errc::service_not_found ? 0 : fail(begun.error());
    }
    // Where the service does not run, its files are all there is; where it could not be moved, its next start will do
    // it.
    const auto goes_on = co_await transactions->withdraw();
    if (!goes_on) co_return fail(goes_on.error());
    if (!*goes_on) co_return 0;
    if (begun) co_return 1;
    co_return begun.error().code == Errc::not_found ? 0 : fail(begun.error());
}

}  // namespace

int recover_and_exit(const ApplierOptions& options, const Config& config) {
    auto journal = Journal::open(options.state_dir);
    if (!journal) return fail(journal.error());
    if (!journal->damage().empty()) log(Priority::error, event::kStateDamaged, journal->damage());
    SystemClock clock;
    // Files come back without any bus; where there is one, a service that runs is told too.
    const auto connection = connect_if_possible();
    asio::io_context io(1);
    std::optional<BusPump> pump;
    std::optional<Systemd> systemd;
    BusAccess bus;
    if (connection) {
        pump.emplace(io, *connection, [](const Error& lost) { log(Priority::error, lost.detail); });
        systemd.emplace(*pump);
        bus = {&*pump, &*systemd};
    }
    Transactions transactions(*journal, clock, config, find_backend(config.apply, bus),
                              named_backend(config.apply, bus));
    int status = 1;
    auto work = options.rollback_original ? roll_back_to_original(&transactions, &*journal)
                                          : close_open_transaction(&transactions);
    asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& thrown, int ended) {
        if (thrown) std::rethrow_exception(thrown);
        status = ended;
        io.stop();
    });
    io.run();
    return status;
}

int serve_bus(const ApplierOptions& options, const ApplierPolicy& policy) {
    const auto user = user_id(options.user);
    if (!user) return fail(user.error());
    if (options.user_given) log(Priority::notice, fmt::format("user {} may call besides root", options.user));
    auto journal = Journal::open(options.state_dir);
    if (!journal) return fail(journal.error());
    if (!journal->damage().empty()) log(Priority::error, event::kStateDamaged, journal->damage());
    try {
        auto connection = sdbus::createSystemBusConnection();
        Applier applier(std::move(connection), *journal, policy, load_timescales(options.data_dir, policy.own_entries),
                        *user, options);
        return applier.run();
    } catch (const sdbus::Error& e) {
        return fail({Errc::unavailable, fmt::format("the system bus: {}", e.what())});
    }
}

}  // namespace ntpopt

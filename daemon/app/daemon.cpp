// Implementation of daemon.hpp: the life of the process.
#include "daemon/app/daemon.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "common/version.hpp"
#include "daemon/app/machine.hpp"
#include "daemon/io/sys/journal.hpp"
#include "daemon/io/sys/notify.hpp"
#include "dbus/contract.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

/// Longer than a laptop needs to find its network after waking up, shorter than anybody waits.
constexpr Duration kRouteSettles = std::chrono::seconds(10);
constexpr Duration kTidyAfter = std::chrono::seconds(10);
constexpr Duration kDrainDeadline = std::chrono::seconds(10);

}  // namespace

Daemon::Daemon(DaemonOptions options, SqliteStore store, LoadedConfig loaded)
    : connection_(sdbus::createSystemBusConnection()),
      pump_(io_, *connection_, [this](Error error) { end(1, "the bus is lost: " + error.detail); }),
      tasks_(io_.get_executor(),
             [this](std::string_view task, std::string_view what) {
                 log(Priority::critical, fmt::format("bug: {} threw: {}", task, what));
                 end(1, "a bug");
             }),
      signals_(io_, SIGTERM, SIGINT, SIGHUP),
      watchdog_(io_),
      tidy_(io_),
      alarm_(io_.get_executor(), clock_),
      store_(std::move(store)),
      resolver_(io_),
      applier_(pump_, store_),
      witness_(store_, clock_, [](const std::string& what) { log(Priority::error, event::kEvidenceDamaged, what); }),
      time_service_(applier_, witness_),
      names_(resolver_, store_, clock_),
      discovery_(options.data_dir, options.config.main_file, options.libexec_dir, pump_, names_, store_, clock_),
      notices_alarm_(io_.get_executor(), clock_),
      notifier_(options.libexec_dir, options.credentials_dir),
      notices_(io_.get_executor(), clock_, notices_alarm_, store_, notifier_, loaded.config.notify, host_name(),
               [](std::string_view what) { log(Priority::warning, what); }),
      control_(std::move(options.config), std::move(loaded.files), optimizer_, store_, store_, witness_, notices_),
      listeners_({&control_, &notices_}),
      optimizer_(io_.get_executor(),
                 RoundPorts{discovery_.discoverers(), discovery_.place(), names_, prober_, time_service_, clock_},
                 alarm_, store_, listeners_, std::move(loaded.config), machine_hash()),
      authority_(pump_),
      face_(pump_, tasks_, control_, authority_),
      route_watch_(io_, kRouteSettles,
                   [this] {
                       names_.network_changed();
                       optimizer_.trigger(Trigger::network_changed);
                   }),
      sleep_watch_(
          io_, [this](Duration) { optimizer_.trigger(Trigger::resumed); }, [this] { optimizer_.check_service_soon(); }),
      service_watch_(io_, [this] { optimizer_.check_service_soon(); }) {
    control_.attach(face_);
    witness_.begin();
    control_.note_configuration("start");
    for (const auto& notice : store_.notices())
        control_.warn(notice);
    control_.on_reload([this] { return discovery_.reload(); });
    control_.on_service(
        [this](const ServiceObservation& service) { service_watch_.follow(static_cast<pid_t>(service.main_pid)); });
    control_.on_round_ended([this] { give_memory_back_soon(); });
}

int Daemon::run() {
    tasks_.spawn("time zone", discovery_.learn_time_zone());
    if (const auto last = store_.last_round()) notices_.catch_up(*last);
    give_memory_back_soon();
    tasks_.spawn("notices", tell());
    tasks_.spawn("optimizer", serve());
    wait_for_signal();
    start_watching();
    // The name comes last: whoever sees it can call everything.
    connection_->requestName(contract::kManagerName);
    pump_.kick();
    notify::ready("waiting for the first round");
    log(Priority::info, event::kStarted, fmt::format("ntpoptd {} is on the bus", kVersion));
    if (const auto period = notify::watchdog_period()) keep_the_watchdog_quiet(*period);
    io_.run();
    log(Priority::info, event::kStopped, "ntpoptd ends");
    return status_;
}

asio::awaitable<void> Daemon::serve() {
    co_await optimizer_.run();
}

asio::awaitable<void> Daemon::tell() {
    co_await notices_.run();
}

void Daemon::start_watching() {
    for (const auto& started : {route_watch_.start(), sleep_watch_.start()})
        if (!started) log(Priority::warning, "not watching: " + started.error().detail);
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](boost::system::error_code error, int number) {
        if (error) return;
        if (number == SIGHUP) {
            [[maybe_unused]] const auto reloaded = control_.reload();  // it logs what is wrong
            wait_for_signal();
        } else {
            end(0, fmt::format("signal {}", number));
        }
    });
}

void Daemon::keep_the_watchdog_quiet(Duration period) {
    notify::watchdog();
    watchdog_.expires_after(period);
    watchdog_.async_wait([this, period](boost::system::error_code error) {
        if (!error) keep_the_watchdog_quiet(period);
    });
}

/// The C library keeps what a round has freed, since it may be asked for it again: here not for hours. By then whoever
/// waited for the round has its document.
void Daemon::give_memory_back_soon() {
    tidy_.expires_after(kTidyAfter);
    tidy_.async_wait([](boost::system::error_code error) {
        if (!error) malloc_trim(0);
    });
}

/// Ends the round, then the tasks, then the loop.
void Daemon::end(int status, std::string_view why) {
    if (ending_) return;
    ending_ = true;
    status_ = status;
    notify::stopping(why);
    log(status == 0 ? Priority::info : Priority::error, fmt::format("stopping: {}", why));
    optimizer_.stop();
    notices_.stop();
    authority_.stop();
    route_watch_.stop();
    sleep_watch_.stop();
    service_watch_.follow(0);
    watchdog_.cancel();
    tidy_.cancel();
    asio::co_spawn(io_, drain(), asio::detached);
}

asio::awaitable<void> Daemon::drain() {
    if (!co_await tasks_.drain(kDrainDeadline)) {
        tasks_.cancel();
        [[maybe_unused]] const bool drained = co_await tasks_.drain(kDrainDeadline);
    }
    io_.stop();
}

}  // namespace ntpopt

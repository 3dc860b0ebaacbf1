// ntpoptd, put together: owns every part in the order in which they depend on each other, and ends them the other way.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/api/manager_face.hpp"
#include "daemon/api/polkit.hpp"
#include "daemon/app/bus_time_service.hpp"
#include "daemon/app/daemon_control.hpp"
#include "daemon/app/discovery.hpp"
#include "daemon/app/effective_config.hpp"
#include "daemon/engine/listeners.hpp"
#include "daemon/engine/notices.hpp"
#include "daemon/engine/optimizer.hpp"
#include "daemon/engine/witness.hpp"
#include "daemon/engine/witnessed_service.hpp"
#include "daemon/io/bus/bus_pump.hpp"
#include "daemon/io/bus/task_group.hpp"
#include "daemon/io/net/name_memory.hpp"
#include "daemon/io/net/resolver.hpp"
#include "daemon/io/notify/child_notifier.hpp"
#include "daemon/io/ntp/udp_prober.hpp"
#include "daemon/io/store/sqlite_store.hpp"
#include "daemon/io/sys/system_clock.hpp"
#include "daemon/io/sys/timer_alarm.hpp"
#include "daemon/io/watch/process_watch.hpp"
#include "daemon/io/watch/route_watch.hpp"
#include "daemon/io/watch/sleep_watch.hpp"

namespace ntpopt {

struct DaemonOptions {
    ConfigPlaces config;
    std::string data_dir;
    std::string libexec_dir;      ///< where ntpopt-fetch and ntpopt-notify are
    std::string credentials_dir;  ///< of systemd; empty where there is none
};

class Daemon {
  public:
    /// Connects to the bus; throws what sdbus-c++ throws where there is none.
    Daemon(DaemonOptions options, SqliteStore store, LoadedConfig loaded);

    /// Until a signal or the loss of the bus ends it; the exit status of the process.
    int run();

  private:
    boost::asio::awaitable<void> serve();
    boost::asio::awaitable<void> tell();
    boost::asio::awaitable<void> drain();
    void start_watching();
    void wait_for_signal();
    void keep_the_watchdog_quiet(Duration period);
    void give_memory_back_soon();
    void end(int status, std::string_view why);

    // The connection outlives the loop, since a coroutine that the loop holds may hold an answer that was not sent.
    std::unique_ptr<sdbus::IConnection> connection_;
    boost::asio::io_context io_{1};
    BusPump pump_;
    TaskGroup tasks_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer watchdog_;
    boost::asio::steady_timer tidy_;
    SystemClock clock_;
    TimerAlarm alarm_;
    SqliteStore store_;
    AresResolver resolver_;
    UdpProber prober_;
    BusTimeService applier_;
    Witness witness_;
    WitnessedService time_service_;
    NameMemory names_;
    Discovery discovery_;
    TimerAlarm notices_alarm_;
    ChildNotifier notifier_;
    Notices notices_;
    DaemonControl control_;
    Listeners listeners_;
    Optimizer optimizer_;
    Polkit authority_;
    ManagerFace face_;
    RouteWatch route_watch_;
    SleepWatch sleep_watch_;
    ProcessWatch service_watch_;
    int status_ = 0;
    bool ending_ = false;
};

}  // namespace ntpopt

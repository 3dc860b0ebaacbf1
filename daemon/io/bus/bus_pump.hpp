// Drives one sdbus-c++ connection from one io_context, on its thread: no other thread, no other loop. It moves
// messages; it knows nothing of what they say.
#pragma once

#include <sdbus-c++/IConnection.h>

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/error.hpp"

namespace ntpopt {

/// Order of construction: connection, then io_context, then pump. The connection must outlive everything that the
/// io_context holds, since a coroutine may hold a reply that it has not sent.
class BusPump {
  public:
    using OnLost = std::function<void(Error)>;

    /// Starts pumping with the next turn of the loop. `on_lost` is called once, from the loop, when the bus is gone:
    /// nothing will ever arrive again, so the process should end.
    BusPump(boost::asio::io_context& io, sdbus::IConnection& connection, OnLost on_lost);
    ~BusPump();
    BusPump(const BusPump&) = delete;
    BusPump& operator=(const BusPump&) = delete;

    /// To be called after every use of the connection outside a bus callback: such a use may have read messages into
    /// the connection's queue, queued output or changed its time-out, and the descriptor tells of none of these.
    void kick();

    [[nodiscard]] sdbus::IConnection& connection() { return connection_; }
    [[nodiscard]] boost::asio::any_io_executor executor() { return io_.get_executor(); }
    /// How many turns were taken since the start; a loop at rest takes none.
    [[nodiscard]] std::uint64_t turns() const { return turns_; }

  private:
    void turn();
    /// True where output is queued that the bus does not take.
    [[nodiscard]] bool is_blocked() const;
    void arm();
    void wait_for(boost::asio::posix::stream_descriptor::wait_type what, bool& waiting);
    void set_timer(std::uint64_t timeout_usec);
    void lose(std::string why);

    boost::asio::io_context& io_;
    sdbus::IConnection& connection_;
    OnLost on_lost_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
    std::optional<std::uint64_t> timer_usec_;
    bool kicked_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool lost_ = false;
    std::uint64_t turns_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ntpopt

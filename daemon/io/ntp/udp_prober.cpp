// Implementation of udp_prober.hpp.
#include "daemon/io/ntp/udp_prober.hpp"

#include <memory>

#include <boost/asio/this_coro.hpp>

#include "daemon/io/ntp/probe_round.hpp"

namespace ntpopt {

boost::asio::awaitable<std::vector<Measurement>> UdpProber::probe(std::vector<ProbeTarget> targets, ProbeConfig config,
                                                                  Progress progress) {
    namespace this_coro = boost::asio::this_coro;
    const auto executor = co_await this_coro::executor;
    const auto round = std::make_shared<ProbeRound>(executor, targets, config, gate_, std::move(progress), clocks_);

    // Cancellation must end the waiting with what is known, not with an exception, even where it came before we began.
    const bool throws = co_await this_coro::throw_if_cancelled();
    co_await this_coro::throw_if_cancelled(false);
    const auto state = co_await this_coro::cancellation_state;
    if (state.cancelled() == boost::asio::cancellation_type::none) {
        round->start();
        co_await round->wait();
    }
    co_await this_coro::throw_if_cancelled(throws);
    co_return round->close();
}

}  // namespace ntpopt

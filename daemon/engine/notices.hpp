// Tells people what happens: hears what the optimizer tells everybody, lets core/notice decide what is worth telling,
// keeps it in the outbox until each channel has it, and has it delivered. Each channel has its own queue, backoff and
// single attempt under way, so a dead one delays nothing. Asleep, without a timer, while nothing waits. Where no
// channel is configured it does nothing and remembers nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "daemon/core/notice/policy.hpp"
#include "daemon/core/notice/queue.hpp"
#include "daemon/engine/optimizer.hpp"
#include "daemon/ports/alarm.hpp"
#include "daemon/ports/clock.hpp"
#include "daemon/ports/notifier.hpp"
#include "daemon/ports/outbox.hpp"

namespace ntpopt {

class Notices final : public OptimizerListener {
  public:
    /// For the journal: what people should know of the channels themselves.
    using Trouble = std::function<void(std::string_view what)>;
    struct Tested {
        std::string channel;
        Delivery delivery;
    };

    /// `alarm` is this object's own. `host`: how messages name this machine.
    Notices(boost::asio::any_io_executor executor, Clock& clock, Alarm& alarm, Outbox& outbox, Notifier& notifier,
            const NotifyConfig& config, std::string host, Trouble trouble);

    /// Before the optimizer begins: the round that was recorded last, null for none. Where this process ended before it
    /// was told, it is told now.
    void catch_up(const Json& last_round);

    /// Delivers until stop().
    boost::asio::awaitable<void> run();
    /// Ends run(). An attempt under way gets some seconds more; what does not arrive is sent again in the next life.
    void stop();

    /// Takes another configuration over; whatever waits is tried at once, since somebody may have put it right.
    void configure(const NotifyConfig& config);

    /// Why channels do not deliver, each a sentence.
    [[nodiscard]] std::vector<std::string> alarms() const;

    /// Delivers a test by one channel, "" for all, past the queues. Errc::not_found where it is not configured.
    boost::asio::awaitable<Result<std::vector<Tested>>> test(std::string channel);

    void state_changed() override {}
    void service_observed(const ServiceObservation& service) override;
    void run_started(std::uint64_t, bool, std::string_view) override {}
    void run_progress(std::uint64_t, Stage, std::size_t, std::size_t) override {}
    void run_finished(std::uint64_t run_id, const Json& report) override;
    void selection_changed(const std::vector<std::string>&, const std::vector<std::string>&,
                           std::string_view) override {}
    void server_blacklisted(std::string_view server, std::uint64_t until_usec, std::string_view reason) override;
    void trouble(std::string_view) override {}
    void reconverge_failed(const TransactionReport& report) override;

  private:
    struct Courier {
        Courier(NotifyChannel to, const Json& remembered) : channel(std::move(to)), queue(remembered) {}
        NotifyChannel channel;
        ChannelQueue queue;
        boost::asio::cancellation_signal cancel;
    };

    void take(const std::vector<NoticeEvent>& events, std::string_view except = "");
    void launch(const std::shared_ptr<Courier>& courier);
    void finish(const std::shared_ptr<Courier>& courier, const Delivery& delivery);
    void save(std::vector<OutboxEntry> added, const std::vector<std::uint64_t>& removed);
    [[nodiscard]] Duration next_due() const;
    [[nodiscard]] Json remembered() const;
    boost::asio::awaitable<Result<Delivery>> test_one(NotifyChannel channel);

    boost::asio::any_io_executor executor_;
    Clock& clock_;
    Alarm& alarm_;
    Outbox& outbox_;
    Notifier& notifier_;
    std::string host_;
    Trouble trouble_;
    NoticePolicy policy_;
    bool knows_the_past_ = false;
    std::vector<std::shared_ptr<Courier>> couriers_;
    std::uint64_t last_id_ = 0;
    std::size_t under_way_ = 0;
    bool stopping_ = false;
    std::string save_problem_;
    std::vector<OutboxEntry> unsaved_;      ///< what the outbox refused, to be asked once more
    std::vector<std::uint64_t> unremoved_;  ///< the same
};

}  // namespace ntpopt

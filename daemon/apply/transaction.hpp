// The one transaction at a time: begins it, writes ahead, carries the change out step by step, commits or undoes it,
// and after a crash ends what another process began. Knows no service by name and no bus.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/apply/backend.hpp"
#include "daemon/apply/journal.hpp"
#include "daemon/core/config/config.hpp"
#include "daemon/core/plan/gates.hpp"
#include "daemon/ports/clock.hpp"

namespace ntpopt {

class Transactions {
  public:
    /// The backend of the service that runs, or why there is none.
    using FindBackend = std::function<boost::asio::awaitable<Result<std::shared_ptr<Backend>>>()>;
    /// The backend of a service by its name, whether it runs or not.
    using NamedBackend = std::function<Result<std::shared_ptr<Backend>>(Service)>;
    /// Called after each durable change of state.
    using OnChange = std::function<void(const TransactionReport&)>;

    Transactions(Journal& journal, Clock& clock, Config config, FindBackend find, NamedBackend named);

    void on_change(OnChange callback) { on_change_ = std::move(callback); }
    /// What is known of servers by their names, for the gates; without it only the caller's word counts.
    void know_timescales(TimescaleOf timescale_of) { timescale_of_ = std::move(timescale_of); }

    /// From now on nothing is begun but the way back to the service's own sources: root's policy cannot be read.
    void only_go_back(const Error& fault);

    /// Checks every gate and prepares; nothing is touched yet. `evidence` is how far the daemon's evidence goes, to be
    /// kept with the transaction. The answer is the transaction's number, to be followed
    /// by run(). Errors: Errc::busy, Errc::refused, Errc::service_not_found, Errc::service_conflict.
    boost::asio::awaitable<Result<std::uint64_t>> begin_apply(std::vector<Choice> choices, bool by_hand,
                                                              EvidenceMark evidence);
    /// Back to the configuration before the current one, or to the service's own; pauses what is automatic.
    /// `by_root`: no limit holds, since root must always find the way back.
    /// Errc::not_found where there is nothing to go back to.
    boost::asio::awaitable<Result<std::uint64_t>> begin_rollback(bool original, bool by_root, EvidenceMark evidence);
    /// Whether begin_rollback() would begin, and why not; nothing is begun.
    boost::asio::awaitable<Status> can_roll_back(bool original, bool by_root);
    /// What was committed, once more; not counted as a change of the day.
    boost::asio::awaitable<Result<std::uint64_t>> begin_reconverge(EvidenceMark evidence);

    // Nobody's evidence. These are no default arguments, which g++ 12 would destroy twice in a co_await.
    boost::asio::awaitable<Result<std::uint64_t>> begin_apply(std::vector<Choice> choices, bool by_hand) {
        return begin_apply(std::move(choices), by_hand, EvidenceMark());
    }
    boost::asio::awaitable<Result<std::uint64_t>> begin_rollback(bool original, bool by_root = false) {
        return begin_rollback(original, by_root, EvidenceMark());
    }
    boost::asio::awaitable<Result<std::uint64_t>> begin_reconverge() { return begin_reconverge(EvidenceMark()); }

    /// Carries out what was begun. Afterwards its report says how it ended.
    boost::asio::awaitable<void> run();

    /// Ends what an earlier process left open, before anything else is begun; true where there was something. From
    /// "verified" on it goes forward, before that back.
    boost::asio::awaitable<bool> recover();

    /// For a removal that found nobody to roll back: takes the lines of what was committed and of the last change out
    /// of the files, and forgets what was committed. True where a service of theirs runs all the same, and goes on as
    /// it is until its next start.
    boost::asio::awaitable<Result<bool>> withdraw();

    boost::asio::awaitable<Result<ServiceObservation>> observe();
    /// What begin_apply() would do, in the keys of org.ntpopt1.Applier.Plan.
    boost::asio::awaitable<Result<Json>> plan(std::vector<Choice> choices);

    /// A transaction by its number, 0 for the last one.
    [[nodiscard]] Result<TransactionReport> report(std::uint64_t id) const;
    /// The number of the one under way, 0 where there is none.
    [[nodiscard]] std::uint64_t open() const;
    /// The configurations that a roll-back can return to, newest first, the service's own last.
    [[nodiscard]] std::vector<KeptSet> kept() const;

  private:
    struct Request {
        std::string kind;
        Goal goal;
        EvidenceMark evidence{};
    };
    struct Prepared {
        std::shared_ptr<Backend> backend;
        std::unique_ptr<Change> change;
    };
    static constexpr std::string_view kRollback = "rollback";
    [[nodiscard]] Result<Request> rollback_request(bool original, bool by_root);
    boost::asio::awaitable<Status> check_way_back(std::shared_ptr<Backend> backend);
    void keep_evidence(const Request& request);
    /// What `kind` would do, where the gates are open; nothing is touched.
    boost::asio::awaitable<Result<Prepared>> prepare(std::string kind, Goal goal);
    boost::asio::awaitable<Result<std::uint64_t>> begin(Request request);
    boost::asio::awaitable<Status> go_forward();
    boost::asio::awaitable<void> finish_taking_over();
    boost::asio::awaitable<void> go_back(std::string reason);
    [[nodiscard]] Status enter(TransactionState state);
    void commit(std::string peer);
    void finish(TransactionState state, std::string reason);
    boost::asio::awaitable<Result<std::vector<std::string>>> closed_gates_now(std::shared_ptr<Backend> backend,
                                                                              std::vector<Choice> choices);
    /// What earlier changes did to this service; what they did to another one, which was there before it, is none of
    /// its own.
    [[nodiscard]] Past past_of(Service service) const;
    [[nodiscard]] bool is_of_another(Service service) const;
    /// Before what was committed for another service is forgotten: nobody else would know of our lines in its files.
    void withdraw_former(Service service);
    [[nodiscard]] Status withdraw_files_of(Service service, const Json& record) const;

    Journal& journal_;
    Clock& clock_;
    Config config_;
    FindBackend find_;
    NamedBackend named_;
    OnChange on_change_;
    TimescaleOf timescale_of_;
    Status policy_;  ///< why only the way back is open
    bool busy_;      ///< from the first moment of begin() to the end of run(), and until recover() ended what was open
    std::unique_ptr<Change> change_;
};

}  // namespace ntpopt

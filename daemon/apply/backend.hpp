// The contract between a transaction and the NTP service it changes. A backend looks at one kind of service; a change
// is one way from what the service follows to what it shall follow, and back. Order, journal and limits are not their
// work.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "common/error.hpp"
#include "common/json.hpp"
#include "daemon/apply/past.hpp"
#include "daemon/core/select/decision.hpp"
#include "daemon/core/service/service.hpp"

namespace ntpopt {

/// What the service shall follow.
struct Goal {
    std::vector<Choice> choices;
    bool original = false;  ///< the service's own sources; `choices` is empty
    bool measured = false;  ///< the choices' offsets are of this moment, not remembered from an earlier change
    Past past;
};

/// One change. Each step may run again after a crash in its middle: what is done already is not done twice.
class Change {
  public:
    virtual ~Change() = default;

    /// Everything that is needed to go on with this change, or to undo it, in another process after a crash: full
    /// pre-images of the files, and of the service its "instance" (instance_of(), another one after each restart and
    /// each boot), its "unit" and "invocation" where they are known.
    [[nodiscard]] virtual Json record() const = 0;
    /// What would be done, in the keys of org.ntpopt1.Applier.Plan.
    [[nodiscard]] virtual Json description() const = 0;
    /// False where reality is the goal already.
    [[nodiscard]] virtual bool is_needed() const = 0;
    /// Names that the service followed before.
    [[nodiscard]] virtual std::vector<std::string> previous() const = 0;

    /// Writes the files that add the new sources; the old ones stay.
    virtual boost::asio::awaitable<Status> write_files() = 0;
    /// Makes the service read them.
    virtual boost::asio::awaitable<Status> reload() = 0;
    /// Waits until the new sources have proven themselves. Errc::verification_failed says why they have not.
    virtual boost::asio::awaitable<Status> prove() = 0;
    /// Takes the old sources away.
    virtual boost::asio::awaitable<Status> remove_base() = 0;
    /// Waits until the service follows a new source, and names it.
    virtual boost::asio::awaitable<Result<std::string>> confirm() = 0;
    /// Brings the old sources back, whole, from whatever state the steps above left.
    virtual boost::asio::awaitable<Status> undo() = 0;
    /// Of a change that is over, for a service that does not run: takes everything of ours that it found or wrote out
    /// of the files, so that the service starts with its own sources. Again and again without harm. Errc::refused where
    /// somebody else changed ours.
    [[nodiscard]] virtual Status withdraw_files() = 0;
    /// Sentences about files that somebody else changed meanwhile, so that undo() left them as they are.
    [[nodiscard]] virtual std::vector<std::string> left_alone() const { return {}; }
};

/// Of a way back where nothing is to be taken back.
[[nodiscard]] inline Error nothing_changed() {
    return {Errc::not_found, "ntpopt has changed nothing yet"};
}

class Backend {
  public:
    virtual ~Backend() = default;

    [[nodiscard]] virtual Service service() const = 0;
    /// What the service does now.
    virtual boost::asio::awaitable<Result<ServiceObservation>> observe(Past past) = 0;
    /// Looks, plans and validates; touches nothing. Errc::refused names the gate. To the original without a record, as
    /// after the loss of ours: what the files show to be ours is taken back, and nothing_changed() where there is none.
    virtual boost::asio::awaitable<Result<std::unique_ptr<Change>>> prepare(Goal goal) = 0;
    /// The change of a record that an earlier process wrote. The service may not run at this time.
    [[nodiscard]] virtual Result<std::unique_ptr<Change>> resume(const Json& record) = 0;
};

}  // namespace ntpopt

// A polkit that answers as a test wants, at once, later or never. It has a connection of its own on the private bus.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/io/bus/bus_pump.hpp"
#include "tests/bus/harness/loop.hpp"

namespace ntpopt::test {

class FakePolkit {
  public:
    explicit FakePolkit(Loop& loop);
    FakePolkit(const FakePolkit&) = delete;
    FakePolkit& operator=(const FakePolkit&) = delete;

    struct Question {
        std::string kind;
        std::string name;
        std::string action;
        std::map<std::string, std::string> details;
        std::uint32_t flags = 0;
        std::string cancellation_id;
    };
    enum class Mood {
        allows,
        denies,
        wants_a_password,  ///< a challenge; where interaction is allowed it is given, and right
        nobody_to_ask,     ///< a challenge in any case
        dismissed,         ///< the user closed the dialog
        silent,
        talks_nonsense,  ///< an answer of another type
        is_not_ours,     ///< polkit does not tell ntpoptd's user about others
    };
    Mood mood = Mood::allows;
    std::vector<Question> asked;
    std::vector<std::string> cancelled;

    /// Answers yes, late, to all who were not answered.
    void allow_all();
    [[nodiscard]] std::string unique_name() const { return connection_->getUniqueName(); }

  private:
    void check(sdbus::MethodCall call);
    static void answer(const sdbus::MethodCall& call, bool authorized, bool challenge,
                       const std::map<std::string, std::string>& details = {});

    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    BusPump pump_;
    std::unique_ptr<sdbus::IObject> authority_;
    std::vector<sdbus::MethodCall> unanswered_;
};

}  // namespace ntpopt::test

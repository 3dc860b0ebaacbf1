// Implementation of fake_polkit.hpp.
#include "tests/bus/polkit/fake_polkit.hpp"

namespace ntpopt::test {
namespace {

constexpr const char* kInterface = "org.freedesktop.PolicyKit1.Authority";
constexpr std::uint32_t kAllowUserInteraction = 1;

}  // namespace

FakePolkit::FakePolkit(Loop& loop)
    : pump_(loop.io, *connection_, [](const Error&) {}),
      authority_(sdbus::createObject(*connection_, "/org/freedesktop/PolicyKit1/Authority")) {
    authority_->registerMethod(kInterface, "CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})",
                               [this](sdbus::MethodCall call) { check(std::move(call)); });
    authority_->registerMethod(kInterface, "CancelCheckAuthorization", "s", "", [this](sdbus::MethodCall call) {
        std::string id;
        call >> id;
        cancelled.push_back(id);
    });
    authority_->finishRegistration();
    connection_->requestName("org.freedesktop.PolicyKit1");
    pump_.kick();
}

void FakePolkit::check(sdbus::MethodCall call) {
    sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>> subject;
    Question question;
    call >> subject >> question.action >> question.details >> question.flags >> question.cancellation_id;
    question.kind = std::get<0>(subject);
    if (const auto found = std::get<1>(subject).find("name"); found != std::get<1>(subject).end())
        question.name = found->second.get<std::string>();
    asked.push_back(question);
    switch (mood) {
        case Mood::allows:
            return answer(call, true, false);
        case Mood::denies:
            return answer(call, false, false);
        case Mood::wants_a_password:
            return question.flags == kAllowUserInteraction ? answer(call, true, false) : answer(call, false, true);
        case Mood::nobody_to_ask:
            return answer(call, false, true);
        case Mood::dismissed:
            return answer(call, false, false, {{"polkit.dismissed", "true"}});
        case Mood::silent:
            return unanswered_.push_back(call);
        case Mood::talks_nonsense: {
            auto reply = call.createReply();
            reply << std::string("yes");
            return reply.send();
        }
        case Mood::is_not_ours:
            call.createErrorReply(sdbus::Error("org.freedesktop.PolicyKit1.Error.NotAuthorized",
                                               "Only trusted callers can use CheckAuthorization() for others"))
                .send();
    }
}

void FakePolkit::answer(const sdbus::MethodCall& call, bool authorized, bool challenge,
                        const std::map<std::string, std::string>& details) {
    auto reply = call.createReply();
    reply << sdbus::Struct<bool, bool, std::map<std::string, std::string>>(authorized, challenge, details);
    reply.send();
}

void FakePolkit::allow_all() {
    for (const auto& call : unanswered_)
        answer(call, true, false);
    unanswered_.clear();
    pump_.kick();
}

}  // namespace ntpopt::test

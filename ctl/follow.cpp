// Implementation of follow.hpp.
#include "ctl/follow.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>

#include "common/text.hpp"
#include "ctl/format.hpp"

namespace ntpopt::ctl {
namespace {

using namespace std::chrono_literals;

/// How often the round is asked about where no signal says that it is over.
constexpr Duration kPeriod = 2s;
constexpr std::array<std::string_view, 11> kStages{"discover", "resolve", "probe",  "measure", "score",  "select",
                                                   "plan",     "apply",   "verify", "record",  "publish"};

/// How long a picture of the spinner stands.
constexpr Duration kFrame = 120ms;
constexpr std::array<std::string_view, 8> kDots{"\u28f7", "\u28ef", "\u28df", "\u287f",
                                                "\u28bf", "\u28fb", "\u28fd", "\u28fe"};
constexpr std::array<std::string_view, 4> kLines{"|", "/", "-", "\\"};

volatile sig_atomic_t stop_asked = 0;

}  // namespace

bool interrupted() {
    static const bool kArmed = [] {
        struct sigaction action {};
        action.sa_handler = [](int) { stop_asked = 1; };
        return ::sigaction(SIGINT, &action, nullptr) == 0 && ::sigaction(SIGTERM, &action, nullptr) == 0;
    }();
    return kArmed && stop_asked != 0;
}

Follower::Follower(Bus& bus, Remote& manager, Output& output) : bus_(bus), manager_(manager), output_(output) {}

Status Follower::start() {
    auto watching = manager_.watch_owner([this](const std::string& owner) { gone_ = gone_ || owner != owner_; });
    if (!watching) return watching;
    const auto owner = bus_.owner_of(manager_.service());
    if (!owner) return owner.error();
    if (owner->empty()) return Error{Errc::unavailable, "the daemon does not run"};
    owner_ = *owner;
    return manager_.listen(owner_,
                           [this](const std::string& member, const Json& arguments) { hear(member, arguments); });
}

void Follower::hear(const std::string& member, const Json& arguments) {
    if (member == "RunFinished") look_ = true;
    if (member != "RunProgress" || arguments.size() != 4 || run_id_ == 0 || arguments[0] != run_id_) return;
    if (arguments[1].is_string() && arguments[2].is_number_unsigned() && arguments[3].is_number_unsigned())
        show(arguments[1].get<std::string>(), arguments[2].get<std::uint64_t>(), arguments[3].get<std::uint64_t>());
}

void Follower::show(const std::string& stage, std::uint64_t done, std::uint64_t total) {
    stage_ = stage;
    done_ = done;
    total_ = total;
    draw();
}

void Follower::draw() {
    if (stage_.empty()) return;
    constexpr std::uint64_t kBar = 24;
    const auto& stage = stage_;
    const auto done = done_;
    const auto total = total_;
    const auto found = std::find(kStages.begin(), kStages.end(), stage);
    const auto position = found == kStages.end() ? 0 : found - kStages.begin() + 1;
    const auto elapsed = std::chrono::steady_clock::now() - started_;
    const auto frame = static_cast<std::size_t>(elapsed / kFrame);
    auto text = output_.either(kDots[frame % kDots.size()], kLines[frame % kLines.size()]);
    text += fmt::format(" [{:2}/{}] {:<8}", position, kStages.size(), printable(stage, 16));
    if (total > 1) {
        const auto filled = static_cast<std::size_t>(std::min(done, total) * kBar / total);
        std::string bar;
        for (std::size_t i = 0; i < kBar; ++i)
            bar += i < filled ? output_.either("\u2588", "#") : output_.either("\u2591", ".");
        text += fmt::format(" [{}] {}/{}", bar, done, total);
    }
    if (elapsed >= 1s) text += fmt::format("  {}", rough(elapsed));
    output_.progress(text);
}

Result<Json> Follower::wait_for(std::uint64_t run_id) {
    run_id_ = run_id;
    look_ = true;
    auto asked = std::chrono::steady_clock::now();
    for (;;) {
        if (interrupted()) {
            output_.end_progress();
            return Error{Errc::shutting_down, "interrupted; the round goes on"};
        }
        const auto now = std::chrono::steady_clock::now();
        if (look_ || gone_ || now - asked >= kPeriod) {
            look_ = false;
            asked = now;
            auto report = manager_.dict("GetRun", run_id);
            if (!report && interrupted()) continue;  // the call was cut short, and not by the daemon
            if (gone_ || (!report && report.error().code == Errc::unavailable)) {
                output_.end_progress();
                return Error{Errc::unavailable, "ntpoptd went away in the middle of the round"};
            }
            if (!report || report->contains("outcome")) {
                output_.end_progress();
                return report;
            }
            if (report->contains("state"))
                show(get_string(*report, "state"), static_cast<std::uint64_t>(get_integer(*report, "done").value_or(0)),
                     static_cast<std::uint64_t>(get_integer(*report, "total").value_or(0)));
        }
        if (auto waited = bus_.wait(output_.is_live() ? kFrame : Duration(500ms)); !waited) {
            output_.end_progress();
            return waited.error();
        }
        draw();
    }
}

}  // namespace ntpopt::ctl

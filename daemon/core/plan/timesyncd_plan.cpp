// Implementation of timesyncd_plan.hpp. timesyncd's rules that shape it: it takes nearly any word for a server, so
// names are validated here; it knows no port; an empty NTP= in the last file forgets what all files before it said.
#include "daemon/core/plan/timesyncd_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "common/text.hpp"
#include "daemon/core/plan/chrony_config.hpp"
#include "daemon/core/plan/diff.hpp"

namespace ntpopt {
namespace {

using std::string_view;
using namespace std::chrono_literals;

constexpr Duration kDeadline = 45s;
constexpr Duration kAnswerWait = 10s;
constexpr Duration kResolveWait = 15s;

Error refuse(std::string why) {
    return Error{Errc::refused, std::move(why)};
}

bool contains(const std::vector<std::string>& names, string_view name) {
    return std::any_of(names.begin(), names.end(), [&](const auto& other) { return same_source_name(other, name); });
}

string_view base_name(string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// A file that is read after ours takes our servers away again, or adds its own to them.
Status check_later_files(const TimesyncdView& view) {
    for (const auto& file : view.files)
        if (base_name(file.path) > kTimesyncdDropIn && sets_timesyncd_servers(file.text))
            return refuse(fmt::format("{} is read after {} and sets NTP= itself: remove it or give it another name",
                                      file.path, kTimesyncdDropIn));
    return {};
}

Status check_choices(const std::vector<Choice>& choices) {
    if (choices.empty()) return refuse("no server was chosen");
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto& endpoint = choices[i].endpoint;
        if (endpoint.port != kNtpPort)
            return refuse(
                fmt::format("{} has a port, and systemd-timesyncd asks port 123 only: leave the server out, or "
                            "use chronyd or ntpd",
                            endpoint.text()));
        for (std::size_t j = 0; j < i; ++j)
            if (choices[j].endpoint.host == endpoint.host) return refuse(endpoint.text() + " was chosen twice");
    }
    return {};
}

}  // namespace

Result<std::string> render_timesyncd_dropin(const std::vector<std::string>& servers) {
    for (const auto& name : servers)
        if (!Host::parse(name)) return refuse(printable(name) + " is neither a host name nor an address");
    return fmt::format(
        "# Written by ntpopt, which notices changes made by others and then leaves this file alone.\n"
        "# \"ntpoptctl rollback --original\" removes it.\n"
        "[Time]\n"
        "NTP=\n"
        "NTP={}\n",
        fmt::join(servers, " "));
}

Result<TimesyncdPlan> plan_timesyncd_change(const TimesyncdView& view, const std::vector<Choice>& choices,
                                            bool measured, const ApplyConfig& config) {
    if (auto fine = check_later_files(view); !fine) return fine.error();
    if (auto fine = check_choices(choices); !fine) return fine.error();
    TimesyncdPlan plan;
    plan.was_synchronised = view.synchronised;
    for (const auto& choice : choices) {
        plan.servers.push_back(choice.endpoint.host.text());
        // A pool's name leads to another server each time, so its figures are nobody's.
        if (measured && !choice.pool && choice.error_s > 0)
            plan.measured.push_back({plan.servers.back(), choice.offset_s, choice.error_s});
    }
    if (config.augment) {
        const auto own = parse_timesyncd_files(view.files);
        if (!own) return own.error();
        const auto& former = own->system.empty() ? own->fallback : own->system;
        const auto chosen = plan.servers;
        for (const auto& name : former)
            if (!contains(chosen, name)) plan.servers.push_back(name);
    }
    auto text = render_timesyncd_dropin(plan.servers);
    if (!text) return text.error();
    plan.text = std::move(*text);
    plan.runtime = plan.servers;
    return plan;
}

Result<TimesyncdPlan> plan_timesyncd_original(const TimesyncdView& view, std::vector<std::string> runtime) {
    const auto own = parse_timesyncd_files(view.files);
    if (!own) return own.error();
    TimesyncdPlan plan;
    plan.original = true;
    plan.was_synchronised = view.synchronised;
    plan.runtime = runtime.empty() && view.status.live ? runtime_for(own->system, view.status) : std::move(runtime);
    plan.servers = plan.runtime.empty() ? own->system : plan.runtime;
    return plan;
}

std::vector<std::string> foreign_runtime(const TimesyncdPlan& committed, std::vector<std::string> known,
                                         const TimesyncdView& view) {
    const bool is_ours = !committed.original || view.our_text || view.status.runtime == committed.runtime;
    return is_ours ? std::move(known) : view.status.runtime;
}

std::vector<std::string> runtime_for(const std::vector<std::string>& wanted, const TimesyncdStatus& status) {
    if (status.system == wanted) return {};
    if (!wanted.empty()) return wanted;
    return status.link.empty() ? status.fallback : status.link;
}

bool is_fulfilled(const TimesyncdPlan& plan, const TimesyncdView& view) {
    return view.our_text == plan.text && view.status.listed() == plan.servers;
}

Duration timesyncd_deadline(const TimesyncdPlan& plan, Duration configured) {
    if (configured > Duration::zero()) return configured;
    return std::max<Duration>(kDeadline, static_cast<int>(plan.servers.size()) * kAnswerWait + kResolveWait);
}

Json describe_plan(const TimesyncdPlan& plan, const TimesyncdView& view, const std::string& our_path,
                   const std::string& unit) {
    Json steps = Json::array();
    Json commands = Json::array();
    Json verify = Json::array();
    Json files = Json::array();
    const bool fulfilled = is_fulfilled(plan, view);
    if (view.our_text != plan.text) {
        steps.push_back(fmt::format("{} {} (undone by {} it)", plan.text ? "write" : "remove", our_path,
                                    view.our_text ? "restoring" : "removing"));
        files.push_back(
            {{"path", our_path},
             {"diff", unified_diff(view.our_text.value_or(""), plan.text.value_or(""),
                                   view.our_text ? our_path : "/dev/null", plan.text ? our_path : "/dev/null")},
             {"lines", lines(plan.text.value_or("")).size()},
             {"world_readable", true}});
    }
    if (!fulfilled) {
        std::string command = "systemctl try-restart " + unit;
        std::string inverse = "another one, with the old files";
        if (view.status.live) {
            const auto names = fmt::format("{}", fmt::join(plan.runtime, " "));
            command = fmt::format(
                "busctl call org.freedesktop.timesync1 /org/freedesktop/timesync1 "
                "org.freedesktop.timesync1.Manager SetRuntimeNTPServers as {} {}",
                plan.runtime.size(), names);
            inverse = fmt::format("the same with {}", view.status.runtime.empty()
                                                          ? "the list of the files"
                                                          : fmt::format("{}", fmt::join(view.status.runtime, " ")));
        }
        steps.push_back(fmt::format("{} (undone by {})", trim(command), inverse));
        commands.push_back(trim(command));
    }
    const string_view proof =
        plan.original
            ? "systemd-timesyncd is back at its own list"
            : "systemd-timesyncd asks one of the new servers and takes an answer to a question from after the "
              "change, which agrees with what was measured";
    steps.push_back(fmt::format("verify: {}", proof));
    verify.push_back(proof);
    return {{"steps", std::move(steps)}, {"commands", std::move(commands)}, {"verify", std::move(verify)},
            {"files", std::move(files)}, {"refusals", Json::array()},       {"unchanged", fulfilled}};
}

}  // namespace ntpopt

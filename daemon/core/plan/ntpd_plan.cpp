// Implementation of ntpd_plan.hpp. ntpsec's rules that shape it: every unpeer runs after every server line, and takes
// the association of that name as it was written; a name that is configured twice is followed once.
#include "daemon/core/plan/ntpd_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "common/text.hpp"
#include "daemon/core/plan/diff.hpp"
#include "daemon/core/plan/source_name.hpp"

namespace ntpopt {
namespace {

using std::string_view;

/// RFC 8633 3.2: with fewer than four sources one liar can win; three are the least that outvote one.
constexpr int kLeastSources = 3;
constexpr int kDefaultPoolMembers = 4;
constexpr int kMaxPoolMembers = 16;

Error refuse(std::string why) {
    return Error{Errc::refused, std::move(why)};
}

int expected_of(const Choice& choice) {
    if (!choice.pool) return 1;
    return choice.maxsources > 0 ? std::min(choice.maxsources, kMaxPoolMembers) : kDefaultPoolMembers;
}

NtpdMember member_of(const NtpdDirective& directive) {
    const bool pool = directive.kind == NtpdSourceKind::pool;
    return {directive.name, pool, pool ? kDefaultPoolMembers : 1};
}

const NtpdDirective* find(const std::vector<NtpdDirective>& directives, string_view name) {
    const auto found = std::find_if(directives.begin(), directives.end(),
                                    [&](const auto& directive) { return same_source_name(directive.name, name); });
    return found == directives.end() ? nullptr : &*found;
}

bool contains(const std::vector<NtpdMember>& members, string_view name) {
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return same_source_name(member.name, name); });
}

bool is_unpeered(const NtpdConfig& config, string_view name) {
    return std::find(config.unpeers.begin(), config.unpeers.end(), name) != config.unpeers.end();
}

/// An unpeer of the administrator's own takes the association of that name, whosever line brought it.
void drop_unpeered(NtpdConfig& config) {
    std::erase_if(config.sources, [&](const auto& source) { return is_unpeered(config, source.name); });
}

Status check_config(const NtpdConfig& config) {
    if (!config.listeners.empty())
        return refuse(
            fmt::format("ntpd is told to follow whoever announces himself ({}), and nobody can say in advance "
                        "whom; remove that line from its configuration to let ntpopt choose",
                        config.listeners.front()));
    if (config.disabled)
        return refuse(
            "ntpd is told not to steer the clock (disable ntp), so that nothing could be verified; remove "
            "that line from its configuration");
    return {};
}

Status check_choices(const std::vector<Choice>& choices) {
    if (choices.empty()) return refuse("no server was chosen");
    std::set<Timescale> timescales;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const Choice& choice = choices[i];
        if (choice.timescale != Timescale::unknown) timescales.insert(choice.timescale);
        if (choice.endpoint.port != kNtpPort)
            return refuse(fmt::format("ntpd follows servers on port 123 only, and {} has another: use chronyd",
                                      choice.endpoint.text()));
        for (std::size_t j = 0; j < i; ++j)
            if (choices[j].endpoint.host == choice.endpoint.host ||
                (choice.address && choices[j].address == choice.address))
                return refuse(fmt::format("{} and {} are one address, and ntpd follows an address once",
                                          choices[j].endpoint.text(), choice.endpoint.text()));
    }
    if (timescales.size() > 1)
        return refuse("the servers do not tell the same timescale around a leap second (RFC 8633 3.7.1)");
    return {};
}

/// Two servers never synchronise an ntpd with `tos minsane 3`, Debian's default, however well they answer.
Status check_number(const NtpdPlan& plan) {
    int expected = 0;
    for (const auto* group : {&plan.members, &plan.staying})
        for (const auto& member : *group)
            expected += member.expected;
    const int needed = std::max(kLeastSources, plan.min_sane);
    if (expected >= needed) return {};
    return refuse(fmt::format("ntpd needs at least {} sources{}, the choice has {}: raise selection.sources", needed,
                              plan.min_sane > kLeastSources ? " (tos minsane)" : "", expected));
}

/// The lines of our file: first what goes, then what comes.
std::string render_ours(const std::vector<std::string>& unpeered, const std::vector<NtpdMember>& written) {
    std::string text =
        "# Written by ntpopt, which notices changes made by others and then leaves this file alone.\n"
        "# \"ntpoptctl rollback --original\" removes it.\n";
    for (const auto& name : unpeered)
        text += fmt::format("unpeer {}\n", name);
    for (const auto& member : written)
        text += fmt::format("{} {} iburst\n", member.pool ? "pool" : "server", member.name);
    return text;
}

/// Changes nothing about a file that says already what it shall.
void edit(NtpdPlan& plan, const NtpdFile& file, std::string after) {
    if (file.text != after) plan.edits.push_back({file.path, file.text, std::move(after), file.world_readable});
}

void edit_ours(NtpdPlan& plan, const NtpdView& view, std::optional<std::string> after) {
    plan.ours = after;
    if (view.our_text != after) plan.edits.push_back({view.our_path, view.our_text, std::move(after), true});
}

Status write_classic(NtpdPlan& plan, const NtpdView& view, const std::vector<NtpdMember>& written,
                     const ApplyConfig& config) {
    if (!config.edit_files)
        return refuse(
            "ntpd 4.2.8 can be changed only by marking lines of its ntp.conf: set edit_files = true in [apply] to "
            "allow that, or install ntpsec or chrony in its place");
    edit_ours(plan, view, render_ours({}, written));
    for (std::size_t i = 0; i < view.files.size(); ++i) {
        const auto& file = view.files[i];
        edit(plan, file,
             mark_ntpd_text(unmark_ntpd_text(file.text, view.our_path), plan.removed, view.our_path, i == 0));
    }
    return {};
}

Result<NtpdPlan> begin_plan(const NtpdView& view, const NtpdConfig& config) {
    auto former = configured_members(view);
    if (!former) return former.error();
    NtpdPlan plan;
    plan.former = std::move(*former);
    plan.flavour = view.flavour;
    plan.min_sane = std::max(1, config.min_sane.value_or(1));
    plan.step_limit_s = config.step_limit_s.value_or(kNtpdStep_s);
    plan.was_synchronised = view.state.system.synchronised();
    return plan;
}

}  // namespace

Result<NtpdConfig> parse_ntpd_files(const std::vector<NtpdFile>& files, const std::string& our_path) {
    NtpdConfig all;
    for (const auto& file : files) {
        auto config = parse_ntpd_config(unmark_ntpd_text(file.text, our_path));
        if (!config) return config.error().in(file.path);
        const auto append = [](auto& target, auto& more) { target.insert(target.end(), more.begin(), more.end()); };
        append(all.sources, config->sources);
        append(all.unpeers, config->unpeers);
        append(all.refclocks, config->refclocks);
        append(all.listeners, config->listeners);
        if (config->min_sane) all.min_sane = config->min_sane;
        if (config->step_limit_s) all.step_limit_s = config->step_limit_s;
        if (config->panic_limit_s) all.panic_limit_s = config->panic_limit_s;
        if (!config->leap_file.empty()) all.leap_file = config->leap_file;
        all.disabled = all.disabled || config->disabled;
    }
    if (all.sources.size() > kMaxNtpdDirectives)
        return Error{Errc::parse, "more than 1000 sources in ntpd's configuration"};
    return all;
}

Result<std::vector<NtpdMember>> configured_members(const NtpdView& view) {
    NtpdConfig all;
    const auto read = [&](string_view text) -> Status {
        const auto config = parse_ntpd_config(text);
        if (!config) return config.error();
        all.sources.insert(all.sources.end(), config->sources.begin(), config->sources.end());
        all.unpeers.insert(all.unpeers.end(), config->unpeers.begin(), config->unpeers.end());
        return {};
    };
    for (const auto& file : view.files)
        if (auto done = read(file.text); !done) return done.error().in(file.path);
    if (view.our_text)
        if (auto done = read(*view.our_text); !done) return done.error().in(view.our_path);
    std::vector<NtpdMember> members;
    for (const auto& source : all.sources)
        if (!source.refclock && !contains(members, source.name) &&
            std::find(all.unpeers.begin(), all.unpeers.end(), source.name) == all.unpeers.end())
            members.push_back(member_of(source));
    return members;
}

Result<NtpdPlan> plan_ntpd_change(const NtpdView& view, const std::vector<Choice>& choices, const ApplyConfig& config) {
    auto own = parse_ntpd_files(view.files, view.our_path);
    if (!own) return own.error();
    drop_unpeered(*own);
    if (auto fine = check_config(*own); !fine) return fine.error();
    if (auto fine = check_choices(choices); !fine) return fine.error();
    auto begun = begin_plan(view, *own);
    if (!begun) return begun.error();
    NtpdPlan plan = std::move(*begun);

    std::vector<NtpdMember> written;
    for (const Choice& choice : choices) {
        if (is_unpeered(*own, choice.endpoint.host.text()))
            return refuse(
                fmt::format("ntpd's configuration says \"unpeer {0}\", so that it would never follow {0}: "
                            "remove that line to let it be chosen",
                            choice.endpoint.host.text()));
        const auto* line = find(own->sources, choice.endpoint.host.text());
        if (line != nullptr && !line->selectable)
            return refuse(printable(line->name) + " is marked noselect in ntpd's configuration");
        NtpdMember member{choice.endpoint.host.text(), choice.pool, expected_of(choice)};
        // The service's own line serves: its options and its authentication stay.
        if (line != nullptr)
            member = member_of(*line);
        else
            written.push_back(member);
        plan.members.push_back(std::move(member));
    }

    std::vector<std::string> unpeered;
    for (const auto& source : own->sources) {
        if (source.refclock || contains(plan.members, source.name)) continue;
        if (config.augment) {
            if (!contains(plan.staying, source.name)) plan.staying.push_back(member_of(source));
            continue;
        }
        if (!Host::parse(source.name))
            return refuse(
                fmt::format("ntpd's configuration names {}, which is neither a host name nor an address, so "
                            "it cannot be taken away: correct that line, or set policy = \"augment\"",
                            printable(source.name, 80)));
        if (source.authenticated && !config.allow_auth_downgrade)
            return refuse(
                fmt::format("{} is authenticated; replacing it would weaken ntpd (allow_auth_downgrade)", source.name));
        unpeered.push_back(source.name);
        if (std::find(plan.removed.begin(), plan.removed.end(), source.name) == plan.removed.end())
            plan.removed.push_back(source.name);
    }
    if (auto fine = check_number(plan); !fine) return fine.error();

    if (view.flavour == NtpdFlavour::classic) {
        if (auto done = write_classic(plan, view, written, config); !done) return done.error();
    } else {
        std::optional<std::string> text;
        if (!unpeered.empty() || !written.empty()) text = render_ours(unpeered, written);
        edit_ours(plan, view, std::move(text));
    }
    return plan;
}

Result<NtpdPlan> plan_ntpd_original(const NtpdView& view) {
    auto own = parse_ntpd_files(view.files, view.our_path);
    if (!own) return own.error();
    drop_unpeered(*own);
    auto begun = begin_plan(view, *own);
    if (!begun) return begun.error();
    NtpdPlan plan = std::move(*begun);
    plan.original = true;
    for (const auto& source : own->sources)
        if (!source.refclock && !contains(plan.members, source.name)) plan.members.push_back(member_of(source));
    // What includes our file goes before it.
    for (const auto& file : view.files)
        edit(plan, file, unmark_ntpd_text(file.text, view.our_path));
    edit_ours(plan, view, std::nullopt);
    return plan;
}

bool is_refclock(const NtpdAssociation& association) {
    return association.address && association.address->is_v4() && association.address->octets()[0] == 127 &&
           association.address->octets()[1] == 127;
}

bool is_of(const NtpdAssociation& association, const NtpdMember& member) {
    if (!association.name.empty() && same_source_name(association.name, member.name)) return true;
    if (association.address) {
        const auto address = Address::parse(member.name);
        if (address && *address == *association.address) return true;
    }
    return member.pool && association.name.empty() && association.address && !association.status.configured();
}

std::vector<std::string> ntpd_leftovers(const NtpdPlan& plan, const std::vector<NtpdAssociation>& associations) {
    std::vector<std::string> names;
    const auto is_known = [](const std::vector<NtpdMember>& members, const NtpdAssociation& association) {
        return std::any_of(members.begin(), members.end(),
                           [&](const auto& member) { return is_of(association, member); });
    };
    for (const auto& association : associations)
        if (!is_refclock(association) && !is_known(plan.members, association) && !is_known(plan.staying, association))
            names.push_back(association.text());
    return names;
}

std::vector<std::string> ntpd_missing(const NtpdPlan& plan, const std::vector<NtpdAssociation>& associations) {
    std::vector<std::string> names;
    for (const auto* group : {&plan.members, &plan.staying})
        for (const auto& member : *group)
            if (std::none_of(associations.begin(), associations.end(),
                             [&](const auto& association) { return is_of(association, member); }))
                names.push_back(member.name);
    return names;
}

bool is_fulfilled(const NtpdPlan& plan, const std::vector<NtpdAssociation>& associations) {
    return plan.edits.empty() && ntpd_leftovers(plan, associations).empty() && ntpd_missing(plan, associations).empty();
}

Json describe_plan(const NtpdPlan& plan, const NtpdView& view, const std::string& unit) {
    const bool done = is_fulfilled(plan, view.state.associations);
    Json steps = Json::array();
    Json commands = Json::array();
    Json verify = Json::array();
    Json files = Json::array();
    for (const auto& change : plan.edits) {
        steps.push_back(fmt::format("{} {} (undone by {} it)", change.after ? "write" : "remove", change.path,
                                    change.before ? "restoring" : "removing"));
        files.push_back({{"path", change.path},
                         {"diff", unified_diff(change.before.value_or(""), change.after.value_or(""),
                                               change.before ? change.path : "/dev/null",
                                               change.after ? change.path : "/dev/null")},
                         {"lines", lines(change.after.value_or("")).size()},
                         {"world_readable", change.world_readable}});
    }
    if (!done) {
        const std::string restart = "systemctl try-restart " + unit;
        steps.push_back(restart + " (undone by another one, with the old files)");
        commands.push_back(restart);
        std::vector<std::string> names;
        for (const auto* group : {&plan.members, &plan.staying})
            for (const auto& member : *group)
                names.push_back(member.name);
        for (const auto& what :
             {fmt::format("ntpd's associations are exactly: {}", fmt::join(names, ", ")),
              std::string("ntpd is synchronised to one of them, with an update of the clock from after the restart")}) {
            steps.push_back("verify: " + what);
            verify.push_back(what);
        }
    }
    return {{"steps", std::move(steps)}, {"commands", std::move(commands)}, {"verify", std::move(verify)},
            {"files", std::move(files)}, {"refusals", Json::array()},       {"unchanged", done}};
}

}  // namespace ntpopt

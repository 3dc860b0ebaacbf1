// Implementation of chrony_plan.hpp. chronyd's rules that shape it: one source an address; a source given twice by one
// address is refused with a log line only; a line that stays in a reloaded file keeps its samples.
#include "daemon/core/plan/chrony_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;
using Directives = std::vector<ChronyDirective>;

constexpr int kDefaultPoolMembers = 4;
constexpr int kMaxPoolMembers = 16;

const ChronyDirective* find(const Directives& directives, string_view name) {
    const auto found = std::find_if(directives.begin(), directives.end(),
                                    [&](const auto& directive) { return same_source_name(directive.name, name); });
    return found == directives.end() ? nullptr : &*found;
}

bool contains(const std::vector<std::string>& names, string_view name) {
    return std::any_of(names.begin(), names.end(), [&](const auto& other) { return same_source_name(other, name); });
}

Directives directives_of(const std::optional<std::string>& text) {
    if (!text) return {};
    auto directives = parse_chrony_sources_file(*text);
    return directives ? *directives : Directives{};
}

/// The lines of the restore file that still bring something.
Directives restored_lines(const ChronyView& view) {
    return view.restore_stale ? Directives{} : directives_of(view.restore_text);
}

/// The lines that the service has without us, and those that DHCP clients wrote.
struct Existing {
    Directives ours;
    Directives base;
    Directives dhcp;

    [[nodiscard]] const ChronyDirective* find_line(string_view name) const {
        for (const auto* group : {&ours, &base, &dhcp})
            if (const auto* line = find(*group, name)) return line;
        return nullptr;
    }
};

Existing existing_of(const ChronyView& view) {
    Existing existing{directives_of(view.our_text), view.config.sources, {}};
    for (const auto& file : view.files) {
        auto& target = is_volatile_path(file.path) ? existing.dhcp : existing.base;
        target.insert(target.end(), file.directives.begin(), file.directives.end());
    }
    for (auto& directive : restored_lines(view))
        if (find(existing.base, directive.name) == nullptr) existing.base.push_back(std::move(directive));
    // A source that somebody added by chronyc has no line; this one brings it back.
    for (const auto& source : view.sources) {
        const auto host = Host::parse(source.name);
        if (source.is_refclock() || !host || find(existing.ours, source.name) != nullptr ||
            find(existing.base, source.name) != nullptr || find(existing.dhcp, source.name) != nullptr)
            continue;
        Choice choice{{*host, kNtpPort}, std::nullopt, false, 0, Timescale::unknown, 0, 0};
        auto line = chrony_directive(choice);
        line.authenticated = source.authenticated;
        // Where chronyd reads no source directory, DHCP clients have no other way than chronyc either.
        (view.edited ? existing.dhcp : existing.base).push_back(std::move(line));
    }
    return existing;
}

/// Whether chronyd follows the name by a line of its own, or by chronyc: not by ours, which go with our file. A chronyd
/// that was started since read its own lines first.
bool is_there_without_us(const ChronyView& view, string_view name) {
    if (count_sources(view.sources, name) == 0) return false;
    if (view.edited || find(directives_of(view.our_text), name) == nullptr) return true;
    return view.restore_stale && (find(view.config.sources, name) != nullptr ||
                                  std::any_of(view.files.begin(), view.files.end(), [&](const auto& file) {
                                      return find(file.directives, name) != nullptr;
                                  }));
}

Error refuse(std::string why) {
    return Error{Errc::refused, std::move(why)};
}

Status check_choices(const std::vector<Choice>& choices, const ChronyConfig& config) {
    if (choices.empty()) return refuse("no server was chosen");
    std::set<Timescale> timescales;
    int expected = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const Choice& choice = choices[i];
        if (choice.timescale != Timescale::unknown) timescales.insert(choice.timescale);
        expected += chrony_directive(choice).max_sources;
        for (std::size_t j = 0; j < i; ++j) {
            if (choices[j].endpoint.host == choice.endpoint.host ||
                (choice.address && choices[j].address == choice.address))
                return refuse(fmt::format("{} and {} are one address, and chronyd follows an address once",
                                          choices[j].endpoint.text(), choice.endpoint.text()));
        }
    }
    if (timescales.size() > 1)
        return refuse("the servers do not tell the same timescale around a leap second (RFC 8633 3.7.1)");
    if (expected < config.min_sources)
        return refuse(fmt::format("chronyd is told to follow at least {} sources (minsources), the choice has {}",
                                  config.min_sources, expected));
    if (config.auth_select_mode == "require")
        return refuse("chronyd follows authenticated sources only (authselectmode require)");
    return {};
}

std::optional<std::string> render(const Directives& directives, string_view heading) {
    if (directives.empty()) return std::nullopt;
    std::string text(heading);
    for (const auto& directive : directives)
        text += directive.text + "\n";
    return text;
}

/// The source of another name that has this address.
const ChronySource* holder_of(const std::vector<ChronySource>& sources, const std::optional<Address>& address,
                              string_view name) {
    const auto found = std::find_if(sources.begin(), sources.end(), [&](const auto& source) {
        return address && source.address == address && !same_source_name(source.name, name);
    });
    return found == sources.end() ? nullptr : &*found;
}

/// Two choices may be one line of the service's own.
void unite_members(std::vector<ChronyMember>& members) {
    std::vector<std::string> seen;
    std::erase_if(members, [&](const auto& member) {
        const bool again = contains(seen, member.directive.name);
        seen.push_back(member.directive.name);
        return again;
    });
}

/// Names of those whom the plan does not keep.
std::vector<std::string> names_going(const ChronyPlan& plan, const std::vector<ChronySource>& sources) {
    std::vector<std::string> names;
    for (const auto& source : sources)
        if (!source.is_refclock() && !contains(plan.staying, source.name) && member_of(plan, source) == nullptr &&
            !contains(names, source.name))
            names.push_back(source.name);
    return names;
}

/// Where a choice resolves to: its own address, or the one it was measured at.
std::optional<Address> address_of(const Choice& choice) {
    if (choice.pool) return std::nullopt;
    if (const Address* literal = choice.endpoint.host.address()) return *literal;
    return choice.address;
}

}  // namespace

ChronyDirective chrony_directive(const Choice& choice) {
    ChronyDirective directive;
    directive.kind = choice.pool ? ChronySourceKind::pool : ChronySourceKind::server;
    directive.name = choice.endpoint.host.text();
    directive.port = choice.endpoint.port;
    directive.text = fmt::format("{} {}", name_of(directive.kind), directive.name);
    if (directive.port != kNtpPort) directive.text += fmt::format(" port {}", directive.port);
    directive.text += " iburst";
    if (choice.pool) {
        directive.max_sources =
            choice.maxsources > 0 ? std::min(choice.maxsources, kMaxPoolMembers) : kDefaultPoolMembers;
        directive.text += fmt::format(" maxsources {}", directive.max_sources);
    }
    return directive;
}

std::optional<std::string> render_chrony_sources(const Directives& directives) {
    return render(directives,
                  "# Written by ntpopt, which notices changes made by others and then leaves this file alone.\n"
                  "# \"ntpoptctl rollback --original\" removes it.\n");
}

std::optional<std::string> render_chrony_restore(const Directives& directives) {
    return render(directives,
                  "# Written by ntpopt: servers of chronyd's own, which could not be resolved when they were to be\n"
                  "# followed again. A chronyd that was started anew has them without this file.\n");
}

Directives base_lines(const ChronyView& view) {
    return existing_of(view).base;
}

std::size_t count_sources(const std::vector<ChronySource>& sources, string_view name) {
    return static_cast<std::size_t>(std::count_if(sources.begin(), sources.end(), [&](const auto& source) {
        return !source.is_refclock() && same_source_name(source.name, name);
    }));
}

string_view origin_of(const ChronySource& source, const ChronyView& view) {
    if (source.is_refclock()) return "refclock";
    if (find(directives_of(view.our_text), source.name) != nullptr) return "ours";
    if (find(view.config.sources, source.name) != nullptr ||
        find(directives_of(view.restore_text), source.name) != nullptr)
        return "base";
    for (const auto& file : view.files)
        if (find(file.directives, source.name) != nullptr) return is_volatile_path(file.path) ? "dhcp" : "base";
    return "runtime";
}

Result<ChronyPlan> plan_chrony_change(const ChronyView& view, const std::vector<Choice>& choices,
                                      const ApplyConfig& config) {
    if (auto fine = check_choices(choices, view.config); !fine) return fine.error();
    const Existing existing = existing_of(view);

    ChronyPlan plan;
    plan.min_sources = view.config.min_sources;
    for (const auto& directive : existing.dhcp)
        if (!config.replace_dhcp || config.augment) plan.staying.push_back(directive.name);
    if (config.augment)
        for (const auto& directive : existing.base)
            plan.staying.push_back(directive.name);

    const auto remains = [&](string_view name) {
        return contains(plan.staying, name) || std::any_of(choices.begin(), choices.end(), [&](const Choice& choice) {
                   return same_source_name(choice.endpoint.host.text(), name);
               });
    };
    Directives written;
    const Directives restored = restored_lines(view);
    Directives still_restored;
    for (const Choice& choice : choices) {
        ChronyMember member{chrony_directive(choice), true, false};
        const auto* own = find(existing.base, member.directive.name);
        if (own == nullptr) own = find(existing.dhcp, member.directive.name);
        if (own != nullptr && own->port != member.directive.port)
            return refuse(fmt::format("chronyd already follows {} on port {}", own->name, own->port));
        if (own != nullptr && !own->selectable)
            return refuse(own->name + " is marked noselect in chronyd's configuration");
        const bool there = count_sources(view.sources, member.directive.name) > 0;
        member.fresh = !there;
        if (own != nullptr && is_there_without_us(view, own->name)) {
            // The service's own line serves: its samples, its options and its authentication stay.
            member.directive = *own;
            if (find(restored, own->name) != nullptr) still_restored.push_back(*own);
        } else {
            const auto* holder = holder_of(view.sources, address_of(choice), member.directive.name);
            if (holder != nullptr && remains(holder->name) && choice.endpoint.host.address() != nullptr) {
                // chronyd follows an address once, and will never take it by our line while this one stays.
                const auto* line = existing.find_line(holder->name);
                if (line == nullptr || line->port != member.directive.port || !line->selectable)
                    return refuse(fmt::format("chronyd already follows {} as {}, in another way",
                                              choice.endpoint.text(), holder->name));
                member = {*line, false, false};
            } else {
                member.withheld = holder != nullptr;
                written.push_back(member.directive);
            }
        }
        plan.members.push_back(std::move(member));
    }

    std::vector<std::string> remaining = plan.staying;
    for (const auto& member : plan.members)
        remaining.push_back(member.directive.name);
    for (const auto* group : {&existing.base, &existing.dhcp})
        for (const auto& directive : *group) {
            if (contains(remaining, directive.name) || find(plan.removed, directive.name) != nullptr) continue;
            if (directive.authenticated && !config.allow_auth_downgrade)
                return refuse(fmt::format(
                    "{} is authenticated; replacing it would weaken chronyd (allow_auth_downgrade)", directive.name));
            // What an administrator deleted, or chronyd does not read, is nothing to be brought back.
            if (count_sources(view.sources, directive.name) != 0) plan.removed.push_back(directive);
        }

    // Too few members can be added while the old sources hold their addresses: all but the selected one make room
    // first.
    std::size_t addable = 0;
    for (const auto& member : plan.members)
        addable += member.withheld ? 0 : 1;
    if (addable < std::min<std::size_t>(2, plan.members.size())) {
        for (std::size_t i = 0; i < choices.size(); ++i)
            for (const auto& source : view.sources)
                if (plan.members[i].withheld && source.address == address_of(choices[i]) && source.state != '*' &&
                    !remains(source.name)) {
                    plan.evicted.push_back(source.id);
                    plan.members[i].withheld = false;
                    break;
                }
    }

    unite_members(plan.members);

    // chronyd would not read a line again whose source it was told to delete: it leaves our file, to come back by it.
    Directives staged = existing.ours;
    for (const auto& source : view.sources)
        if (std::find(plan.evicted.begin(), plan.evicted.end(), source.id) != plan.evicted.end())
            std::erase_if(staged, [&](const auto& line) { return same_source_name(line.name, source.name); });
    for (const auto& member : plan.members) {
        if (member.withheld || find(written, member.directive.name) == nullptr) continue;
        std::erase_if(staged, [&](const auto& line) { return same_source_name(line.name, member.directive.name); });
        staged.push_back(member.directive);
    }
    Directives settled = written;
    std::erase_if(settled, [&](const auto& line) {
        return std::any_of(plan.members.begin(), plan.members.end(),
                           [&](const auto& member) { return member.withheld && member.directive == line; });
    });
    plan.going = names_going(plan, view.sources);
    plan.staged_text = render_chrony_sources(staged);
    plan.settled_text = render_chrony_sources(settled);
    plan.final_text = render_chrony_sources(written);
    if (!view.restore_stale) plan.staged_restore_text = view.restore_text;
    plan.final_restore_text = render_chrony_restore(still_restored);
    return plan;
}

Directives still_removed(const ChronyView& view, const Directives& before, const Directives& now) {
    Directives removed = now;
    for (const auto& directive : before)
        if (find(now, directive.name) == nullptr && !is_there_without_us(view, directive.name))
            removed.push_back(directive);
    return removed;
}

ChronyPlan plan_chrony_original(const ChronyView& view, const Directives& removed) {
    ChronyPlan plan;
    plan.original = true;
    plan.min_sources = view.config.min_sources;
    const Existing existing = existing_of(view);
    for (const auto& directive : removed)
        if (!is_there_without_us(view, directive.name)) plan.returning.push_back(directive);
    // Nobody would be left: then whoever the service's files name.
    const bool alone = std::none_of(view.sources.begin(), view.sources.end(), [&](const auto& source) {
        return !source.is_refclock() && is_there_without_us(view, source.name);
    });
    if (alone && plan.returning.empty()) plan.returning = existing.base;
    for (const auto& directive : existing.base)
        plan.members.push_back({directive, count_sources(view.sources, directive.name) == 0, false});
    for (const auto& directive : plan.returning)
        if (find(existing.base, directive.name) == nullptr) plan.members.push_back({directive, true, false});
    for (const auto& directive : existing.dhcp)
        plan.staying.push_back(directive.name);
    plan.going = names_going(plan, view.sources);
    plan.staged_text = view.our_text;
    if (!view.restore_stale) plan.staged_restore_text = plan.final_restore_text = view.restore_text;
    return plan;
}

const ChronyMember* member_of(const ChronyPlan& plan, const ChronySource& source) {
    const auto found = std::find_if(plan.members.begin(), plan.members.end(), [&](const auto& member) {
        return !source.is_refclock() && same_source_name(member.directive.name, source.name);
    });
    return found == plan.members.end() ? nullptr : &*found;
}

std::vector<std::string> sources_to_delete(const ChronyPlan& plan, const std::vector<ChronySource>& sources) {
    std::vector<std::string> ids;
    std::vector<std::string> selected;
    std::vector<std::string> seen;
    for (const auto& source : sources) {
        if (source.is_refclock() || contains(plan.staying, source.name)) continue;
        const auto* member = member_of(plan, source);
        const bool single = member != nullptr && member->directive.kind != ChronySourceKind::pool;
        const bool surplus = single && contains(seen, source.name);
        if (member != nullptr) seen.push_back(source.name);
        if (surplus || contains(plan.going, source.name)) (source.state == '*' ? selected : ids).push_back(source.id);
    }
    ids.insert(ids.end(), selected.begin(), selected.end());
    return ids;
}

bool has_others(const ChronyPlan& plan, const std::vector<ChronySource>& sources) {
    return !names_going(plan, sources).empty() || !sources_to_delete(plan, sources).empty();
}

bool is_fulfilled(const ChronyPlan& plan, const ChronyView& view) {
    return view.our_text == plan.final_text && view.restore_text == plan.final_restore_text && plan.evicted.empty() &&
           !has_others(plan, view.sources) &&
           std::none_of(plan.members.begin(), plan.members.end(),
                        [&](const auto& member) { return count_sources(view.sources, member.directive.name) == 0; });
}

}  // namespace ntpopt

// Implementation of chrony_describe.hpp. The order is that of daemon/apply/chrony_change.cpp.
#include "daemon/core/plan/chrony_describe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.hpp"
#include "daemon/core/plan/diff.hpp"

namespace ntpopt {
namespace {

using std::string_view;
using Text = std::optional<std::string>;

constexpr string_view kProof =
    "the new sources answer with fresh samples, and agree with the old ones within the error bounds of both";
constexpr string_view kTakeover =
    "chronyd selects and tracks one of the new sources with an update from after the change; no old one is left";

/// Collects what a plan does, in order.
class Story {
  public:
    void command(const std::string& text, string_view undone_by = "") {
        steps_.push_back(undone_by.empty() ? text : fmt::format("{} (undone by {})", text, undone_by));
        commands_.push_back(text);
    }
    bool write(const std::string& path, const Text& before, const Text& after) {
        if (before == after) return false;
        steps_.push_back(fmt::format("{} {} (undone by {} it)", after ? "write" : "remove", path,
                                     before ? "restoring" : "removing"));
        return true;
    }
    void verify(string_view what) {
        steps_.push_back(fmt::format("verify: {}", what));
        verify_.push_back(what);
    }
    void show(const std::string& path, const Text& before, const Text& after, bool world_readable) {
        if (before == after) return;
        files_.push_back({{"path", path},
                          {"diff", unified_diff(before.value_or(""), after.value_or(""), before ? path : "/dev/null",
                                                after ? path : "/dev/null")},
                          {"lines", lines(after.value_or("")).size()},
                          {"world_readable", world_readable}});
    }
    Json end(bool unchanged) {
        return {{"steps", std::move(steps_)}, {"commands", std::move(commands_)}, {"verify", std::move(verify_)},
                {"files", std::move(files_)}, {"refusals", Json::array()},        {"unchanged", unchanged}};
    }

  private:
    Json steps_ = Json::array();
    Json commands_ = Json::array();
    Json verify_ = Json::array();
    Json files_ = Json::array();
};

/// What is deleted after the proof.
std::vector<std::string> deleted_later(const ChronyPlan& plan, const ChronyView& view) {
    auto ids = sources_to_delete(plan, view.sources);
    std::erase_if(ids, [&](const auto& id) {
        return std::find(plan.evicted.begin(), plan.evicted.end(), id) != plan.evicted.end();
    });
    return ids;
}

}  // namespace

Json describe_plan(const ChronyPlan& plan, const ChronyView& view, const std::string& our_path,
                   const std::string& restore_path) {
    constexpr const char* kReload = "chronyc reload sources";
    Story story;
    const auto remove_source = [&](const std::string& id) {
        story.command("chronyc delete " + id, "chronyc add of its line");
    };
    for (const auto& id : plan.evicted)
        remove_source(id);
    bool changed = story.write(our_path, view.our_text, plan.staged_text);
    changed |= story.write(restore_path, view.restore_text, plan.staged_restore_text);
    if (changed) story.command(kReload);
    for (const auto& directive : plan.returning)
        story.command("chronyc add " + directive.text, "chronyc delete");
    story.verify(kProof);
    changed = story.write(our_path, plan.staged_text, plan.settled_text);
    changed |= story.write(restore_path, plan.staged_restore_text, plan.final_restore_text);
    if (changed) story.command(kReload);
    if (!plan.original)
        for (const auto& id : deleted_later(plan, view))
            remove_source(id);
    if (story.write(our_path, plan.settled_text, plan.final_text)) story.command(kReload);
    story.verify(kTakeover);
    story.show(our_path, view.our_text, plan.final_text, true);
    story.show(restore_path, view.restore_text, plan.final_restore_text, true);
    return story.end(is_fulfilled(plan, view));
}

Json describe_plan(const ChronyPlan& plan, const ChronyView& view, const std::string& config_path,
                   const ChronyEdits& edits, bool world_readable) {
    Story story;
    const auto remove_source = [&](const std::string& id) {
        story.command("chronyc delete " + id, "chronyc add of its line");
    };
    const auto add_members = [&](bool withheld) {
        for (const auto& member : plan.members)
            if (member.withheld == withheld && count_sources(view.sources, member.directive.name) == 0)
                story.command("chronyc add " + member.directive.text, "chronyc delete");
    };
    for (const auto& id : plan.evicted)
        remove_source(id);
    story.write(config_path, edits.before, edits.staged);
    add_members(false);
    story.verify(kProof);
    story.write(config_path, edits.staged, edits.final);
    for (const auto& id : deleted_later(plan, view))
        remove_source(id);
    add_members(true);
    story.verify(kTakeover);
    story.show(config_path, edits.before, edits.final, world_readable);
    return story.end(is_fulfilled(plan, view) && edits.before == edits.final);
}

}  // namespace ntpopt

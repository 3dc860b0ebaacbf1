// Implementation of chrony.hpp.
#include "daemon/apply/chrony.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "daemon/apply/chrony_change.hpp"
#include "daemon/core/plan/chrony_describe.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

ServiceSource describe(const ChronySource& source, const ChronyView& view) {
    ServiceSource described;
    described.name = source.name;
    described.address = source.address;
    described.origin = origin_of(source, view);
    described.ours = described.origin == "ours";
    described.state = describe_state(source);
    described.stratum = source.stratum;
    described.reach = source.reach & 0xff;
    if (source.last_rx_s) described.offset_s = source.offset_s;
    std::vector<ChronyDirective> directives = view.config.sources;
    for (const auto& file : view.files)
        directives.insert(directives.end(), file.directives.begin(), file.directives.end());
    for (const auto* text : {&view.our_text, &view.restore_text})
        if (*text)
            if (auto lines = parse_chrony_sources_file(**text))
                directives.insert(directives.end(), lines->begin(), lines->end());
    for (const auto& directive : directives) {
        if (!same_source_name(directive.name, source.name)) continue;
        described.port = directive.port;
        described.pool = directive.kind == ChronySourceKind::pool;
        break;
    }
    return described;
}

/// What chronyd's own samples of a source say.
std::optional<SourceRecord> record_of(const ChronySource& source, const std::vector<ChronyStatistics>& statistics) {
    const auto found = std::find_if(statistics.begin(), statistics.end(),
                                    [&](const ChronyStatistics& entry) { return entry.id == source.id; });
    if (found == statistics.end() || found->samples == 0 || !source.last_rx_s) return std::nullopt;
    return SourceRecord{found->samples,     found->runs,     found->span_s,
                        found->deviation_s, found->offset_s, static_cast<double>(*source.last_rx_s)};
}

ChronyTools tools_of(const ChronySight& sight, const ApplyConfig& config) {
    ChronyTools tools(sight.detected.process, config);
    tools.use_chronyc(sight.chronyc);
    return tools;
}

/// Whether chronyd does something else than the committed change left it doing.
bool has_drifted(const ChronyRecord& record, const ChronyView& view, const std::string& instance) {
    // Another chronyd has the lines of the restore file in its own files, too, and follows their pools twice.
    if (view.restore_text && instance != record.instance && is_our_restore(record, view.restore_text)) return true;
    if (view.our_text != record.plan.final_text) return true;
    // Back on its own servers it has what its administrator gave it since, and nothing of ours.
    if (record.plan.original)
        return !record.plan.members.empty() &&
               std::all_of(view.sources.begin(), view.sources.end(), [](const auto& one) { return one.is_refclock(); });
    if (has_others(record.plan, view.sources)) return true;
    return std::any_of(record.plan.members.begin(), record.plan.members.end(),
                       [&](const auto& member) { return count_sources(view.sources, member.directive.name) == 0; });
}

}  // namespace

asio::awaitable<Result<ServiceObservation>> ChronyBackend::observe(Past past) {
    auto sight = co_await look_at_chrony(config_, systemd_);
    if (!sight) co_return sight.error();
    ServiceObservation seen;
    seen.service = Service::chronyd;
    seen.unit = sight->detected.unit;
    seen.version = sight->version;
    seen.active = true;
    seen.config_path = sight->config_path;
    seen.instance = instance_of(sight->detected.process);
    seen.invocation = sight->detected.invocation;
    seen.main_pid = sight->detected.process.pid;
    seen.refusals = sight->detected.refusals;
    seen.conflict = !seen.refusals.empty();
    if (auto open = sight->check_way(config_, false); !open) seen.refusals.push_back(open.error().detail);
    auto tools = tools_of(*sight, config_);
    const auto statistics = co_await tools.statistics();  // where they cannot be had, nothing depends on them
    for (const auto& source : sight->view.sources) {
        seen.sources.push_back(describe(source, sight->view));
        if (statistics) seen.sources.back().record = record_of(source, *statistics);
        if (source.state == '*') seen.peer = source.name;
    }
    for (const auto& directive : sight->view.config.sources)
        seen.base_names.push_back(directive.name);
    // tracking alone says "synchronised" for as long as chronyd runs; without a selected source it is a memory.
    seen.synchronised = sight->tracking.leap != 3 && !seen.peer.empty();
    seen.leap = sight->tracking.leap;
    seen.step_limit_s = sight->view.config.step_limit_s;
    seen.leap_source = sight->view.config.leap_source;
    seen.serves_others = sight->view.config.serves_others;
    seen.offset_s = sight->tracking.offset_s;
    seen.root_delay_s = sight->tracking.root_delay_s;
    seen.root_dispersion_s = sight->tracking.root_dispersion_s;
    seen.reference_time_usec = static_cast<std::uint64_t>(std::max(0.0, sight->tracking.reference_time_s) * 1e6);
    if (auto fine = sight->check_ownership(past); !fine) seen.refusals.push_back(fine.error().detail);
    if (!past.committed.is_null()) {
        const auto record = parse_chrony_record(past.committed);
        seen.drifted = record && has_drifted(*record, sight->view, seen.instance);
    }
    seen.capabilities = {true, true, true, true, true, sight->view.config.min_sources};
    co_return seen;
}

asio::awaitable<Result<std::unique_ptr<Change>>> ChronyBackend::prepare(Goal goal) {
    auto sight = co_await look_at_chrony(config_, systemd_);
    if (!sight) co_return sight.error();
    if (goal.original && goal.past.committed.is_null() && !sight->shows_ours()) co_return nothing_changed();
    if (!sight->detected.refusals.empty()) co_return Error{Errc::service_conflict, sight->detected.refusals.front()};
    if (auto open = sight->check_way(config_, goal.original); !open) co_return open.error();
    if (auto fine = sight->check_ownership(goal.past); !fine) co_return fine.error();
    for (const auto& path : {sight->our_path, sight->restore_path})
        if (!path.empty())
            if (auto fine = check_place(path); !fine) co_return fine.error();
    auto tools = tools_of(*sight, config_);
    if (const auto ids = co_await tools.authenticated())
        for (auto& source : sight->view.sources)
            source.authenticated = std::find(ids->begin(), ids->end(), source.id) != ids->end();

    ChronyRecord record;
    record.instance = instance_of(sight->detected.process);
    record.unit = sight->detected.unit;
    record.invocation = sight->detected.invocation;
    std::vector<ChronyDirective> deleted_before;
    if (!goal.past.committed.is_null()) {
        auto committed = parse_chrony_record(goal.past.committed);
        if (!committed) co_return committed.error();
        const bool same_chronyd = committed->instance == record.instance;
        sight->view.restore_stale = !same_chronyd;
        if (!same_chronyd && is_our_restore(*committed, sight->view.restore_text))
            record.restore_stale = sight->view.restore_text;
        if (same_chronyd) deleted_before = std::move(committed->plan.removed);
    } else if (sight->shows_ours()) {
        deleted_before = base_lines(sight->view);
    }
    if (goal.original) {
        record.plan = plan_chrony_original(sight->view, deleted_before);
    } else {
        auto plan = plan_chrony_change(sight->view, goal.choices, config_);
        if (!plan) co_return plan.error();
        record.plan = std::move(*plan);
        record.plan.removed = still_removed(sight->view, deleted_before, record.plan.removed);
    }

    std::vector<std::string> lines;
    for (const auto& member : record.plan.members)
        lines.push_back(member.directive.text);
    if (auto valid = co_await tools.validate(std::move(lines)); !valid) co_return valid.error();

    record.chronyc = std::move(sight->chronyc);
    record.our_path = sight->our_path;
    record.restore_path = sight->restore_path;
    record.our_before = sight->view.our_text;
    record.restore_before = sight->view.restore_stale ? std::nullopt : sight->view.restore_text;
    for (const auto& source : sight->view.sources) {
        if (source.is_refclock()) continue;
        if (source.state == '*' || source.state == '+') record.reference_ids.push_back(source.id);
        const auto known = std::find_if(record.former.begin(), record.former.end(),
                                        [&](const auto& former) { return same_source_name(former.name, source.name); });
        auto& former = known == record.former.end() ? record.former.emplace_back(source.name, 0) : *known;
        ++former.sources;
        if (source.address) former.addresses.push_back(source.address->text());
    }
    record.reference_time_s = sight->tracking.reference_time_s;
    record.verify_timeout_s = to_seconds(config_.verify_timeout);
    record.fulfilled = is_fulfilled(record.plan, sight->view);
    Json description;
    if (sight->view.edited) {
        const FileImage& image = **sight->config_image;
        auto edits = edit_chrony_config(image.content, *sight->marks, record.plan);
        const bool world_readable = (image.mode & S_IROTH) != 0;
        description = describe_plan(record.plan, sight->view, record.our_path, edits, world_readable);
        record.fulfilled = record.fulfilled && edits.before == edits.final;
        record.config = OurFile{record.our_path, image, {std::move(edits.staged), std::move(edits.final)}};
    } else {
        description = describe_plan(record.plan, sight->view, record.our_path, record.restore_path);
    }
    co_return std::unique_ptr<Change>(
        std::make_unique<ChronyChange>(std::move(record), std::move(description), config_));
}

Result<std::unique_ptr<Change>> ChronyBackend::resume(const Json& json) {
    auto record = parse_chrony_record(json);
    if (!record) return record.error();
    return std::unique_ptr<Change>(std::make_unique<ChronyChange>(std::move(*record), Json::object(), config_));
}

}  // namespace ntpopt

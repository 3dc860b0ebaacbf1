// Implementation of ntpd.hpp.
#include "daemon/apply/ntpd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "daemon/apply/ntpd_change.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

/// Which line brought an association: ours, one of the service's own, or none of them.
std::string origin_of(const NtpdAssociation& association, const std::vector<NtpdMember>& ours,
                      const std::vector<NtpdDirective>& base) {
    if (is_refclock(association)) return "refclock";
    const auto is_member = [&](const NtpdMember& member) { return is_of(association, member); };
    if (std::any_of(ours.begin(), ours.end(), is_member)) return "ours";
    const bool own = std::any_of(base.begin(), base.end(), [&](const auto& source) {
        return is_of(association, {source.name, source.kind == NtpdSourceKind::pool, 1});
    });
    return own ? "base" : "runtime";
}

/// What the clock filter holds (RFC 5905 10): a sample of each of the last eight polls that was answered.
std::optional<SourceRecord> record_of(const NtpdAssociation& association) {
    if (!association.jitter_s || !association.received.known() || association.reach == 0) return std::nullopt;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    SourceRecord record;
    record.samples = std::popcount(static_cast<unsigned>(association.reach) & 0xffU);
    record.deviation_s = *association.jitter_s;
    record.estimate_s = association.offset_s;
    record.age_s = std::max(0.0, to_seconds(now - to_unix(association.received, now)));
    return record;
}

ServiceSource describe(const NtpdAssociation& association, const std::vector<NtpdMember>& configured,
                       std::string origin) {
    ServiceSource source;
    source.name = association.text();
    // A member of a pool tells an address only; the pool's name is what is configured.
    for (const auto& member : configured) {
        if (!is_of(association, member)) continue;
        source.name = member.name;
        source.pool = member.pool;
        break;
    }
    source.address = association.address;
    source.origin = std::move(origin);
    source.ours = source.origin == "ours";
    source.state = describe_state(association);
    source.stratum = association.stratum;
    source.reach = association.reach;
    if (association.reach != 0) source.offset_s = association.offset_s;
    source.record = record_of(association);
    return source;
}

/// Whether ntpd does something else than the committed change left it doing.
bool has_drifted(const NtpdRecord& record, const NtpdFiles& files, const NtpdState& state) {
    if (files.our_text != record.plan.ours) return true;
    // Back on its own servers it has what its administrator gave it since, and nothing of ours.
    if (record.plan.original) return false;
    if (!ntpd_leftovers(record.plan, state.associations).empty()) return true;
    return record.plan.flavour == NtpdFlavour::ntpsec && !ntpd_missing(record.plan, state.associations).empty();
}

std::uint64_t unix_usec(NtpTime time) {
    if (!time.known()) return 0;
    const auto since_1970 = to_unix(time, std::chrono::system_clock::now().time_since_epoch());
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()));
}

}  // namespace

asio::awaitable<Result<NtpdBackend::Sight>> NtpdBackend::look() {
    Sight sight;
    auto detected = co_await detect_service(config_, systemd_);
    if (!detected) co_return detected.error();
    sight.detected = std::move(*detected);
    if (sight.detected.service != Service::ntpd) co_return Error{Errc::service_not_found, "ntpd does not run"};
    sight.refusals = sight.detected.refusals;
    auto version = co_await ask_ntpd_version(sight.detected.process);
    if (!version) {
        // OpenNTPD is called ntpd too, and nothing of what follows holds for it.
        sight.refusals.push_back(version.error().detail);
        co_return sight;
    }
    sight.version = std::move(*version);
    if (systemd_ == nullptr || sight.detected.unit.empty() || sight.detected.invocation.empty())
        sight.refusals.push_back(
            "ntpd reads its servers only when it starts, and no systemd runs it here that could restart it: let "
            "systemd run it (systemctl enable --now ntpsec), or install chrony in its place");

    auto files = read_ntpd_files(sight.detected.process, sight.version.flavour);
    if (files) {
        sight.files = std::move(*files);
        sight.view.flavour = sight.version.flavour;
        sight.view.files = sight.files.files;
        sight.view.our_path = sight.files.our_path;
        sight.view.our_text = sight.files.our_text;
        auto config = parse_ntpd_files(sight.files.files, sight.files.our_path);
        if (config)
            sight.config = std::move(*config);
        else
            sight.refusals.push_back(config.error().detail);
    } else {
        sight.refusals.push_back(files.error().detail);
    }

    auto state = co_await ask_ntpd_state();
    if (state)
        sight.view.state = std::move(*state);
    else if (state.error().code == Errc::timeout)
        sight.refusals.push_back(
            "ntpd does not answer questions of this machine (restrict ... noquery), so that no change could be "
            "verified: add \"restrict 127.0.0.1\" and \"restrict ::1\" to its configuration and restart it");
    else
        sight.refusals.push_back("ntpd cannot be asked what it does: " + state.error().detail);
    co_return sight;
}

asio::awaitable<Result<ServiceObservation>> NtpdBackend::observe(Past past) {
    const auto sight = co_await look();
    if (!sight) co_return sight.error();
    const auto& system = sight->view.state.system;
    ServiceObservation seen;
    seen.service = Service::ntpd;
    seen.unit = sight->detected.unit;
    if (!sight->version.number.empty())
        seen.version = (sight->version.flavour == NtpdFlavour::ntpsec ? "ntpsec-" : "") + sight->version.number;
    seen.active = true;
    seen.config_path = sight->files.config_path;
    seen.instance = instance_of(sight->detected.process);
    seen.invocation = sight->detected.invocation;
    seen.main_pid = sight->detected.process.pid;
    seen.refusals = sight->refusals;
    seen.conflict = !sight->detected.refusals.empty();

    NtpdView ours_alone;
    ours_alone.our_text = sight->files.our_text;
    const auto ours = configured_members(ours_alone);
    const auto configured = configured_members(sight->view);
    const std::vector<NtpdMember> none;
    for (const auto& association : sight->view.state.associations) {
        // A pool itself, without members, is a line of the configuration and no source.
        if (!association.address && association.name.empty()) continue;
        seen.sources.push_back(describe(association, configured ? *configured : none,
                                        origin_of(association, ours ? *ours : none, sight->config.sources)));
        if (association.status.id == system.peer && system.peer != 0) seen.peer = seen.sources.back().name;
    }
    for (const auto& source : sight->config.sources)
        if (!source.refclock) seen.base_names.push_back(source.name);
    seen.synchronised = system.synchronised();
    seen.leap = system.leap;
    for (const auto& limit : {sight->config.step_limit_s, sight->config.panic_limit_s})
        if (limit && *limit > 0 && (seen.step_limit_s == 0 || *limit < seen.step_limit_s)) seen.step_limit_s = *limit;
    if (!sight->config.leap_file.empty()) seen.leap_source = "leapfile " + sight->config.leap_file;
    seen.offset_s = system.offset_s;
    seen.root_delay_s = system.root_delay_s;
    seen.root_dispersion_s = system.root_dispersion_s;
    seen.reference_time_usec = unix_usec(system.reference_time);
    if (auto fine = check_ours(sight->files.our_path, sight->files.our_text, past, parse_ntpd_record); !fine)
        seen.refusals.push_back(fine.error().detail);
    if (!past.committed.is_null()) {
        const auto record = parse_ntpd_record(past.committed);
        seen.drifted = record && has_drifted(*record, sight->files, sight->view.state);
    }
    // With policy "augment" the service's own sources count too, which the plan does.
    const int least = config_.augment ? 1 : std::max(3, sight->config.min_sane.value_or(1));
    seen.capabilities = {false, false, true, false, true, least};
    co_return seen;
}

asio::awaitable<Result<std::unique_ptr<Change>>> NtpdBackend::prepare(Goal goal) {
    auto sight = co_await look();
    if (!sight) co_return sight.error();
    if (goal.original && goal.past.committed.is_null())
        if (const auto back = plan_ntpd_original(sight->view); back && back->edits.empty()) co_return nothing_changed();
    if (!sight->detected.refusals.empty()) co_return Error{Errc::service_conflict, sight->detected.refusals.front()};
    if (!sight->refusals.empty()) co_return Error{Errc::refused, sight->refusals.front()};
    if (auto fine = check_ours(sight->files.our_path, sight->files.our_text, goal.past, parse_ntpd_record); !fine)
        co_return fine.error();
    if (auto fine = check_place(sight->files.our_path); !fine) co_return fine.error();

    auto plan = goal.original ? plan_ntpd_original(sight->view) : plan_ntpd_change(sight->view, goal.choices, config_);
    if (!plan) co_return plan.error();
    Json description = describe_plan(*plan, sight->view, sight->detected.unit);
    NtpdRecord record;
    record.instance = instance_of(sight->detected.process);
    record.unit = sight->detected.unit;
    record.invocation = sight->detected.invocation;
    record.verify_timeout_s = to_seconds(config_.verify_timeout);
    record.fulfilled = is_fulfilled(*plan, sight->view.state.associations);
    record.our_path = sight->files.our_path;
    for (const auto& file : sight->files.files) {
        const auto edit = std::find_if(plan->edits.begin(), plan->edits.end(),
                                       [&](const auto& change) { return change.path == file.path; });
        const std::string& text = edit == plan->edits.end() ? file.text : edit->after.value_or("");
        if (unmark_ntpd_text(text, record.our_path) != text) record.marked.push_back(file.path);
    }
    for (const auto& change : plan->edits) {
        if (change.path != sight->files.our_path) {
            // What takes our lines out again is open whoever manages the file now.
            if (!goal.original)
                if (auto fine = check_managed(change.path, change.before.value_or(""), config_); !fine)
                    co_return fine.error();
            if (auto fine = check_place(change.path); !fine) co_return fine.error();
        }
        OurFile file;
        file.path = change.path;
        if (const auto image = sight->files.images.find(change.path); image != sight->files.images.end())
            file.before = image->second;
        file.written.push_back(change.after);
        record.files.push_back(std::move(file));
    }
    plan->edits.clear();
    record.plan = std::move(*plan);
    co_return std::unique_ptr<Change>(
        std::make_unique<NtpdChange>(std::move(record), std::move(description), systemd_));
}

Result<std::unique_ptr<Change>> NtpdBackend::resume(const Json& json) {
    auto record = parse_ntpd_record(json);
    if (!record) return record.error();
    return std::unique_ptr<Change>(std::make_unique<NtpdChange>(std::move(*record), Json::object(), systemd_));
}

}  // namespace ntpopt

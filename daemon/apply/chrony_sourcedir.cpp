// Implementation of chrony_sourcedir.hpp. A line leaves our file before its source is deleted by chronyc: chronyd never
// adds again what was deleted while its line stayed in the file.
#include "daemon/apply/chrony_sourcedir.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ntpopt {
namespace {

namespace asio = boost::asio;

bool has_line(const std::vector<ChronyDirective>& lines, const std::string& name) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return same_source_name(line.name, name); });
}

}  // namespace

Status ChronySourcedir::put_ours(const FileText& text) const {
    return put_file(record_.our_path, text, [&](const FileText& present) { return is_our_text(record_, present); });
}

Status ChronySourcedir::put_restore(const FileText& text) const {
    return put_file(record_.restore_path, text,
                    [&](const FileText& present) { return is_our_restore(record_, present); });
}

ChronySourcedir::Texts ChronySourcedir::texts_of(ChronyStage stage) const {
    const auto& plan = record_.plan;
    if (stage == ChronyStage::staged) return {plan.staged_text, plan.staged_restore_text};
    return {stage == ChronyStage::settled ? plan.settled_text : plan.final_text, plan.final_restore_text};
}

Status ChronySourcedir::write(ChronyStage stage) {
    const Texts texts = texts_of(stage);
    // On the way to the original the restore file may have got lines since.
    if (stage == ChronyStage::staged || !record_.plan.original)
        if (auto done = put_restore(texts.restore); !done) return done;
    return put_ours(texts.ours);
}

asio::awaitable<Status> ChronySourcedir::load(ChronyStage stage) {
    // chronyd 4.6 adds every name once more at each reload, so none is asked for that changes nothing; the same stage
    // again is for chronyd up to 4.4, which needs it.
    std::optional<Texts> known;
    if (loaded_)
        known = texts_of(*loaded_);
    else if (stage == ChronyStage::staged)
        known = {record_.our_before, record_.restore_stale ? record_.restore_stale : record_.restore_before};
    if (known != texts_of(stage) || loaded_ == stage)
        if (auto done = co_await link_.tools().reload(); !done) co_return done;
    loaded_ = stage;
    // Again when our file is gone: one that was chosen, too, was followed by our line until then. A chronyd that was
    // started since has what its files say now.
    if (record_.plan.original && link_.presence() == ChronyPresence::same)
        co_return co_await bring_back(record_.plan.returning);
    co_return Status();
}

Status ChronySourcedir::withdraw() {
    if (auto done = put_restore(std::nullopt); !done) return done;
    return put_ours(std::nullopt);
}

asio::awaitable<Status> ChronySourcedir::reload_patiently() {
    Status done = co_await link_.tools().reload();
    for (int i = 0; !done && i < kChronyStartAttempts; ++i) {
        co_await ChronyLink::pause();
        done = co_await link_.tools().reload();
    }
    co_return done;
}

Result<std::vector<ChronyDirective>> ChronySourcedir::restoring() const {
    const auto text = read_text(record_.restore_path);
    if (!text) return text.error();
    if (!*text || *text == record_.restore_stale || !is_our_restore(record_, *text))
        return std::vector<ChronyDirective>();
    return parse_chrony_sources_file(**text);
}

/// Sources that chronyc adds stay over a reload, whoever asks for it, and are gone with chronyd, which has lines of its
/// own for them: nothing of ours has to be kept. A line in the restore file is for a name that chronyc cannot resolve;
/// it stays when this is done again, unless its source was deleted: then the line leaves the file first, since chronyd
/// reads only what was not there before.
asio::awaitable<Status> ChronySourcedir::bring_back(std::vector<ChronyDirective> lines) {
    const auto sources = co_await link_.tools().sources();
    if (!sources) co_return sources.error();
    const auto before = parse_chrony_sources_file(record_.restore_before.value_or(""));
    if (!before) co_return before.error();
    const auto present = restoring();
    if (!present) co_return present.error();
    auto kept = *before;
    for (const auto& line : *present)
        if (!has_line(kept, line.name)) kept.push_back(line);
    const auto is_dead = [&](const ChronyDirective& line) {
        return has_line(lines, line.name) && has_line(*present, line.name) && count_sources(*sources, line.name) == 0;
    };
    if (std::erase_if(kept, is_dead) != 0) {
        if (auto done = put_restore(render_chrony_restore(kept)); !done) co_return done;
        if (auto done = co_await link_.tools().reload(); !done) co_return done;
    }
    bool by_file = false;
    for (const auto& directive : lines) {
        if (!is_missing(directive, *sources)) continue;
        if (!has_line(kept, directive.name)) {
            if (const auto added = co_await link_.tools().add(directive); added) continue;
            (void)co_await add_by_address(directive);
            kept.push_back(directive);
        }
        by_file = true;
    }
    const auto text = kept == *before ? record_.restore_before : render_chrony_restore(kept);
    if (auto done = put_restore(text); !done) co_return done;
    if (!by_file) co_return Status();
    co_return co_await link_.tools().reload();
}

asio::awaitable<Status> ChronySourcedir::bring_back_deleted() {
    // What has a line comes back by it: in our file as it was, or in the restore file since an earlier try.
    const auto ours = parse_chrony_sources_file(record_.our_before.value_or(""));
    if (!ours) co_return ours.error();
    const auto restore = restoring();
    if (!restore) co_return restore.error();
    auto known = record_.plan.removed;
    std::erase_if(known, [&](const auto& line) { return has_line(*ours, line.name) || has_line(*restore, line.name); });
    auto missing = co_await take_missing(std::move(known));
    if (!missing) co_return missing.error();
    auto names = names_of_returning(*missing);
    auto done = co_await bring_back(std::move(*missing));
    if (!done || names.empty()) co_return done;
    co_return co_await await_one_of(std::move(names));
}

/// Names that our own lines brought, and those that this change took away.
std::vector<std::string> ChronySourcedir::owed() const {
    auto names = names_of(record_.plan.removed);
    for (const auto* text : {&record_.our_before, &record_.restore_before})
        if (const auto lines = parse_chrony_sources_file(text->value_or("")))
            for (const auto& line : *lines)
                names.push_back(line.name);
    for (const auto& former : record_.former)
        for (const auto& id : record_.plan.evicted)
            if (std::find(former.addresses.begin(), former.addresses.end(), id) != former.addresses.end())
                names.push_back(former.name);
    return names;
}

asio::awaitable<Status> ChronySourcedir::check_former() {
    const auto former = names_of(record_.former);
    std::vector<std::string> lost;
    for (int i = 0; i < kChronyDeleteAttempts; ++i) {
        const auto sources = co_await link_.tools().sources();
        if (!sources) co_return sources.error();
        lost = not_brought_back(former, owed(), *sources);
        if (lost.empty()) co_return Status();
        if (auto done = co_await link_.tools().reload(); !done) co_return done;
        co_await ChronyLink::pause();
    }
    co_return Error{Errc::verification_failed, fmt::format("chronyd did not take back {}", fmt::join(lost, ", "))};
}

/// In the place of our lines is what somebody wrote. Where that leads to nobody, the service's own servers are who is
/// left, those that earlier changes deleted, too.
asio::awaitable<Status> ChronySourcedir::keep_somebody() {
    auto own = record_.plan.returning;
    if (own.empty()) {
        const auto sources = co_await link_.tools().sources();
        if (!sources) co_return sources.error();
        if (std::all_of(sources->begin(), sources->end(), [](const auto& one) { return one.is_refclock(); }))
            own = record_.plan.removed;
    }
    if (own.empty()) co_return Status();
    co_return co_await bring_back(std::move(own));
}

asio::awaitable<Status> ChronySourcedir::undo() {
    left_alone_.clear();
    auto presence = link_.attach();
    if (!presence) co_return presence.error();
    if (*presence != ChronyPresence::same) {
        // Another chronyd reads its own configuration: nothing deleted at run time needs to be brought back.
        if (auto done = unless_changed_by_others(put_restore(std::nullopt)); !done) co_return done;
        if (auto done = unless_changed_by_others(put_ours(record_.our_before)); !done) co_return done;
        // One that starts in this moment may have read the files just before.
        presence = link_.attach();
        if (!presence) co_return presence.error();
        if (*presence == ChronyPresence::absent) co_return Status();
        co_return co_await reload_patiently();
    }
    // A file that cannot be made durable is no reason to leave chronyd with half of the old sources.
    Status restored;
    if (record_.plan.original)  // a line goes before its source is deleted
        restored = put_restore(record_.restore_before);
    else
        restored = co_await bring_back_deleted();
    const Status brought_back = unless_changed_by_others(std::move(restored));
    const std::size_t others = left_alone_.size();
    // A crash may have left lines in our file whose sources were deleted to make room. Where chronyd does not hear of
    // it, the file comes back all the same, and check_former() tells what is missing.
    if (!record_.plan.evicted.empty() && put_ours(record_.plan.staged_text)) (void)co_await reload_patiently();
    const Status put = unless_changed_by_others(put_ours(record_.our_before));
    if (auto done = co_await reload_patiently(); !done) co_return done;
    const bool is_theirs = left_alone_.size() != others;
    if (is_theirs) {
        auto kept = co_await keep_somebody();
        if (auto done = unless_changed_by_others(std::move(kept)); !done) co_return done;
    } else if (put && !record_.plan.returning.empty()) {
        // They stay until those that it followed before are back: with a full disk they do not come.
        if (auto done = co_await await_one_of(names_of(record_.former)); !done) co_return done;
        if (auto done = co_await delete_all_but_former(names_of(record_.plan.returning)); !done) co_return done;
    }
    // What an administrator wrote in place of our lines decides what chronyd follows instead of them.
    if (!is_theirs)
        if (auto done = co_await check_former(); !done) co_return done;
    if (!brought_back) co_return brought_back;
    co_return put;
}

}  // namespace ntpopt

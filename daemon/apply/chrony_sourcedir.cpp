// Implementation of chrony_sourcedir.hpp. A line leaves our file before its source is deleted by chronyc: chronyd never
// adds again what was deleted while its line stayed in the file.
#include "daemon/apply/chrony_sourcedir.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ntpopt {
namespace asio = boost::asio;

Status ChronySourcedir::put_ours(const FileText& text) const {
    const auto& plan = record_.plan;
    return put_file(record_.our_path, text, [&](const FileText& present) {
        return present == record_.our_before || present == plan.staged_text || present == plan.settled_text ||
               present == plan.final_text;
    });
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
    if (auto done = put_restore(texts.restore); !done) return done;
    return put_ours(texts.ours);
}

asio::awaitable<Status> ChronySourcedir::load(ChronyStage stage) {
    // chronyd 4.6 adds every name once more at each reload, so none is asked for that changes nothing; the same stage
    // again is for chronyd up to 4.4, which needs it.
    if (loaded_ && *loaded_ != stage && texts_of(*loaded_) == texts_of(stage)) co_return Status();
    auto done = co_await link_.tools().reload();
    if (done) loaded_ = stage;
    co_return done;
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

asio::awaitable<Status> ChronySourcedir::bring_back_deleted() {
    auto missing = co_await take_missing(record_.plan.removed);
    if (!missing) co_return missing.error();
    if (missing->empty()) co_return put_restore(record_.restore_before);

    auto lines = parse_chrony_sources_file(record_.restore_before.value_or(""));
    if (!lines) co_return lines.error();
    std::vector<std::string> names;
    for (const auto& directive : *missing) {
        names.push_back(directive.name);
        if (std::none_of(lines->begin(), lines->end(),
                         [&](const auto& line) { return same_source_name(line.name, directive.name); }))
            lines->push_back(directive);
    }
    if (auto done = put_restore(render_chrony_sources(*lines)); !done) co_return done;
    if (auto done = co_await link_.tools().reload(); !done) co_return done;
    co_return co_await await_one_of(std::move(names));
}

asio::awaitable<Status> ChronySourcedir::check_former() {
    std::vector<std::string> lost;
    for (int i = 0; i < kChronyDeleteAttempts; ++i) {
        auto names = co_await lost_names();
        if (!names) co_return names.error();
        if (names->empty()) co_return Status();
        lost = std::move(*names);
        if (auto done = co_await link_.tools().reload(); !done) co_return done;
        co_await ChronyLink::pause();
    }
    co_return Error{Errc::verification_failed, fmt::format("chronyd did not take back {}", fmt::join(lost, ", "))};
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
    auto restored = co_await bring_back_deleted();
    const Status brought_back = unless_changed_by_others(std::move(restored));
    const std::size_t others = left_alone_.size();
    const Status put = unless_changed_by_others(put_ours(record_.our_before));
    if (auto done = co_await reload_patiently(); !done) co_return done;
    // What an administrator wrote in place of our lines decides what chronyd follows instead of them.
    if (left_alone_.size() == others)
        if (auto done = co_await check_former(); !done) co_return done;
    if (!brought_back) co_return brought_back;
    co_return put;
}

}  // namespace ntpopt

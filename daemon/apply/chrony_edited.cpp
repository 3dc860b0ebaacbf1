// Implementation of chrony_edited.hpp. Unlike a reload, `chronyc add` takes a name twice without a word, and resolves
// it before it asks chronyd: so only what is missing is added, and what has to come back comes by its address where
// names cannot be resolved.
#include "daemon/apply/chrony_edited.hpp"

#include "daemon/core/plan/chrony_edit.hpp"

namespace ntpopt {

namespace asio = boost::asio;

Status ChronyEdited::write(ChronyStage stage) {
    const auto& written = record_.config->written;
    return put_file(*record_.config, stage == ChronyStage::staged ? written.front() : written.back());
}

asio::awaitable<Status> ChronyEdited::load(ChronyStage stage) {
    // A chronyd that is started anew has to take what was written.
    if (auto config = co_await link_.tools().effective_config(); !config) co_return config.error();
    const auto sources = co_await link_.tools().sources();
    if (!sources) co_return sources.error();
    Status failed;
    bool any = false;
    for (const auto& member : record_.plan.members) {
        if (member.withheld && stage != ChronyStage::final) continue;
        if (count_sources(*sources, member.directive.name) == 0) {
            if (auto added = co_await link_.tools().add(member.directive); !added) {
                if (!record_.plan.original) co_return added;
                failed = std::move(added);
                continue;
            }
        }
        any = true;
    }
    // Of the service's own servers those are enough that can be added, but never none.
    co_return any ? Status() : failed;
}

Status ChronyEdited::restore() const {
    return restore_lines(*record_.config, [this](const std::string& text) -> Result<std::string> {
        const auto marks = read_chrony_marks(text);
        const auto before = read_chrony_marks(record_.config->before->content);
        if (!marks || !before || !is_our_text(record_, render_chrony_sources(marks->ours)))
            return Error{Errc::refused, left_alone_sentence(record_.our_path)};
        return mark_chrony_config(marks->original, *before);
    });
}

asio::awaitable<Status> ChronyEdited::undo() {
    left_alone_.clear();
    auto presence = link_.attach();
    if (!presence) co_return presence.error();
    const Status put = unless_changed_by_others(restore());
    // One that starts in this moment may have read the file just before.
    presence = link_.attach();
    if (!presence) co_return presence.error();
    if (*presence == ChronyPresence::absent) co_return put;
    // What an administrator wrote is what a chronyd follows that was started since.
    if (*presence == ChronyPresence::restarted && !left_alone_.empty()) co_return put;
    if (auto done = co_await bring_back_former(); !done) co_return done;
    std::vector<std::string> ours;
    for (const auto& member : record_.plan.members)
        ours.push_back(member.directive.name);
    if (auto done = co_await delete_all_but_former(std::move(ours)); !done) co_return done;
    co_return put;
}

Status ChronyEdited::withdraw() {
    return remake_file(record_.our_path, [this](const std::string& text) -> Result<std::string> {
        auto marks = read_chrony_marks(text);
        if (!marks) return marks.error().in(record_.our_path);
        if (!marks->ours.empty() && !is_our_text(record_, render_chrony_sources(marks->ours)))
            return Error{Errc::refused, left_alone_sentence(record_.our_path)};
        return std::move(marks->original);
    });
}

asio::awaitable<Status> ChronyEdited::bring_back_former() {
    std::vector<ChronyDirective> known = record_.plan.removed;
    if (const auto ours = parse_chrony_sources_file(record_.our_before.value_or("")))
        known.insert(known.end(), ours->begin(), ours->end());
    for (const auto& member : record_.plan.members)
        known.push_back(member.directive);

    auto missing = co_await take_missing(known);
    for (int i = 0; !missing && i < kChronyStartAttempts; ++i) {
        co_await ChronyLink::pause();
        missing = co_await take_missing(known);
    }
    if (!missing) co_return missing.error();
    if (missing->empty()) co_return Status();
    for (const auto& directive : *missing)
        if (auto added = co_await add_former(directive); !added) co_return added;
    co_return co_await await_one_of(names_of_returning(*missing));
}

asio::awaitable<Status> ChronyEdited::add_former(ChronyDirective directive) {
    auto added = co_await link_.tools().add(directive);
    if (added || co_await add_by_address(directive)) co_return Status();
    co_return added.error().in("bring back " + directive.name);
}

}  // namespace ntpopt

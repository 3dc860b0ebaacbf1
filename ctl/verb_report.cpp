// `ntpoptctl report`: which servers, how far off, who changed what, from the evidence; and whether the evidence is as
// it was written.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/text.hpp"
#include "ctl/format.hpp"
#include "ctl/journal_marks.hpp"
#include "ctl/layout.hpp"
#include "ctl/table.hpp"
#include "ctl/verbs.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

constexpr std::size_t kMostJournalMarks = 20;
constexpr double kNanosecondsOfMillisecond = 1e6;

std::uint64_t number_under(const Json& object, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, get_integer(object, key).value_or(0)));
}

/// Every entry of the time, its body read; page by page, since one answer is bounded.
Result<Json> fetch(Session& session, RealTime from, RealTime to) {
    auto entries = Json::array();
    Json query{{"from_usec", to_usec(from)}, {"to_usec", to_usec(to)}, {"after_seq", std::uint64_t{0}}};
    while (true) {
        auto page = session.manager.rows("GetEvidence", wire::Dict(query));
        if (!page) return page.error();
        if (page->empty()) return entries;
        const auto last = number_under(page->back(), "seq");
        // A daemon that does not go on would be asked for ever.
        if (last <= query["after_seq"].get<std::uint64_t>()) return Error{Errc::parse, "the daemon repeats itself"};
        query["after_seq"] = last;
        for (const auto& row : *page) {
            auto body = parse_json(get_string(row, "body"));
            entries.push_back({{"seq", number_under(row, "seq")},
                               {"timestamp", text_of(row, "timestamp")},
                               {"kind", text_of(row, "kind")},
                               {"body", body && body->is_object() ? *std::move(body) : Json::object()},
                               {"hash", text_of(row, "hash")}});
        }
    }
}

std::string reason_behind(const Json& body, std::string_view key) {
    const auto reason = text_of(body, key);
    return reason.empty() ? std::string() : ": " + reason;
}

std::string operation_text(const Json& body) {
    auto text = text_of(body, "method");
    for (const auto& [name, value] : get_object(body, "arguments").items())
        text +=
            printable(fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : render_json(value)));
    if (const auto run = number_under(body, "run_id"); run != 0) text += fmt::format(", run {}", run);
    const auto refused = text_of(body, "refused");
    return refused.empty() ? text : text + ", refused: " + refused;
}

std::string changed_text(const Json& body) {
    auto text = text_of(body, "kind") + " " + text_of(body, "state");
    if (const auto id = number_under(body, "transaction"); id != 0) text += fmt::format(" (transaction {})", id);
    if (text_of(body, "state") == "committed") {
        text += ": " + joined(get_array(body, "selected"), " ", "the service's own servers");
        if (const auto before = joined(get_array(body, "previous"), " "); !before.empty()) text += "; before " + before;
        return text;
    }
    return text + reason_behind(body, "reason");
}

/// An entry in words; docs/evidence.md has the keys.
std::string text_of_entry(const Json& entry) {
    const auto kind = text_of(entry, "kind");
    const auto& body = get_object(entry, "body");
    if (kind == "operation") return operation_text(body);
    if (kind == "changed") return changed_text(body);
    if (kind == "configuration")
        return fmt::format("{}, ntpoptd {}, settings {}", text_of(body, "why"), text_of(body, "version"),
                           text_of(body, "settings_sha256").substr(0, 12));
    if (kind == "requested")
        return fmt::format("{} {}", text_of(body, "kind"), joined(get_array(body, "servers"), " ", "is asked for"));
    if (kind == "sources")
        return fmt::format("{} follows {} ({})", text_of(body, "service"),
                           joined(get_array(body, "servers"), " ", "nobody"), text_of(body, "why"));
    if (kind == "recovery") return text_of(body, "outcome") + reason_behind(body, "reason");
    if (kind == "alarm") return fmt::format("entry {}{}", number_under(body, "entry"), reason_behind(body, "what"));
    if (kind == "pruned") return fmt::format("entries up to {} are forgotten", number_under(body, "through"));
    return printable(render_json(body));
}

Tone tone_of_kind(const std::string& kind) {
    return kind == "alarm" ? Tone::bad : kind == "operation" || kind == "changed" ? Tone::heading : Tone::plain;
}

/// How far off the clock was: the worst, the middle, and how often nothing was known.
std::string render_clock(const std::vector<const Json*>& entries) {
    std::vector<double> bounds;
    const Json* worst = nullptr;
    double most = 0;
    for (const auto* entry : entries) {
        const auto bound = get_number(get_object(*entry, "body"), "bound_ns");
        if (!bound) continue;
        if (!worst || *bound > most) {
            worst = entry;
            most = *bound;
        }
        bounds.push_back(*bound);
    }
    if (entries.empty()) return "Clock: nothing was noted in that time.";
    if (bounds.empty())
        return fmt::format("Clock: {}, none with a source to follow.", count_of(entries.size(), "look"));
    const auto middle = bounds.begin() + static_cast<std::ptrdiff_t>((bounds.size() - 1) / 2);
    std::nth_element(bounds.begin(), middle, bounds.end());
    return fmt::format("Clock: {}; its error was at most {} ({}), at most {} in the median{}.",
                       count_of(entries.size(), "look"), span_of_ms(most / kNanosecondsOfMillisecond),
                       time_of(*worst, "timestamp", nullptr), span_of_ms(*middle / kNanosecondsOfMillisecond),
                       bounds.size() < entries.size()
                           ? fmt::format("; {} without a source to follow", entries.size() - bounds.size())
                           : "");
}

std::string render(const Json& entries, const Output& output) {
    if (entries.empty()) return "No evidence of that time.\n";
    Table table({{"TIME"},
                 {"NUMBER", Align::right, false, 2},
                 {"KIND", Align::left, false, 1},
                 {"WHO"},
                 {"WHAT", Align::left, true, 0, true}});
    std::vector<const Json*> clock;
    for (const auto& entry : entries) {
        const auto kind = text_of(entry, "kind");
        if (kind == "clock") {
            clock.push_back(&entry);
            continue;
        }
        const auto& body = get_object(entry, "body");
        const auto who = kind == "operation" ? fmt::format("uid {}", number_under(body, "uid")) : std::string("-");
        table.add({{time_of(entry, "timestamp", nullptr), Tone::plain, brief_time_of(entry, "timestamp")},
                   {std::to_string(number_under(entry, "seq"))},
                   {kind, tone_of_kind(kind)},
                   {who},
                   {text_of_entry(entry)}});
    }
    const auto rest = table.is_empty() ? std::string("No change in that time.\n") : table.render(output);
    return rest + "\n" + wrap_columns(render_clock(clock), output.width(), 0) + "\n";
}

bool is_applier_asked(const Json& verified) {
    const auto applier = verified.find("applier_seq");
    return applier != verified.end() && !applier->is_null();
}

/// The entry that the journal tells of, as it is stored now: nothing where it fits or can no longer be compared.
Result<std::optional<std::string>> compare(Session& session, const JournalMark& mark, const Json& verified) {
    if (mark.seq > number_under(verified, "head_seq"))
        return std::optional(
            fmt::format("the evidence ends with entry {}, and the journal tells of entry {}: an older "
                        "copy was put in its place, or its end is cut off",
                        number_under(verified, "head_seq"), mark.seq));
    if (mark.seq < number_under(verified, "first_seq")) return std::optional<std::string>();
    const Json query{{"after_seq", mark.seq - 1}, {"limit", std::uint64_t{1}}};
    const auto rows = session.manager.rows("GetEvidence", wire::Dict(query));
    if (!rows) return rows.error();
    if (!rows->empty() && number_under(rows->front(), "seq") == mark.seq &&
        get_string(rows->front(), "hash") == mark.hash)
        return std::optional<std::string>();
    return std::optional(fmt::format("the journal tells of another entry {}: the evidence was made anew", mark.seq));
}

enum class Verdict { sound, unproven, faulty };  // of several the worst counts

/// What the journal holds against what is stored now.
struct JournalWord {
    std::string text = "not asked";
    Verdict verdict = Verdict::sound;
};

/// Adds journal_marks and journal_fault. That the journal has nothing to say of a chain that the applier knows of
/// proves nothing.
Result<JournalWord> ask_journal(Session& session, Json& verified) {
    const auto marks = read_journal_marks(kMostJournalMarks);
    if (!marks) return Error{Errc::internal, "the journal cannot be asked: " + marks.error().detail};
    JournalWord word;
    word.text = count_of(marks->size(), "mark") + " compared, and found here";
    if (const auto told = number_under(verified, "applier_seq"); marks->empty()) {
        word.text = "holds no mark that this user may read";
        if (told != 0) word.verdict = Verdict::unproven;
        if (told != 0) word.text += fmt::format(", though ntpopt-apply was told of entry {}", told);
    }
    for (const auto& mark : *marks) {
        auto fault = compare(session, mark, verified);
        if (!fault) return fault.error();
        if (!*fault) continue;
        word = {**std::move(fault), Verdict::faulty};
        break;
    }
    verified["journal_marks"] = marks->size();
    verified["journal_fault"] = word.verdict == Verdict::sound ? Json() : Json(word.text);
    return word;
}

struct Words {
    std::string_view text;
    Tone tone;
};

Words words_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::sound:
            return {"The evidence is as it was written", Tone::good};
        case Verdict::unproven:
            return {"The evidence could not be compared with all that others know of it", Tone::caution};
        case Verdict::faulty:
            break;
    }
    return {"The evidence is NOT as it was written", Tone::bad};
}

std::string render_verified(const Json& verified, Verdict verdict, const std::string& journal, const Output& output) {
    const auto words = words_of(verdict);
    const auto wrapped = [&](std::string_view line) { return wrap_columns(line, output.width(), 0) + "\n"; };
    auto text = output.paint(words.tone, words.text);
    const auto entries = number_under(verified, "entries");
    const auto which = entries == 0 ? std::string("there is none yet.")
                                    : fmt::format("{}, {} to {}, the newest with hash {}.",
                                                  entries == 1 ? "1 entry" : fmt::format("{} entries", entries),
                                                  number_under(verified, "first_seq"),
                                                  number_under(verified, "head_seq"), text_of(verified, "head_hash"));
    const bool fits = output.width() == 0 || words.text.size() + 2 + which.size() <= output.width();
    text += (fits ? ": " : ":\n") + wrapped(which);
    if (const auto fault = text_of(verified, "fault"); !fault.empty())
        text += wrapped(fmt::format("Entry {}: {}.", number_under(verified, "fault_seq"), fault));
    text += !is_applier_asked(verified) ? std::string("Applier: could not be asked.\n")
            : number_under(verified, "applier_seq") == 0
                ? std::string("Applier: was told nothing yet.\n")
                : fmt::format("Applier: was told of entry {}.\n", number_under(verified, "applier_seq"));
    text += wrapped(fmt::format("Journal: {}.", journal));
    for (const auto& alarm : get_strings(verified, "alarms"))
        text += wrapped(fmt::format("Alarm: {}.", printable(alarm, 500)));
    return text;
}

ExitCode verify(Session& session) {
    const auto& output = session.output;
    auto verified = session.manager.dict("VerifyEvidence");
    if (!verified) return fail(session, verified.error());
    *verified = documents::shape(*verified, documents::verification());
    JournalWord journal;
    if (session.options.journal) {
        auto word = ask_journal(session, *verified);
        if (!word) return fail(session, word.error());
        journal = *std::move(word);
    }
    const auto stored = get_bool(*verified, "ok") ? Verdict::sound : Verdict::faulty;
    const auto applier = is_applier_asked(*verified) ? Verdict::sound : Verdict::unproven;
    const auto verdict = std::max({stored, applier, journal.verdict});
    const bool ok = verdict == Verdict::sound;
    (*verified)["ok"] = ok;
    if (output.wants_json())
        output.json(*verified);
    else
        output.text(render_verified(*verified, verdict, journal.text, output));
    return ok ? ExitCode::success : ExitCode::failure;
}

}  // namespace

ExitCode show_report(Session& session) {
    if (session.options.verify) return verify(session);
    const auto now = present();
    const auto from = session.options.from.value_or(now - std::chrono::days(7));
    const auto to = session.options.to.value_or(now + std::chrono::seconds(1));
    auto entries = fetch(session, from, to);
    if (!entries) return fail(session, entries.error());
    if (session.output.wants_json())
        session.output.json(
            Json{{"from", render_time(from)}, {"to", render_time(to)}, {"entries", *std::move(entries)}});
    else
        session.output.text(render(*entries, session.output));
    return ExitCode::success;
}

}  // namespace ntpopt::ctl

// Implementation of journal.hpp.
#include "daemon/apply/journal.hpp"

#include <fmt/format.h>

namespace ntpopt {
namespace {

constexpr const char* kFile = "txn.json";
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
/// What is read. A journal that is too large to be read is of no use to anybody, the way back least of all.
constexpr std::size_t kMaxJournal = 64 * 1024 * 1024;
/// What a transaction may begin with, by itself: what was committed before it stands beside it. A committed one stands
/// in the journal twice, and steps on the way may add a little; so there is room for both, twice over.
constexpr std::size_t kMaxBegun = kMaxJournal / 4;
/// The same of a way back, which has to lead away from any of them.
constexpr std::size_t kMaxRollback = kMaxJournal * 3 / 8;
constexpr int kVersion = 1;

Json choices_json(const std::vector<Choice>& choices) {
    Json array = Json::array();
    for (const auto& choice : choices)
        array.push_back(to_json(choice));
    return array;
}

/// Without its change, which nobody asks for any more: the way back leads to the choices.
Json kept_json(const CommittedSet& set) {
    return {{"transaction", set.transaction},
            {"committed_usec", set.committed_usec},
            {"service", name_of(set.service)},
            {"choices", choices_json(set.choices)},
            {"original", set.original}};
}

Json committed_json(const CommittedSet& set) {
    Json json = kept_json(set);
    json["change"] = set.change;
    return json;
}

Json transaction_json(const OpenTransaction& open) {
    return {{"report", to_json(open.report)},
            {"service", name_of(open.service)},
            {"choices", choices_json(open.choices)},
            {"original", open.original},
            {"boot", open.boot},
            {"change", open.change}};
}

Status check_size(const std::string& text, std::size_t limit) {
    if (text.size() <= limit) return {};
    return Error{Errc::refused, fmt::format("it would have {} bytes, more than {}: the service's configuration is too "
                                            "large for it to be kept and brought back",
                                            text.size(), limit)};
}

std::uint64_t number(const Json& json, std::string_view key) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, get_integer(json, key).value_or(0)));
}

std::vector<std::uint64_t> times(const Json& json, std::string_view key) {
    std::vector<std::uint64_t> list;
    for (const auto& item : get_array(json, key))
        if (item.is_number_unsigned()) list.push_back(item.get<std::uint64_t>());
    return list;
}

Result<CommittedSet> parse_committed(const Json& json) {
    const auto service = parse_word<Service>(get_string(json, "service"));
    auto choices = parse_choices(get_array(json, "choices"));
    if (!service || !choices) return Error{Errc::parse, "a committed configuration cannot be read"};
    return CommittedSet{number(json, "transaction"), number(json, "committed_usec"), *service,
                        std::move(*choices),         get_bool(json, "original"),     get_object(json, "change")};
}

Result<OpenTransaction> parse_open(const Json& json) {
    auto report = parse_transaction(get_object(json, "report"));
    const auto service = parse_word<Service>(get_string(json, "service"));
    auto choices = parse_choices(get_array(json, "choices"));
    if (!report || !service || !choices) return Error{Errc::parse, "the last transaction cannot be read"};
    return OpenTransaction{std::move(*report),       *service,
                           std::move(*choices),      get_bool(json, "original"),
                           get_string(json, "boot"), get_object(json, "change")};
}

}  // namespace

Json to_json(const JournalDocument& document) {
    Json kept = Json::array();
    for (const auto& set : document.kept)
        kept.push_back(kept_json(set));
    Json json{{"version", kVersion},
              {"last_transaction", document.last_transaction},
              {"transaction", document.transaction ? transaction_json(*document.transaction) : Json()},
              {"committed", document.committed ? committed_json(*document.committed) : Json()},
              {"kept", std::move(kept)},
              {"paused", document.paused},
              {"changes_usec", document.changes_usec},
              {"begun_usec", document.begun_usec}};
    put_evidence(json, document.evidence);
    return json;
}

Result<JournalDocument> parse_journal(const Json& json) {
    if (get_integer(json, "version") != kVersion) return Error{Errc::parse, "a journal of another version"};
    JournalDocument document;
    document.last_transaction = number(json, "last_transaction");
    document.paused = get_bool(json, "paused");
    document.changes_usec = times(json, "changes_usec");
    document.begun_usec = times(json, "begun_usec");
    auto evidence = get_evidence(json);
    if (!evidence) return evidence.error();
    document.evidence = *std::move(evidence);
    if (const Json& open = get_object(json, "transaction"); !open.empty()) {
        auto transaction = parse_open(open);
        if (!transaction) return transaction.error();
        document.transaction = std::move(*transaction);
    }
    if (const Json& committed = get_object(json, "committed"); !committed.empty()) {
        auto set = parse_committed(committed);
        if (!set) return set.error();
        document.committed = std::move(*set);
    }
    for (const auto& item : get_array(json, "kept")) {
        auto set = parse_committed(item);
        if (!set) return set.error();
        document.kept.push_back(std::move(*set));
    }
    return document;
}

Result<Journal> Journal::open(const std::string& state_dir) {
    auto directory = Directory::create(state_dir, kDirectoryMode);
    if (!directory) return directory.error();
    if (auto taken = directory->lock(); !taken) return taken.error();
    directory->sweep(kFile);
    Journal journal(std::move(*directory));
    const auto text = journal.directory_.read(kFile, kMaxJournal);
    if (!text) return text.error();
    if (!*text) return journal;
    const auto json = parse_json(**text, kMaxJournal);
    auto document = json ? parse_journal(*json) : Result<JournalDocument>(json.error());
    if (document) {
        journal.document_ = std::move(*document);
        return journal;
    }
    const std::string aside = std::string(kFile) + ".damaged";
    if (auto kept = journal.directory_.replace(aside, **text, kFileMode); !kept) return kept.error();
    journal.damage_ =
        fmt::format("{}/{} was damaged ({}) and lies beside as {}", state_dir, kFile, document.error().detail, aside);
    return journal;
}

Status Journal::save() const {
    const auto& last = document_.transaction;
    if (last && last->report.state == TransactionState::prepared) {
        const auto limit = last->report.kind == "rollback" ? kMaxRollback : kMaxBegun;
        if (auto fine = check_size(render_json(transaction_json(*last)), limit); !fine) return fine;
    }
    const std::string text = render_json(to_json(document_)) + "\n";
    if (auto fine = check_size(text, kMaxJournal); !fine) return fine;
    return directory_.replace(kFile, text, kFileMode);
}

}  // namespace ntpopt

// The applier's memory: one document in one file, replaced atomically. It is written ahead of every step, so that
// another process can finish or undo what this one began; and it remembers what is committed, what was before, and how
// often the machine was changed lately. Decides nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/service/service.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {

/// A change that is under way, or the last one.
struct OpenTransaction {
    TransactionReport report;
    Service service = Service::none;
    std::vector<Choice> choices;
    bool original = false;
    std::string boot;  ///< boot_id() when it began
    Json change;       ///< Change::record()
};

/// A configuration that was committed: ownership of what we wrote, and a place to return to.
struct CommittedSet {
    std::uint64_t transaction = 0;
    std::uint64_t committed_usec = 0;
    Service service = Service::none;
    std::vector<Choice> choices;
    bool original = false;
    Json change;
};

struct JournalDocument {
    std::uint64_t last_transaction = 0;
    std::optional<OpenTransaction> transaction;  ///< open where its state is not final
    std::optional<CommittedSet> committed;
    std::vector<CommittedSet> kept;           ///< what was committed before, oldest first; `change` is not kept
    bool paused = false;                      ///< rolled back by hand: only who asks by hand changes anything
    std::vector<std::uint64_t> changes_usec;  ///< when the machine was changed, as far as the limits look back
    EvidenceMark evidence;                    ///< what the daemon said last of its evidence
    std::vector<std::uint64_t> begun_usec;    ///< when a transaction of any kind began, the same
};

[[nodiscard]] Json to_json(const JournalDocument& document);
[[nodiscard]] Result<JournalDocument> parse_journal(const Json& json);

class Journal {
  public:
    /// Takes the state directory for this process (Errc::busy where another one has it), made with mode 0700 where it
    /// is missing, and reads the document. A damaged one is set aside under another name, and said in damage().
    [[nodiscard]] static Result<Journal> open(const std::string& state_dir);

    [[nodiscard]] JournalDocument& document() { return document_; }
    [[nodiscard]] const JournalDocument& document() const { return document_; }

    /// Makes the document durable. Until then nothing of it may be acted on. Errc::refused where a transaction that
    /// begins ("prepared") would let it grow larger than what can surely be read again at its end.
    [[nodiscard]] Status save() const;

    /// What was wrong with the document that was found; empty otherwise.
    [[nodiscard]] const std::string& damage() const { return damage_; }

  private:
    explicit Journal(Directory directory) : directory_(std::move(directory)) {}

    Directory directory_;
    JournalDocument document_;
    std::string damage_;
};

}  // namespace ntpopt

// The memory of the daemon in one SQLite file of the state directory: documents, rounds, caches, the evidence and the
// outbox behind their ports. One transaction a record; what is over the limits of age and size goes in the same one. A
// damaged file is set aside and a fresh one begun. Where the file cannot be had at all, nothing is remembered and every
// save() says why: rounds do not depend on it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/io/store/database.hpp"
#include "daemon/io/sys/files.hpp"
#include "daemon/ports/archive.hpp"
#include "daemon/ports/cache.hpp"
#include "daemon/ports/ledger.hpp"
#include "daemon/ports/outbox.hpp"
#include "daemon/ports/store.hpp"

namespace ntpopt {

class SqliteStore final : public Store, public Archive, public Cache, public Ledger, public Outbox {
  public:
    static constexpr const char* kFile = "ntpopt.db";

    /// Opens the directory and takes it for this process alone. It must exist, and be ours or root's to write only.
    /// What ntpopt 0.1 kept there as JSON files is taken over once.
    [[nodiscard]] static Result<SqliteStore> open(const std::string& directory);

    /// What was found amiss on opening, or done to the files, as sentences.
    [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }

    [[nodiscard]] Result<Json> load(std::string_view name) override;
    [[nodiscard]] Result<Json> last_round() override;
    [[nodiscard]] Status trace(const TakeLine& take) override;
    [[nodiscard]] Status save(const Remembered& what) override;

    [[nodiscard]] Result<std::vector<std::uint64_t>> find(const RoundWindow& window) override;
    [[nodiscard]] Result<StoredRound> round(std::uint64_t run_id) override;

    [[nodiscard]] std::optional<CachedAnswer> answer(std::string_view name, std::string_view kind) override;
    void put(CachedAnswer answer) override;
    [[nodiscard]] std::optional<CachedList> list(std::string_view url) override;
    void put(CachedList list) override;

    [[nodiscard]] Status add(EvidenceFact fact) override;
    [[nodiscard]] EvidenceMark mark() const override { return mark_; }
    [[nodiscard]] Result<std::vector<EvidenceEntry>> entries(const EvidenceWindow& window) override;
    [[nodiscard]] Result<std::optional<EvidenceEntry>> entry(std::uint64_t seq) override;
    [[nodiscard]] Result<LedgerCheck> check() override;
    [[nodiscard]] Status prune(std::uint64_t oldest_usec, std::uint64_t most, std::uint64_t now_usec) override;
    [[nodiscard]] Result<std::vector<OutboxEntry>> waiting() override;
    [[nodiscard]] Result<Json> notice_state() override;
    [[nodiscard]] Status change(const OutboxChange& change) override;

    /// For tests: no more pages than this, as if the disk were full.
    [[nodiscard]] Status limit_pages(int pages);

  private:
    explicit SqliteStore(Directory directory) : directory_(std::move(directory)) {}

    void open_file();
    void set_aside(const std::string& why);
    void take_over_files();
    [[nodiscard]] Status reopen();
    [[nodiscard]] Status write(const Remembered& what);
    [[nodiscard]] Status write_document(const std::string& name, const Json& document);
    [[nodiscard]] Status write_trace(const TraceChange& change);
    [[nodiscard]] Status write_round(const Remembered& what);
    void keep_caches();
    [[nodiscard]] Status write_caches();
    [[nodiscard]] Status prune_caches(std::uint64_t max_size);
    [[nodiscard]] Status drop_copies(std::uint64_t max_bytes);
    [[nodiscard]] Status forget_old(const HistoryConfig& limits, RealTime now);
    [[nodiscard]] Status make_room(std::uint64_t bytes, std::uint64_t max_size);
    [[nodiscard]] Status forget_round(std::uint64_t run_id);
    void tidy(std::uint64_t max_size);
    [[nodiscard]] Result<EvidenceMark> stored_mark();
    [[nodiscard]] Status write_facts();
    [[nodiscard]] Status write_entry(const EvidenceEntry& entry);

    Directory directory_;
    std::optional<Database> database_;
    Error closed_{Errc::io, "not opened"};  ///< why there is no database
    bool had_file_ = false;                 ///< there is something in a file that could not be read
    std::vector<std::string> notices_;
    std::vector<CachedAnswer> answers_;  ///< not written yet
    std::vector<CachedList> lists_;
    std::vector<EvidenceFact> facts_;
    EvidenceMark mark_;
};

}  // namespace ntpopt

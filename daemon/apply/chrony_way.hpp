// How chronyd hears of lines, and where they outlive it: by *.sources files in a directory that it reads, or by chronyc
// and marked edits of its configuration file. This is the one part of a change in which the two differ.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "daemon/apply/chrony_link.hpp"
#include "daemon/apply/our_files.hpp"

namespace ntpopt {

/// The lines that are wanted as a change goes on: old and new ones; those that chronyd takes while the last old ones
/// go; the end.
enum class ChronyStage { staged, settled, final };

class ChronyWay {
  public:
    ChronyWay(const ChronyRecord& record, ChronyLink& link) : record_(record), link_(link) {}
    virtual ~ChronyWay() = default;
    ChronyWay(const ChronyWay&) = delete;
    ChronyWay& operator=(const ChronyWay&) = delete;

    /// Writes the lines of the stage durably. Errc::refused where an administrator changed a file.
    [[nodiscard]] virtual Status write(ChronyStage stage) = 0;
    /// Makes the chronyd that is attached follow the lines of the stage; what has no line stays. Again and again
    /// without harm.
    virtual boost::asio::awaitable<Status> load(ChronyStage stage) = 0;
    /// Brings the old lines and the old sources back, whatever chronyd runs, or none.
    virtual boost::asio::awaitable<Status> undo() = 0;

    /// Takes our lines out of the files, for a chronyd that does not run.
    [[nodiscard]] virtual Status withdraw() = 0;

    /// Sentences about files that undo() left as somebody else made them.
    [[nodiscard]] const std::vector<std::string>& left_alone() const { return left_alone_; }

  protected:
    /// While undoing, a file of an administrator's is no failure: it stays, and is told of.
    [[nodiscard]] Status unless_changed_by_others(Status done);
    /// Whether chronyd has fewer sources of this line than before. A pool has twice as many as it may until it is full;
    /// that those without an address went then is no loss.
    [[nodiscard]] bool is_missing(const ChronyDirective& line, const std::vector<ChronySource>& sources) const;
    /// The lines among `known` of sources that chronyd followed before and that are missing now. What is left of such a
    /// pool and has no address is deleted: the line brings the whole pool back.
    boost::asio::awaitable<Result<std::vector<ChronyDirective>>> take_missing(std::vector<ChronyDirective> known);
    /// Names and addresses by which chronyd lists what comes back by these lines.
    [[nodiscard]] std::vector<std::string> names_of_returning(const std::vector<ChronyDirective>& lines) const;
    /// Adds the addresses that the line led to before: without the name service they are still known. False where there
    /// are none.
    boost::asio::awaitable<bool> add_by_address(ChronyDirective line);
    /// Waits until one of these can be followed at once (judge_heirs), for a while: so ours stay until chronyd has
    /// another source.
    boost::asio::awaitable<Status> await_one_of(std::vector<std::string> names);
    /// Deletes the sources of these names which chronyd did not follow before.
    boost::asio::awaitable<Status> delete_all_but_former(std::vector<std::string> names);

    const ChronyRecord& record_;
    ChronyLink& link_;
    std::vector<std::string> left_alone_;

  private:
    [[nodiscard]] const ChronyFormer* former_of(const ChronyDirective& line) const;
};

/// The way of this record; both arguments must outlive it.
[[nodiscard]] std::unique_ptr<ChronyWay> make_chrony_way(const ChronyRecord& record, ChronyLink& link);

/// How long restored sources may take to answer before ours go all the same.
inline constexpr Duration kChronyRestoreWait = std::chrono::seconds(20);
/// chronyd answers within a few seconds after its start.
inline constexpr int kChronyStartAttempts = 20;
/// Names that chronyd has not resolved yet multiply for a while; then nothing comes back.
inline constexpr int kChronyDeleteAttempts = 5;

}  // namespace ntpopt

// Implementation of journal_marks.hpp.
#include "ctl/journal_marks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "common/json.hpp"
#include "common/text.hpp"

namespace ntpopt::ctl {
namespace {

constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

/// Fields with a leading underscore are journald's own word: nobody else can write as our units. The identifiers are
/// those of a transaction's state, of a round's end, and of the end of one that was undone (daemon/io/sys/journal.hpp).
constexpr std::array<const char*, 14> kCommand{"journalctl",
                                               "--quiet",
                                               "--no-pager",
                                               "--reverse",
                                               "--lines=500",
                                               "--output=json",
                                               "--output-fields=NTPOPT_EVIDENCE_SEQ,NTPOPT_EVIDENCE_HEAD",
                                               "_SYSTEMD_UNIT=ntpopt-apply.service",
                                               "MESSAGE_ID=1af399cc0dfc4b1889318d0f978b7fdf",
                                               "+",
                                               "_SYSTEMD_UNIT=ntpoptd.service",
                                               "MESSAGE_ID=6aaae5b6eaea4de4bdb1bcd41be24819",
                                               "MESSAGE_ID=ef3d02fc7d0c4710ac5ee03984407d27",
                                               nullptr};

/// What the program prints, where it ends well.
Result<std::string> output_of_journalctl() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Errc::io, std::strerror(errno)};
    const auto child = ::fork();
    if (child < 0) {
        ::close(ends[0]);
        ::close(ends[1]);
        return Error{Errc::io, std::strerror(errno)};
    }
    if (child == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::execvp(kCommand[0], const_cast<char* const*>(kCommand.data()));
        ::_exit(127);
    }
    ::close(ends[1]);
    std::string text;
    std::array<char, 65536> part{};
    while (text.size() < kMostBytes) {
        const auto got = ::read(ends[0], part.data(), part.size());
        if (got <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return Error{Errc::io, "there is no journalctl"};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return Error{Errc::io, "journalctl failed"};
    return text;
}

std::optional<JournalMark> mark_of(const Json& entry) {
    const auto digits = get_string(entry, "NTPOPT_EVIDENCE_SEQ");
    const auto seq = digits.size() <= 18 ? parse_number<std::uint64_t>(digits) : std::nullopt;
    JournalMark mark{seq.value_or(0), get_string(entry, "NTPOPT_EVIDENCE_HEAD")};
    // A number of 0 is what is written where there is no evidence.
    const bool hash = mark.hash.size() == 64 && mark.hash.find_first_not_of("0123456789abcdef") == std::string::npos;
    return mark.seq != 0 && hash ? std::optional(std::move(mark)) : std::nullopt;
}

}  // namespace

Result<std::vector<JournalMark>> read_journal_marks(std::size_t most) {
    const auto text = output_of_journalctl();
    if (!text) return text.error();
    std::vector<JournalMark> marks;
    for (const auto line : lines(*text)) {
        const auto entry = parse_json(line, kMostBytes);
        if (!entry) continue;
        auto mark = mark_of(*entry);
        if (!mark || std::find(marks.begin(), marks.end(), *mark) != marks.end()) continue;
        marks.push_back(*std::move(mark));
        if (marks.size() == most) break;
    }
    return marks;
}

}  // namespace ntpopt::ctl

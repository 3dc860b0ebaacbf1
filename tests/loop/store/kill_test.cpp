// A process that is killed at any of its writes, half of it done, loses at most the round that it was writing.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/loop/store/sample_rounds.hpp"

namespace ntpopt {
namespace {

using test::open_store;
using test::remember;
using test::sample_round;
using test::Scratch;

/// Writes that are still whole. The one after them is done by half, and is the last.
int writes_left = 0;

ssize_t last_write(int fd, const void* data, size_t size, off_t at) {
    if (--writes_left >= 0) return ::pwrite(fd, data, size, at);
    if (::pwrite(fd, data, size / 2, at) >= 0) ::raise(SIGKILL);
    return -1;
}

int last_truncate(int fd, off_t size) {
    if (--writes_left >= 0) return ::ftruncate(fd, size);
    ::raise(SIGKILL);
    return -1;
}

/// Rounds from `first` on, each told once it is remembered, until the writes are used up.
[[noreturn]] void live(const Scratch& scratch, std::uint64_t first, int whole_writes, int tell) {
    writes_left = whole_writes;
    auto* system = sqlite3_vfs_find(nullptr);
    system->xSetSystemCall(system, "pwrite", reinterpret_cast<sqlite3_syscall_ptr>(last_write));
    system->xSetSystemCall(system, "pwrite64", reinterpret_cast<sqlite3_syscall_ptr>(last_write));
    system->xSetSystemCall(system, "ftruncate", reinterpret_cast<sqlite3_syscall_ptr>(last_truncate));
    auto store = SqliteStore::open(scratch.path());
    if (!store) ::_exit(1);
    HistoryConfig limits;
    limits.max_size = 256 * 1024;  // so that old rounds go, too
    for (auto run_id = first;; ++run_id) {
        if (!remember(*store, sample_round(run_id, 20), limits)) ::_exit(2);
        if (::write(tell, &run_id, sizeof run_id) != sizeof run_id) ::_exit(3);
    }
}

TEST(Kill, TwoHundredTimesInAWriteCostsAtMostTheRoundBeingWritten) {
    Scratch scratch;
    std::uint64_t last = 0;
    int lost = 0;
    for (int i = 0; i < 200; ++i) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        if (child == 0) live(scratch, last + 1, i * 37 % 211, ends[1]);
        ::close(ends[1]);
        auto told = last;
        for (std::uint64_t run_id = 0; ::read(ends[0], &run_id, sizeof run_id) == sizeof run_id;)
            told = run_id;
        ::close(ends[0]);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;

        auto store = open_store(scratch);
        ASSERT_THAT(store.notices(), testing::IsEmpty()) << "life " << i;
        const auto found = store.find({}).value();
        last = found.empty() ? 0 : found.back();
        // What was told is there; the one in the making may be.
        ASSERT_THAT(last, testing::AnyOf(told, told + 1)) << "life " << i;
        lost += last == told ? 1 : 0;
        for (std::size_t at = 1; at < found.size(); ++at)
            ASSERT_EQ(found[at], found[at - 1] + 1) << "life " << i;
        if (last > 0) {
            ASSERT_EQ(get_integer(store.load("selection").value(), "round"), last) << "of one transaction";
        }
        for (const auto run_id : found)
            ASSERT_TRUE(unpack_round(*store.round(run_id)));
    }
    EXPECT_GT(last, 200U);
    EXPECT_GT(lost, 0) << "no kill hit a write that mattered";
    EXPECT_LT(lost, 200) << "no kill came after a commit";
}

}  // namespace
}  // namespace ntpopt

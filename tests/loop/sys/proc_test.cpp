// Finding programs through /proc.
#include "daemon/io/sys/proc.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace ntpopt {
namespace {

TEST(Proc, finds_this_very_process_by_its_program) {
    const std::string name = std::filesystem::read_symlink("/proc/self/exe").filename();
    const auto found = find_processes({name, "chronyd"});
    ASSERT_TRUE(found);
    ASSERT_GE(found->size(), 1u);
    bool seen = false;
    for (const auto& process : *found) {
        if (process.pid != getpid()) continue;
        seen = true;
        EXPECT_EQ(process.parent, getppid());
        EXPECT_EQ(process.exe, std::filesystem::read_symlink("/proc/self/exe").string());
        EXPECT_GT(process.start_ticks, 0u);
        EXPECT_FALSE(process.arguments.empty());
        EXPECT_TRUE(instance_of(process).starts_with(std::to_string(getpid()) + ":"));
    }
    EXPECT_TRUE(seen);
    EXPECT_TRUE(find_processes({"no-such-program"})->empty());
}

TEST(Proc, the_boot_has_a_name) {
    EXPECT_EQ(boot_id()->size(), 36u);
}

}  // namespace
}  // namespace ntpopt

// Which programs root may run. Those that others may write need a place of root's:
// tests/services/chrony/detect_test.py.
#include "daemon/io/sys/safe_path.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

TEST(SafePath, the_programs_of_the_machine_are_root_s_through_links_too) {
    for (const std::string path : {"/bin/sh", "/usr/bin/env", "/usr/../bin/./sh"})
        EXPECT_TRUE(check_program(path)) << path;
}

TEST(SafePath, what_lies_below_a_folder_of_all_is_nobody_s_program) {
    namespace fs = std::filesystem;
    const test::Scratch scratch;
    const fs::path folder = scratch.file("tmp");  // as /tmp is, whichever folder stands for that one here
    fs::create_directory(folder);
    fs::permissions(folder, fs::perms::all | fs::perms::sticky_bit);
    fs::copy("/bin/sh", folder / "chronyd");
    EXPECT_EQ(check_program(folder / "chronyd").error().code, Errc::refused);
    fs::create_symlink("/bin/sh", folder / "link");
    EXPECT_EQ(check_program(folder / "link").error().code, Errc::refused);
}

TEST(SafePath, what_is_no_program_is_none) {
    EXPECT_FALSE(check_program("/usr/bin/no-such-program"));
    EXPECT_FALSE(check_program("/usr/bin"));
    EXPECT_FALSE(check_program("bin/sh"));
    EXPECT_FALSE(check_program("/dev/null"));
}

}  // namespace
}  // namespace ntpopt

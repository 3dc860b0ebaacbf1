// Files handled by root in directories of others: atomic, bounded, never through a link.
#include "daemon/io/sys/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

class Files : public testing::Test {
  protected:
    [[nodiscard]] Directory directory() const { return std::move(*Directory::open(path_)); }
    [[nodiscard]] mode_t mode_of(const std::string& name) const {
        struct stat status {};
        EXPECT_EQ(lstat((path_ + "/" + name).c_str(), &status), 0);
        return status.st_mode & 07777;
    }

    const test::Scratch scratch_;
    const std::string path_ = scratch_.path();
};

TEST_F(Files, a_replaced_file_has_its_content_and_mode_whatever_the_umask) {
    const auto old = umask(077);
    EXPECT_TRUE(directory().replace("x.sources", "server a\n", 0644));
    EXPECT_TRUE(directory().replace("x.sources", "server b\n", 0644));
    umask(old);
    EXPECT_EQ(**directory().read("x.sources", 100), "server b\n");
    EXPECT_EQ(mode_of("x.sources"), 0644u);
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x.sources"));
}

// Under systemd chronyd could not read the /run/chrony-dhcp that the applier had made, and kept none of its own
// servers.
TEST_F(Files, a_new_folder_has_its_mode_whatever_the_umask) {
    const auto old = umask(077);
    EXPECT_TRUE(Directory::create(path_ + "/made", 0755));
    umask(old);
    EXPECT_EQ(mode_of("made"), 0755u);
    chmod((path_ + "/made").c_str(), 0700);
    EXPECT_TRUE(Directory::create(path_ + "/made", 0755));
    EXPECT_EQ(mode_of("made"), 0700u) << "what is there already is not ours to open up";
}

TEST_F(Files, what_a_crash_left_is_no_obstacle) {
    std::ofstream(path_ + "/.x.sources.new") << "half";
    EXPECT_TRUE(directory().replace("x.sources", "whole\n", 0600));
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x.sources"));
}

TEST_F(Files, what_somebody_else_wrote_since_the_look_stays) {
    const FileImage image{"ours\n", 0640, geteuid(), getegid(), ""};
    const IsKnown is_old = [](const auto& text) { return text == "old\n"; };
    const IsKnown is_nothing = [](const auto& text) { return !text; };
    const auto write = [&](const std::string& text) { std::ofstream(path_ + "/x") << text; };

    EXPECT_TRUE(*directory().replace_known("x", image, 100, is_nothing));
    EXPECT_EQ(mode_of("x"), 0640u);
    EXPECT_FALSE(*directory().replace_known("x", image, 100, is_nothing)) << "he made a file where there was none";
    write("old\n");
    EXPECT_TRUE(*directory().replace_known("x", image, 100, is_old));
    EXPECT_EQ(**directory().read("x", 100), "ours\n");

    write("his\n");
    chmod((path_ + "/x").c_str(), 0604);
    EXPECT_FALSE(*directory().replace_known("x", image, 100, is_old));
    EXPECT_FALSE(*directory().remove_known("x", 100, is_old));
    EXPECT_EQ(**directory().read("x", 100), "his\n");
    EXPECT_EQ(mode_of("x"), 0604u);

    std::filesystem::remove(path_ + "/x");
    EXPECT_FALSE(*directory().replace_known("x", image, 100, is_old)) << "he removed it";
    EXPECT_EQ(*directory().read("x", 100), std::nullopt);
    EXPECT_TRUE(*directory().remove_known("x", 100, is_old));
    write("old\n");
    EXPECT_TRUE(*directory().remove_known("x", 100, is_old));
    EXPECT_THAT(*directory().list(), testing::IsEmpty());
}

TEST_F(Files, of_two_that_somebody_else_wrote_in_the_middle_the_later_stays) {
    const FileImage image{"ours\n", 0644, geteuid(), getegid(), ""};
    const auto write = [&](const std::string& text) {
        std::ofstream(path_ + "/y") << text;
        std::filesystem::rename(path_ + "/y", path_ + "/x");
    };
    write("first\n");
    const IsKnown and_writes = [&](const auto&) {
        write("second\n");
        return false;
    };
    EXPECT_FALSE(*directory().replace_known("x", image, 100, and_writes));
    EXPECT_EQ(**directory().read("x", 100), "second\n");
    write("first\n");
    EXPECT_FALSE(*directory().remove_known("x", 100, and_writes));
    EXPECT_EQ(**directory().read("x", 100), "second\n");
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x"));
}

TEST_F(Files, what_is_no_readable_text_is_not_displaced) {
    const FileImage image{"ours\n", 0644, geteuid(), getegid(), ""};
    const IsKnown all = [](const auto&) { return true; };
    std::ofstream(path_ + "/x") << std::string(200, 'x');
    EXPECT_FALSE(directory().replace_known("x", image, 100, all)) << "larger than anything of ours";
    EXPECT_FALSE(directory().remove_known("x", 100, all));
    EXPECT_EQ(std::filesystem::file_size(path_ + "/x"), 200u);
    std::filesystem::remove(path_ + "/x");
    std::filesystem::create_symlink("target", path_ + "/x");
    EXPECT_FALSE(directory().replace_known("x", image, 100, all));
    EXPECT_TRUE(std::filesystem::is_symlink(path_ + "/x"));
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x"));
}

TEST_F(Files, links_are_replaced_not_followed_and_not_read) {
    std::ofstream(path_ + "/target") << "untouched";
    std::filesystem::create_symlink("target", path_ + "/x");
    EXPECT_FALSE(directory().read("x", 100));
    EXPECT_TRUE(directory().replace("x", "new", 0644));
    EXPECT_EQ(**directory().read("x", 100), "new");
    EXPECT_EQ(**directory().read("target", 100), "untouched");
    std::filesystem::create_symlink(path_, path_ + "-link");
    EXPECT_FALSE(Directory::open(path_ + "-link"));
    std::filesystem::remove(path_ + "-link");
}

TEST_F(Files, reading_is_bounded_and_absence_is_no_error) {
    EXPECT_TRUE(directory().replace("x", std::string(101, 'a'), 0644));
    EXPECT_EQ(directory().read("x", 100).error().code, Errc::io);
    EXPECT_EQ(*directory().read("nothing", 100), std::nullopt);
    EXPECT_TRUE(directory().remove("nothing"));
    EXPECT_TRUE(directory().remove("x"));
    EXPECT_EQ(*directory().read("x", 100), std::nullopt);
    ASSERT_EQ(mkfifo((path_ + "/fifo").c_str(), 0600), 0);
    EXPECT_FALSE(directory().read("fifo", 100)) << "a fifo must neither block nor count";
}

TEST_F(Files, a_directory_that_others_may_write_is_refused) {
    chmod(path_.c_str(), 0777);
    EXPECT_EQ(Directory::open(path_).error().code, Errc::refused);
    chmod(path_.c_str(), 0700);
    if (geteuid() == 0) {
        ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
        EXPECT_EQ(Directory::open(path_).error().code, Errc::refused);
        ASSERT_EQ(chown(path_.c_str(), 0, 0), 0);
    }
}

TEST_F(Files, links_on_the_way_count_where_nobody_else_can_make_them) {
    std::filesystem::create_directories(path_ + "/real/inner");
    std::filesystem::create_symlink("real", path_ + "/short");
    std::filesystem::create_symlink(path_ + "/real/../short", path_ + "/long");
    std::filesystem::create_symlink("round", path_ + "/round");
    EXPECT_TRUE(Directory::open(path_ + "/short/inner"));
    EXPECT_TRUE(Directory::open(path_ + "/long/./inner//"));
    EXPECT_TRUE(Directory::create(path_ + "/long/new", 0755));
    EXPECT_TRUE(std::filesystem::is_directory(path_ + "/real/new"));
    EXPECT_FALSE(Directory::open(path_ + "/round/inner"));
    EXPECT_FALSE(Directory::open(path_ + "/short")) << "the last step is no link";
    EXPECT_FALSE(Directory::open("relative"));
}

TEST_F(Files, a_way_that_others_can_bend_is_refused_at_every_step) {
    std::filesystem::create_directories(path_ + "/a/b/c");
    for (const auto* step : {"/a", "/a/b"}) {
        chmod((path_ + step).c_str(), 0777);
        EXPECT_EQ(Directory::open(path_ + "/a/b/c").error().code, Errc::refused) << step;
        EXPECT_EQ(Directory::create(path_ + "/a/b/c", 0755).error().code, Errc::refused) << step;
        chmod((path_ + step).c_str(), 0755);
        if (geteuid() != 0) continue;
        ASSERT_EQ(chown((path_ + step).c_str(), 65534, 65534), 0);
        EXPECT_EQ(Directory::open(path_ + "/a/b/c").error().code, Errc::refused) << step;
        ASSERT_EQ(chown((path_ + step).c_str(), 0, 0), 0);
    }
    // In a sticky directory of all, what is ours stays ours, but a link may be anybody's.
    chmod((path_ + "/a").c_str(), 01777);
    EXPECT_TRUE(Directory::open(path_ + "/a/b/c"));
    std::filesystem::create_symlink("b", path_ + "/a/link");
    EXPECT_EQ(Directory::open(path_ + "/a/link/c").error().code, Errc::refused);
}

TEST_F(Files, an_image_comes_back_with_its_owner_and_mode) {
    EXPECT_TRUE(directory().replace("ntp.conf", "old\n", 0640));
    if (geteuid() == 0) {
        EXPECT_EQ(chown((path_ + "/ntp.conf").c_str(), 65534, 65534), 0);
    }
    const auto image = **directory().read_image("ntp.conf", 100);
    EXPECT_EQ(image.content, "old\n");
    EXPECT_EQ(image.mode, 0640u);
    EXPECT_TRUE(directory().replace("ntp.conf", "new\n", 0644));
    EXPECT_TRUE(directory().replace("ntp.conf", image));
    EXPECT_EQ(**directory().read_image("ntp.conf", 100), image);
    EXPECT_EQ(*directory().read_image("nothing", 100), std::nullopt);
}

// A file that a user of the list alone could read was opened to its whole group: the mode's bits of the group are the
// list's mask.
TEST_F(Files, an_image_comes_back_with_its_access_control_list) {
    struct Entry {  // acl(5), as the kernel takes them: tag, rights, whose
        std::uint16_t tag, rights;
        std::uint32_t id;
    };
    struct {
        std::uint32_t version = 2;
        Entry entries[5] = {{0x01, 6, ~0U}, {0x02, 4, 1}, {0x04, 0, ~0U}, {0x10, 4, ~0U}, {0x20, 0, ~0U}};
    } const list;
    const auto acl_of = [&](const std::string& name) {
        std::string acl(100, '\0');
        const auto size = getxattr((path_ + "/" + name).c_str(), "system.posix_acl_access", acl.data(), acl.size());
        return acl.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
    };
    std::ofstream(path_ + "/x") << "old\n";
    chmod((path_ + "/x").c_str(), 0600);
    ASSERT_EQ(setxattr((path_ + "/x").c_str(), "system.posix_acl_access", &list, sizeof list, 0), 0);
    const std::string before = acl_of("x");
    auto image = **directory().read_image("x", 100);
    EXPECT_EQ(image.mode, 0640u);
    EXPECT_EQ(image.acl, before);
    image.content = "new\n";
    EXPECT_TRUE(directory().replace("x", image));
    EXPECT_EQ(**directory().read_image("x", 100), image);
    EXPECT_EQ(acl_of("x"), before);
    EXPECT_TRUE(*directory().replace_known("x", image, 100, [](const auto&) { return true; }));
    EXPECT_EQ(acl_of("x"), before);

    ASSERT_EQ(setxattr(path_.c_str(), "system.posix_acl_default", &list, sizeof list, 0), 0);
    image.acl.clear();
    EXPECT_TRUE(directory().replace("x", image));
    EXPECT_EQ(acl_of("x"), "") << "what had none gets none of its folder's";
    EXPECT_EQ(mode_of("x"), 0640u);
}

TEST_F(Files, what_a_crash_displaced_comes_back_unless_it_is_known) {
    const auto write = [&](const std::string& name, const std::string& text) {
        std::ofstream(path_ + "/" + name) << text;
    };
    const IsKnown is_ours = [](const auto& text) { return text == "ours\n"; };
    write("x", "ours\n");
    write(".x.ntpopt-old", "his\n");
    EXPECT_TRUE(directory().settle("x", 100, is_ours));
    EXPECT_EQ(**directory().read("x", 100), "his\n");
    EXPECT_TRUE(directory().settle("x", 100, is_ours));
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x"));

    write(".x.ntpopt-old", "ours\n");
    EXPECT_FALSE(*directory().replace_known("x", {"ours\n", 0644, geteuid(), getegid(), ""}, 100, is_ours));
    EXPECT_EQ(**directory().read("x", 100), "his\n");
    EXPECT_THAT(*directory().list(), testing::ElementsAre("x"));

    std::filesystem::rename(path_ + "/x", path_ + "/.x.ntpopt-old");
    EXPECT_FALSE(*directory().remove_known("x", 100, is_ours)) << "it was taken out, and its removal interrupted";
    EXPECT_EQ(**directory().read("x", 100), "his\n");

    write(".x.ntpopt-old", "his first\n");
    EXPECT_EQ(directory().remove_known("x", 100, is_ours).error().code, Errc::refused);
    EXPECT_THAT(*directory().list(), testing::ElementsAre(".x.ntpopt-old", "x")) << "of two of his he takes one";
}

TEST_F(Files, a_full_file_system_is_said) {
    EXPECT_TRUE(directory().check_space(1));
    const auto full = directory().check_space(std::uint64_t{1} << 62);
    EXPECT_EQ(full.error().code, Errc::refused);
    EXPECT_THAT(full.error().detail, testing::HasSubstr("make room"));
}

TEST_F(Files, one_process_at_a_time_holds_the_lock) {
    const auto first = directory();
    const auto second = directory();
    EXPECT_TRUE(first.lock());
    EXPECT_EQ(second.lock().error().code, Errc::busy);
}

TEST_F(Files, a_missing_directory_is_made) {
    EXPECT_TRUE(Directory::create(path_ + "/state", 0700));
    EXPECT_TRUE(Directory::create(path_ + "/state", 0700));
    EXPECT_FALSE(Directory::create(path_ + "/a/b", 0700));
    EXPECT_EQ(mode_of("state"), 0700u);
}

}  // namespace
}  // namespace ntpopt

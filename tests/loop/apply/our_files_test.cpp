// Files of a change: pre- and post-images take turns, an administrator's text stays, whatever is asked.
#include "daemon/apply/our_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

using testing::HasSubstr;

class OurFiles : public testing::Test {
  protected:
    OurFiles() {
        file_.path = path_ + "/ntp.conf";
        file_.written = {"staged\n", "final\n"};
    }

    void write(const std::string& text) const { std::ofstream(file_.path) << text; }
    [[nodiscard]] FileText text() const { return *read_text(file_.path); }

    const test::Scratch scratch_;
    const std::string path_ = scratch_.path();
    OurFile file_;
};

TEST_F(OurFiles, what_was_not_there_goes_again) {
    EXPECT_TRUE(put_file(file_, "staged\n"));
    EXPECT_TRUE(put_file(file_, "final\n"));
    EXPECT_EQ(text(), "final\n");
    EXPECT_TRUE(restore_file(file_));
    EXPECT_EQ(text(), std::nullopt);
    EXPECT_TRUE(restore_file(file_)) << "what is done already is no failure";
}

TEST_F(OurFiles, what_was_there_comes_back_byte_by_byte_with_its_mode) {
    write("caf\xe9\n");
    chmod(file_.path.c_str(), 0640);
    file_.before = *read_image(file_.path);
    EXPECT_TRUE(put_file(file_, "final\n"));
    file_.before->acl = "\x02\xff" + std::string(3, '\0');  // an attribute is bytes
    EXPECT_EQ(parse_our_file(*parse_json(render_json(to_json(file_))))->before, file_.before);
    file_.before->acl.clear();
    const std::string every_byte_but_ascii = [] {
        std::string bytes;
        for (int byte = 0x80; byte < 0x100; ++byte)
            bytes += static_cast<char>(byte);
        return bytes;
    }();
    file_.written.emplace_back(every_byte_but_ascii);
    EXPECT_LT(render_json(to_json(file_)["written"].back()).size(), 2 * every_byte_but_ascii.size() + 20);
    const auto again = parse_our_file(*parse_json(render_json(to_json(file_))));
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->written, file_.written);
    EXPECT_TRUE(restore_file(*again)) << "by another process, from the journal";
    EXPECT_EQ(*read_image(file_.path), file_.before);
}

TEST_F(OurFiles, an_administrator_s_text_is_never_overwritten) {
    write("old\n");
    file_.before = *read_image(file_.path);
    EXPECT_TRUE(put_file(file_, "staged\n"));
    write("an administrator's\n");
    for (const FileText& wanted : {FileText("final\n"), FileText("staged\n"), FileText("old\n"), FileText()}) {
        const auto refused = put_file(file_, wanted);
        EXPECT_EQ(refused.error().code, Errc::refused);
        EXPECT_THAT(refused.error().detail, HasSubstr(file_.path + " was changed by somebody else"));
    }
    EXPECT_FALSE(restore_file(file_));
    EXPECT_EQ(text(), "an administrator's\n");
    std::filesystem::remove(file_.path);
    EXPECT_FALSE(restore_file(file_)) << "who removed the file did not want it back";
    EXPECT_EQ(text(), std::nullopt);
}

TEST_F(OurFiles, an_edit_between_the_look_and_the_writing_stays_too) {
    write("old\n");
    const auto edited_after_the_look = [&, looks = 0](const FileText& present) mutable {
        if (looks++ == 0) write("an administrator's\n");
        return present == "old\n";
    };
    for (const FileText& wanted : {FileText("final\n"), FileText()}) {
        write("old\n");
        EXPECT_EQ(put_file(file_.path, wanted, edited_after_the_look).error().code, Errc::refused);
        EXPECT_EQ(text(), "an administrator's\n");
    }
}

// It lay under the name of a temporary file, which the recovery swept away.
TEST_F(OurFiles, an_edit_in_that_moment_outlives_a_crash_too) {
    for (const FileText& wanted : {FileText("staged\n"), FileText()}) {
        write("old\n");
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto edited_and_killed = [&, looks = 0](const FileText&) mutable {
                if (looks++ > 0) _exit(7);
                write("an administrator's\n");
                return true;
            };
            (void)put_file(file_.path, wanted, edited_and_killed);
            _exit(0);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        ASSERT_EQ(WEXITSTATUS(status), 7) << "killed when his text had been taken out";
        EXPECT_NE(text(), "an administrator's\n");
        file_.before = FileImage{"old\n", 0644, geteuid(), getegid(), ""};
        EXPECT_EQ(restore_file(file_).error().code, Errc::refused);
        EXPECT_EQ(text(), "an administrator's\n");
    }
}

// The recovery put the earlier text over the later one, and the next change did the same.
TEST_F(OurFiles, of_two_edits_around_a_crash_the_later_is_not_lost) {
    write("old\n");
    file_.before = *read_image(file_.path);
    const std::string displaced = path_ + "/.ntp.conf.ntpopt-old";
    std::ofstream(displaced) << "his first\n";
    write("his second\n");
    const Remake same = [](const std::string& text) -> Result<std::string> { return text; };
    const auto refused = restore_lines(file_, same);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("see which of them you want, and remove .ntp.conf.ntpopt-old"));
    EXPECT_EQ(text(), "his second\n");
    EXPECT_EQ(*read_text(displaced), "his first\n");

    EXPECT_EQ(check_place(file_.path).error().detail, refused.error().detail) << "before the next change";
    std::filesystem::remove(displaced);
    EXPECT_TRUE(check_place(file_.path));
    EXPECT_TRUE(restore_lines(file_, same));
    EXPECT_EQ(text(), "his second\n");
}

TEST_F(OurFiles, what_a_crash_displaced_while_lines_of_ours_went_is_no_obstacle) {
    const Remake without_ours = [](const std::string& text) -> Result<std::string> {
        const auto begin = text.find("ours\n");
        return begin == std::string::npos ? text : text.substr(0, begin);
    };
    write("old\n");
    file_.before = *read_image(file_.path);
    for (const auto* of_two : {"taken out", "not yet put there"}) {
        const bool done = of_two == std::string("taken out");
        std::ofstream(path_ + "/.ntp.conf.ntpopt-old") << (done ? "his\nours\n" : "his\n");
        write(done ? "his\n" : "his\nours\n");
        EXPECT_TRUE(restore_lines(file_, without_ours)) << of_two;
        EXPECT_EQ(text(), "his\n") << of_two;
        EXPECT_TRUE(check_place(file_.path)) << of_two;
    }
}

TEST_F(OurFiles, a_missing_directory_is_made_for_a_text_and_no_obstacle_otherwise) {
    file_.path = path_ + "/run/x.sources";
    EXPECT_EQ(text(), std::nullopt);
    EXPECT_TRUE(put_file(file_, std::nullopt));
    EXPECT_FALSE(std::filesystem::exists(path_ + "/run"));
    EXPECT_TRUE(check_place(file_.path));
    EXPECT_TRUE(put_file(file_, "staged\n"));
    EXPECT_EQ(text(), "staged\n");
}

TEST_F(OurFiles, a_journal_that_holds_something_else_is_refused) {
    EXPECT_FALSE(parse_our_file(Json::object()));
    EXPECT_FALSE(parse_our_file({{"path", "relative"}}));
    EXPECT_FALSE(parse_our_file({{"path", "/x"}, {"before", {{"text", "a"}}}}));
    EXPECT_FALSE(parse_our_file({{"path", "/x"}, {"written", {{300}}}}));
    const auto written = [](std::string_view text) {
        return parse_our_file(*parse_json(R"({"path": "/x", "written": [)" + std::string(text) + "]}"));
    };
    EXPECT_FALSE(written(R"({"bytes": "\u0100"})"));
    EXPECT_FALSE(written(R"({"bytes": "\u20ac"})"));
    const auto older = written("[99, 233]");
    ASSERT_TRUE(older);
    EXPECT_EQ(older->written.front(), "c\xe9");
}

TEST_F(OurFiles, a_managed_file_is_refused_unless_the_configuration_says_otherwise) {
    ApplyConfig config;
    const auto refused = check_managed("/etc/ntp.conf", "# Ansible managed\n", config);
    EXPECT_EQ(refused.error().code, Errc::refused);
    EXPECT_THAT(refused.error().detail, HasSubstr("/etc/ntp.conf is managed by Ansible"));
    EXPECT_TRUE(check_managed("/etc/ntp.conf", "# mine\n", config));
    config.respect_managed = false;
    EXPECT_TRUE(check_managed("/etc/ntp.conf", "# Ansible managed\n", config));
}

}  // namespace
}  // namespace ntpopt

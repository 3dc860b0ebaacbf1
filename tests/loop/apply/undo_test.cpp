// The undoing of a change of the classic ntpd whose ntp.conf somebody edited in the middle, with no ntpd running: what
// is left is what the next one reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/apply/ntpd.hpp"
#include "daemon/apply/ntpd_record.hpp"
#include "tests/bus/harness/loop.hpp"
#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

using testing::IsEmpty;

constexpr std::string_view kOwn = "driftfile /x\npool 0.test iburst\npool 1.test iburst\n";
constexpr std::string_view kEdit = "restrict 10.0.0.0 mask 255.0.0.0\n";

class Undo : public testing::Test {
  protected:
    Undo() {
        view_.flavour = NtpdFlavour::classic;
        view_.our_path = path_ + "/ntp/ntpopt.conf";
        view_.files = {{path_ + "/ntp.conf", std::string(kOwn), true}};
        write(kOwn);
    }

    void write(std::string_view text) const { std::ofstream(view_.files[0].path) << text; }
    [[nodiscard]] FileText text() const { return *read_text(view_.files[0].path); }
    [[nodiscard]] FileText ours() const { return *read_text(view_.our_path); }

    /// Writes the files of a change to these servers, and keeps its record.
    void change(std::initializer_list<std::string_view> names) {
        ApplyConfig config;
        config.edit_files = true;
        std::vector<Choice> choices;
        for (const auto name : names)
            choices.push_back({*Endpoint::parse(name), std::nullopt, false, 0, Timescale::utc, 0, 0});
        auto plan = plan_ntpd_change(view_, choices, config);
        ASSERT_TRUE(plan) << plan.error().detail;
        record_ = {};
        record_.instance = "of the one before";
        record_.unit = "ntp.service";
        record_.our_path = view_.our_path;
        for (const auto& edit : plan->edits) {
            record_.files.push_back({edit.path, *read_image(edit.path), {edit.after}});
            ASSERT_TRUE(put_file(record_.files.back(), edit.after));
        }
        record_.plan = std::move(*plan);
        view_.files[0].text = *text();
        view_.our_text = ours();
    }

    Status undo() {
        NtpdBackend backend(ApplyConfig(), nullptr);
        change_ = *backend.resume(to_json(record_));
        return loop_.run(change_->undo());
    }

    const test::Scratch scratch_;
    const std::string path_ = scratch_.path();
    test::Loop loop_;
    NtpdView view_;
    NtpdRecord record_;
    std::unique_ptr<Change> change_;
};

TEST_F(Undo, an_edit_elsewhere_stays_and_nothing_includes_what_is_gone) {
    change({"a.test", "b.test", "c.test"});
    write(*text() + std::string(kEdit));
    EXPECT_TRUE(undo());
    EXPECT_EQ(text(), std::string(kOwn) + std::string(kEdit));
    EXPECT_EQ(ours(), std::nullopt);
    EXPECT_THAT(change_->left_alone(), IsEmpty());
    EXPECT_TRUE(undo()) << "again without harm";
    EXPECT_EQ(text(), std::string(kOwn) + std::string(kEdit));
}

TEST_F(Undo, an_edit_elsewhere_stays_beside_the_marks_of_the_set_before) {
    change({"a.test", "b.test", "c.test", "1.test"});
    const auto before = *text(), set = *ours();
    change({"d.test", "e.test", "f.test"});
    ASSERT_NE(*text(), before);
    write(*text() + std::string(kEdit));
    EXPECT_TRUE(undo());
    EXPECT_EQ(text(), before + std::string(kEdit));
    EXPECT_EQ(ours(), set);
}

TEST_F(Undo, our_file_stays_while_a_file_that_includes_it_cannot_be_brought_back) {
    change({"a.test", "b.test", "c.test"});
    const auto set = *ours();
    std::filesystem::rename(view_.files[0].path, path_ + "/real.conf");
    std::filesystem::create_symlink(path_ + "/real.conf", view_.files[0].path);
    EXPECT_FALSE(undo());
    EXPECT_EQ(ours(), set);
}

}  // namespace
}  // namespace ntpopt

// A removal while the NTP service does not run: what a committed change left in its files goes, byte for byte, and what
// an administrator wrote stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/apply/chrony.hpp"
#include "daemon/apply/chrony_record.hpp"
#include "daemon/apply/ntpd.hpp"
#include "daemon/apply/ntpd_record.hpp"
#include "daemon/apply/timesyncd.hpp"
#include "daemon/apply/timesyncd_record.hpp"
#include "daemon/core/plan/chrony_edit.hpp"
#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

using testing::HasSubstr;

constexpr const char* kOwn = "# mine\npool pool.test iburst\ndriftfile /var/lib/drift\nserver last.test";
constexpr const char* kOurs = "# Written by ntpopt\nserver good.test iburst\n";

class Withdraw : public testing::Test {
  protected:
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(split_path(at(name)).first);
        std::ofstream(at(name)) << text;
    }
    [[nodiscard]] FileText text(const std::string& name) const { return *read_text(at(name)); }

    template <typename SomeBackend, typename Record>
    static Status withdraw(SomeBackend backend, const Record& record) {
        // As another process finds it in the journal.
        const auto json = parse_json(render_json(to_json(record)), kMaxConfigText);
        const auto change = backend.resume(*json);
        if (!change) return change.error();
        return (*change)->withdraw_files();
    }

    [[nodiscard]] ChronyRecord chrony() const {
        ChronyRecord record;
        record.chronyc = {"/bin/false"};
        record.our_path = at("sources.d/50-ntpopt.sources");
        record.restore_path = at("run/ntpopt-restore.sources");
        record.plan.final_text = kOurs;
        record.plan.final_restore_text = "server deleted.test\n";
        return record;
    }
    Status withdraw_chrony(const ChronyRecord& record) { return withdraw(ChronyBackend(config_, nullptr), record); }

    [[nodiscard]] NtpdRecord ntpd() const {
        NtpdRecord record;
        record.unit = "ntp.service";
        record.our_path = at("ntp/ntpopt.conf");
        record.marked = {at("ntp.conf"), at("more.conf")};
        record.plan.flavour = NtpdFlavour::classic;
        record.plan.ours = kOurs;
        return record;
    }
    Status withdraw_ntpd(const NtpdRecord& record) { return withdraw(NtpdBackend(config_, nullptr), record); }

    const test::Scratch scratch_;
    const std::string path_ = scratch_.path();
    ApplyConfig config_;
};

TEST_F(Withdraw, chrony_without_its_source_files) {
    write("sources.d/50-ntpopt.sources", kOurs);
    write("sources.d/mine.sources", kOwn);
    write("run/ntpopt-restore.sources", "server deleted.test\n");
    const auto record = chrony();
    ASSERT_TRUE(withdraw_chrony(record));
    EXPECT_EQ(text("sources.d/50-ntpopt.sources"), std::nullopt);
    EXPECT_EQ(text("run/ntpopt-restore.sources"), std::nullopt);
    EXPECT_EQ(text("sources.d/mine.sources"), kOwn);
    EXPECT_TRUE(withdraw_chrony(record)) << "what is done already is no failure";
}

TEST_F(Withdraw, chrony_with_marks_gets_its_configuration_back_byte_for_byte) {
    const auto marks = read_chrony_marks(kOwn);
    const auto ours = parse_chrony_sources_file(kOurs);
    auto record = chrony();
    record.our_path = at("chrony.conf");
    record.plan.final_text = render_chrony_sources(*ours);
    record.config = OurFile{record.our_path, std::nullopt, {FileText(""), FileText("")}};
    const std::string marked = mark_chrony_config(marks->original, *ours, {"pool.test", "last.test"});
    ASSERT_NE(marked, kOwn);
    write("chrony.conf", marked);
    chmod(at("chrony.conf").c_str(), 0640);
    ASSERT_TRUE(withdraw_chrony(record));
    EXPECT_EQ(text("chrony.conf"), kOwn);
    struct stat now {};
    ASSERT_EQ(stat(at("chrony.conf").c_str(), &now), 0);
    EXPECT_EQ(now.st_mode & 07777, 0640U);
    EXPECT_TRUE(withdraw_chrony(record));

    write("chrony.conf", "allow 10.0.0.0/8\n" + marked);
    ASSERT_TRUE(withdraw_chrony(record));
    EXPECT_EQ(text("chrony.conf"), std::string("allow 10.0.0.0/8\n") + kOwn) << "a line of an administrator's since";

    const auto staged = parse_chrony_sources_file("server staged.test iburst\nserver good.test iburst\n");
    record.plan.staged_text = render_chrony_sources(*staged);
    write("chrony.conf", mark_chrony_config(marks->original, *staged, {}) + "allow 10.0.0.0/8\n");
    ASSERT_TRUE(withdraw_chrony(record)) << "what the change wrote on its way is ours, too";
    EXPECT_EQ(text("chrony.conf"), std::string(kOwn) + "\nallow 10.0.0.0/8\n");

    const auto hers = parse_chrony_sources_file("server hers.test iburst\n");
    const std::string edited = mark_chrony_config(marks->original, *hers, {"pool.test"});
    write("chrony.conf", edited);
    EXPECT_EQ(withdraw_chrony(record).error().code, Errc::refused) << "a line of an administrator's among ours";
    EXPECT_EQ(text("chrony.conf"), edited);
}

TEST_F(Withdraw, classic_ntpd_gets_every_marked_file_back_byte_for_byte) {
    const std::string include = "includefile " + at("ntp/ntpopt.conf") + "\n";
    write("ntp.conf", "# mine\n#ntpopt# pool pool.test iburst\n" + include + "server last.test");
    write("more.conf", "#ntpopt# server more.test\n");
    write("ntp/ntpopt.conf", kOurs);
    ASSERT_TRUE(withdraw_ntpd(ntpd()));
    EXPECT_EQ(text("ntp.conf"), "# mine\npool pool.test iburst\nserver last.test");
    EXPECT_EQ(text("more.conf"), "server more.test\n");
    EXPECT_EQ(text("ntp/ntpopt.conf"), std::nullopt);
    EXPECT_TRUE(withdraw_ntpd(ntpd()));
}

TEST_F(Withdraw, timesyncd_without_its_drop_in) {
    TimesyncdRecord record;
    record.instance = "1:2:3";
    record.unit = "systemd-timesyncd.service";
    record.drop_in = OurFile{at("timesyncd.conf.d/zz-ntpopt.conf"), std::nullopt, {FileText(kOurs)}};
    record.plan.text = kOurs;
    write("timesyncd.conf.d/zz-ntpopt.conf", kOurs);
    const auto done = withdraw(TimesyncdBackend(config_, nullptr, nullptr), record);
    ASSERT_TRUE(done) << done.error().detail;
    EXPECT_EQ(text("timesyncd.conf.d/zz-ntpopt.conf"), std::nullopt);
}

TEST_F(Withdraw, what_a_change_left_on_its_way_goes_too) {
    write("sources.d/50-ntpopt.sources", "server staged.test\n");
    auto record = chrony();
    record.plan.staged_text = "server staged.test\n";
    EXPECT_TRUE(withdraw_chrony(record));
    EXPECT_EQ(text("sources.d/50-ntpopt.sources"), std::nullopt);

    // A way back to the original that did not get there: no file of it bears marks at its end.
    write("ntp.conf", "#ntpopt# pool pool.test\nincludefile " + at("ntp/ntpopt.conf") + "\n");
    write("ntp/ntpopt.conf", kOurs);
    auto back = ntpd();
    back.marked.clear();
    back.plan.ours.reset();
    for (const auto* name : {"ntp.conf", "ntp/ntpopt.conf"})
        back.files.push_back({at(name), *read_image(at(name)), {FileText()}});
    EXPECT_TRUE(withdraw_ntpd(back));
    EXPECT_EQ(text("ntp.conf"), "pool pool.test\n");
    EXPECT_EQ(text("ntp/ntpopt.conf"), std::nullopt);
}

TEST_F(Withdraw, what_an_administrator_made_of_our_files_stays) {
    write("sources.d/50-ntpopt.sources", "server hers.test\n");
    write("ntp/ntpopt.conf", "server hers.test\n");
    for (const auto& done : {withdraw_chrony(chrony()), withdraw_ntpd(ntpd())}) {
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, Errc::refused);
        EXPECT_THAT(done.error().detail, HasSubstr("changed by somebody else"));
    }
    EXPECT_EQ(text("sources.d/50-ntpopt.sources"), "server hers.test\n");
    EXPECT_EQ(text("ntp/ntpopt.conf"), "server hers.test\n");
}

}  // namespace
}  // namespace ntpopt

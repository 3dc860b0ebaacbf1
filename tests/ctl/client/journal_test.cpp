// `report --verify --journal`: what the journal was told of the evidence, against what there is now. journalctl is a
// script that prints what a test wants of it.
#include "daemon/io/sys/journal.hpp"

#include <sys/stat.h>

#include <fstream>

#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class JournalOfEvidence : public Client {
  protected:
    JournalOfEvidence() { with_evidence(control); }

    /// One entry as journalctl prints it.
    static std::string mark(std::uint64_t seq, const std::string& hash) {
        return R"({"NTPOPT_EVIDENCE_SEQ":")" + std::to_string(seq) + R"(","NTPOPT_EVIDENCE_HEAD":")" + hash +
               R"(","__CURSOR":"x"})" + "\n";
    }
    static std::string hash_of(std::uint64_t seq) { return std::string(63, 'a') + std::to_string(seq % 10); }

    Ended verify(const std::string& prints, const std::string& script = "cat \"$0.out\"") {
        const auto program = folder_ + "/journalctl";
        std::ofstream(program) << "#!/bin/sh\necho \"$@\" >\"$0.asked\"\n" << script << "\n";
        std::ofstream(program + ".out") << prints;
        ::chmod(program.c_str(), 0755);
        return run({"report", "--verify", "--journal"}, {{"PATH", folder_ + ":/usr/bin:/bin"}});
    }
    std::string asked() {
        std::ifstream file(folder_ + "/journalctl.asked");
        std::string line;
        std::getline(file, line);
        return line;
    }

  private:
    const Scratch scratch_;
    const std::string folder_ = scratch_.path();
};

TEST_F(JournalOfEvidence, MarksThatFitAreCounted) {
    const auto ended =
        verify(mark(19, hash_of(19)) + mark(15, hash_of(15)) + mark(15, hash_of(15)) + mark(12, hash_of(12)));
    EXPECT_EQ(ended.code, 0) << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("Journal: 3 marks compared, and found here."));
    // Only our own units' words count: anybody may write to the journal.
    EXPECT_THAT(asked(), HasSubstr("_SYSTEMD_UNIT=ntpopt-apply.service MESSAGE_ID="));
    EXPECT_THAT(asked(), HasSubstr("+ _SYSTEMD_UNIT=ntpoptd.service MESSAGE_ID="));
}

TEST_F(JournalOfEvidence, TheMarksOfRoundsThatWereUndoneAreReadToo) {
    verify("");
    EXPECT_THAT(asked(), HasSubstr("MESSAGE_ID=" + std::string(event::kRoundFinished.text)));
    EXPECT_THAT(asked(), HasSubstr("MESSAGE_ID=" + std::string(event::kRolledBack.text)));
    EXPECT_THAT(asked(), HasSubstr("MESSAGE_ID=" + std::string(event::kTransaction.text)));
}

TEST_F(JournalOfEvidence, ADatabaseRestoredFromAnOlderCopyOrCutOffIsNoticed) {
    const auto ended = verify(mark(25, hash_of(5)) + mark(15, hash_of(15)));
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("NOT as it was written"));
    EXPECT_THAT(ended.out, HasSubstr("the journal tells of entry 25"));
}

TEST_F(JournalOfEvidence, AChainThatWasMadeAnewIsNoticed) {
    const auto ended = verify(mark(19, hash_of(19)) + mark(15, std::string(64, 'b')));
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("another entry 15"));
}

TEST_F(JournalOfEvidence, WhatWasPrunedSinceCannotBeCompared) {
    EXPECT_EQ(verify(mark(10, std::string(64, 'c'))).code, 0);
}

TEST_F(JournalOfEvidence, WhatIsNoMarkIsLeftOutAndWithoutAnyNothingIsProven) {
    const auto none = mark(0, std::string(64, '0')) + mark(14, "short") + "no JSON\n" +
                      R"({"NTPOPT_EVIDENCE_SEQ":["1","2"]})" + "\n" +
                      R"({"NTPOPT_EVIDENCE_SEQ":"99999999999999999999","NTPOPT_EVIDENCE_HEAD":")" +
                      std::string(64, 'a') + "\"}\n";
    const auto ended = verify(none);
    EXPECT_EQ(ended.code, 1) << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("could not be compared"));
    EXPECT_THAT(ended.out, Not(HasSubstr("NOT as it was written")));
    EXPECT_THAT(ended.out,
                HasSubstr("holds no mark that this user may read, though ntpopt-apply was told of entry 15"));
    EXPECT_EQ(verify(none + mark(15, hash_of(15))).code, 0);
}

TEST_F(JournalOfEvidence, NobodyWasToldYetSoThereIsNoMark) {
    control.verification["applier_seq"] = std::uint64_t{0};
    const auto ended = verify("");
    EXPECT_EQ(ended.code, 0) << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("Journal: holds no mark that this user may read."));
}

TEST_F(JournalOfEvidence, AnApplierThatCannotBeAskedLeavesItUnproven) {
    control.verification["applier_seq"] = nullptr;
    const auto ended = run({"report", "--verify"});
    EXPECT_EQ(ended.code, 1) << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("could not be compared"));
    EXPECT_THAT(ended.out, HasSubstr("Applier: could not be asked."));
    EXPECT_THAT(run({"report", "--verify", "--json"}).out, HasSubstr("\"ok\":false"));
}

TEST_F(JournalOfEvidence, AJournalThatCannotBeReadIsAFailure) {
    const auto ended = verify("", "exit 1");
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("the journal cannot be asked: journalctl failed"));
}

}  // namespace
}  // namespace ntpopt::test

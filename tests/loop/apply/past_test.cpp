// Whose a text is, by the records of earlier changes.
#include "daemon/apply/past.hpp"

#include <gtest/gtest.h>

#include "daemon/apply/ntpd_record.hpp"

namespace ntpopt {
namespace {

constexpr const char* kOurs = "# Written by ntpopt\nserver a.test\n";
constexpr const char* kEdited = "# Written by ntpopt\nserver a.test\nserver hers.test\n";

class PastTexts : public testing::Test {
  protected:
    PastTexts() {
        NtpdRecord record;
        record.unit = "ntp.service";
        record.plan.ours = kOurs;
        record_ = to_json(record);
    }
    static bool is_one_of_ours(const char* text, const Past& past) {
        return is_ours(FileText(text), past, parse_ntpd_record);
    }
    Json record_;
};

TEST_F(PastTexts, what_any_change_wrote_is_ours) {
    for (const Past& past : {Past{record_, Json()}, Past{Json(), record_}}) {
        EXPECT_TRUE(is_one_of_ours(kOurs, past));
        EXPECT_TRUE(is_ours(FileText(), past, parse_ntpd_record)) << "no file is nobody's";
        EXPECT_EQ(check_ours("/x", FileText(kEdited), past, parse_ntpd_record).error().code, Errc::refused);
    }
}

// After a first change that was undone around her edit, the next one overwrote it.
TEST_F(PastTexts, the_first_words_count_only_where_all_records_are_lost) {
    EXPECT_TRUE(is_one_of_ours(kEdited, {}));
    EXPECT_TRUE(is_one_of_ours(kEdited, {Json(), Json::object()})) << "as a journal without a change is read";
    EXPECT_FALSE(is_one_of_ours("server hers.test\n", {}));
    EXPECT_FALSE(is_one_of_ours(kEdited, {Json(), record_}));
}

}  // namespace
}  // namespace ntpopt

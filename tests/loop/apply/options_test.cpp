// The applier's command line.
#include "daemon/apply/options.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace ntpopt {
namespace {

Result<ApplierOptions> parse(std::vector<std::string> words) {
    words.insert(words.begin(), "ntpopt-apply");
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    return parse_applier_options(static_cast<int>(words.size()), argv.data());
}

TEST(ApplierOptions, defaults) {
    unsetenv("STATE_DIRECTORY");
    const auto options = parse({});
    EXPECT_EQ(options->state_dir, "/var/lib/ntpopt-apply");
    EXPECT_EQ(options->config, "");
    EXPECT_FALSE(options->user_given);
    EXPECT_TRUE(options->idle_exit);
    setenv("STATE_DIRECTORY", "/var/lib/x", 1);
    EXPECT_EQ(parse({})->state_dir, "/var/lib/x");
    EXPECT_EQ(parse({"--state-dir", "/y"})->state_dir, "/y");
    setenv("STATE_DIRECTORY", "/var/lib/x:/var/lib/y", 1);
    EXPECT_EQ(parse({})->state_dir, "/var/lib/x") << "of several, the first, as ntpoptd does";
    unsetenv("STATE_DIRECTORY");
}

TEST(ApplierOptions, all_that_interface_names) {
    const auto options =
        parse({"--config", "/c", "--runtime-dir=/r", "--user", "nobody", "--recover", "--no-idle-exit"});
    ASSERT_TRUE(options);
    EXPECT_EQ(options->config, "/c");
    EXPECT_EQ(options->user, "nobody");
    EXPECT_TRUE(options->user_given && options->recover);
    EXPECT_FALSE(options->idle_exit);
    EXPECT_FALSE(options->rollback_original);
    EXPECT_TRUE(parse({"--rollback-original"})->rollback_original);
}

TEST(ApplierOptions, mistakes_are_said) {
    EXPECT_EQ(parse({"--colour"}).error().detail, "unknown option or missing value: --colour");
    EXPECT_FALSE(parse({"--config"}));
    for (const std::string option : {"--config", "--state-dir", "--data-dir", "--user"}) {
        EXPECT_EQ(parse({option, ""}).error().detail, "an empty value: " + option) << "the default would be taken";
        EXPECT_EQ(parse({option + "="}).error().detail, "an empty value: " + option);
    }
    EXPECT_EQ(parse({"stray"}).error().detail, "unexpected argument: stray");
}

}  // namespace
}  // namespace ntpopt

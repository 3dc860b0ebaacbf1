// `ntpoptctl metrics` where the daemon is away, into a file, and over a socket.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/ctl/client/client_fixture.hpp"
#include "tests/ctl/client/samples.hpp"
#include "tests/scratch.hpp"

namespace ntpopt::test {
namespace {

constexpr const char* kDown = "# HELP ntpopt_up Whether ntpoptd answers.\n# TYPE ntpopt_up gauge\nntpopt_up 0\n";

class MetricsOfClient : public Client {
  protected:
    static std::string content(const std::filesystem::path& path) {
        std::stringstream text;
        text << std::ifstream(path).rdbuf();
        return text.str();
    }
    [[nodiscard]] long files() const {
        return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    }

    const Scratch scratch_;
    const std::filesystem::path folder = scratch_.path();
};

TEST_F(MetricsOfClient, ADaemonThatDoesNotRunIsAnAnswer) {
    daemon.reset();
    for (const auto& ended :
         {run({"metrics"}), run({"metrics"}, {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere"}})}) {
        EXPECT_EQ(ended.code, 0);
        EXPECT_EQ(ended.out, kDown);
        EXPECT_EQ(ended.err, "");
    }
}

TEST_F(MetricsOfClient, WithoutTheDaemonTheDocumentFailsInTheWordsOfEveryVerb) {
    daemon.reset();
    for (const auto& environment :
         {std::map<std::string, std::string>{}, {{"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere"}}}) {
        const auto ended = run({"metrics", "--json"}, environment);
        EXPECT_EQ(ended.code, 3);
        EXPECT_EQ(ended.out, "");
        EXPECT_EQ(ended.err, run({"status"}, environment).err);
    }
}

TEST_F(MetricsOfClient, ADaemonOfAnotherMindIsAnAnswerToo) {
    control.throws = true;
    EXPECT_EQ(run({"metrics"}).out, kDown);
}

TEST_F(MetricsOfClient, AFileIsReplacedAsAWhole) {
    counted(control);
    const auto file = folder / "ntpopt.prom";
    std::ofstream(file) << "old";
    std::filesystem::create_hard_link(file, folder / "who reads the old one");
    const auto ended = run({"metrics", "--textfile", file});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(content(file), run({"metrics"}).out);
    EXPECT_EQ(content(folder / "who reads the old one"), "old");
    EXPECT_EQ(files(), 2);
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0644U);
}

TEST_F(MetricsOfClient, WhatCannotBeReplacedStaysAndLeavesNothingBehind) {
    std::filesystem::create_directory(folder / "ntpopt.prom");
    const auto ended = run({"metrics", "--textfile", folder / "ntpopt.prom"});
    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, testing::StartsWith("ntpoptctl: replacing "));
    EXPECT_EQ(files(), 1);
    EXPECT_EQ(run({"metrics", "--textfile", "/nowhere/ntpopt.prom"}).code, 1);
}

}  // namespace
}  // namespace ntpopt::test

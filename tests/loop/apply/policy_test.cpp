// What root wants: the configuration, and root's own entries in the catalogue.
#include "daemon/apply/policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Policy : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(root_ / "etc/catalogue.d");
        fs::create_directories(root_ / "data");
        options_.config = root_ / "etc/ntpopt.toml";
        options_.data_dir = root_ / "data";
        options_.user = "nobody";
        write("etc/ntpopt.toml", "[apply]\nmax_changes_per_day = 7\n");
        write("data/catalogue.toml", server("shipped.example", "smear-24h") + server("both.example", "smear-24h"));
    }

    void write(const std::string& path, const std::string& text) {
        std::ofstream(root_ / path) << text;
        fs::permissions(root_ / path, fs::perms(0644));
    }
    static std::string server(const std::string& name, const std::string& timescale) {
        return "[[server]]\noperator = 'O'\nnames = ['" + name + "']\nterms = 't'\ntimescale = '" + timescale +
               "'\ntimescale_source = 's'\nas_of = '2025-01'\n";
    }
    Timescale told(const std::string& name) const {
        return load_timescales(options_.data_dir, load_policy(options_).own_entries)(*Host::parse(name));
    }

    const test::Scratch scratch_;
    const fs::path root_ = scratch_.path();
    ApplierOptions options_;
};

TEST_F(Policy, RootsEntriesCountBeforeWhatWeShip) {
    EXPECT_EQ(told("both.example"), Timescale::smear_24h);
    write("etc/catalogue.d/10-site.toml", server("both.example", "utc") + server("own.example", "smear-meta"));
    write("etc/catalogue.d/20-later.toml", server("own.example", "smear-24h"));
    EXPECT_EQ(told("both.example"), Timescale::utc);
    EXPECT_EQ(told("own.example"), Timescale::smear_24h) << "the last file by name comes first";
    EXPECT_EQ(told("shipped.example"), Timescale::smear_24h);
    EXPECT_EQ(told("other.example"), Timescale::unknown);
    EXPECT_TRUE(load_policy(options_).fault);
}

TEST_F(Policy, RootsEntriesCountAlsoWhereWhatWeShipIsMissing) {
    fs::remove(root_ / "data/catalogue.toml");
    write("etc/catalogue.d/10-site.toml", server("own.example", "utc"));
    EXPECT_EQ(told("own.example"), Timescale::utc);
    EXPECT_EQ(told("shipped.example"), Timescale::unknown);
}

TEST_F(Policy, AFaultInRootsEntriesIsOneOfThePolicy) {
    write("etc/catalogue.d/10-bad.toml", "[[server]]\nnames = 7\n");
    write("etc/catalogue.d/20-good.toml", server("own.example", "utc"));
    write("etc/catalogue.d/30-bad.toml", "server = 7\n");
    const auto policy = load_policy(options_);
    ASSERT_FALSE(policy.fault);
    EXPECT_EQ(policy.fault.error().detail,
              (root_ / "etc/catalogue.d/10-bad.toml").string() + ": line 2: names is a list of host names\n" +
                  (root_ / "etc/catalogue.d/30-bad.toml").string() + ": line 1: write [[server]]");
    EXPECT_EQ(policy.config.apply.max_changes_per_day, 7);
    EXPECT_EQ(told("own.example"), Timescale::utc) << "for the way back, what could be read is there";
    write("etc/ntpopt.toml", "[apply]\nmax_changes_per_day = 'many'\n");
    EXPECT_THAT(load_policy(options_).fault.error().detail, HasSubstr("ntpopt.toml:2: apply.max_changes_per_day"));
}

TEST_F(Policy, RootsEntriesMustBelongToRootAlone) {
    write("etc/catalogue.d/10-site.toml", server("own.example", "utc"));
    fs::permissions(root_ / "etc/catalogue.d/10-site.toml", fs::perms(0664));
    EXPECT_TRUE(load_policy(options_).fault);
    std::string program = "ntpopt-apply";
    char* argv[] = {program.data(), nullptr};
    options_.user = parse_applier_options(1, argv)->user;
    const auto fault = load_policy(options_).fault;
    ASSERT_FALSE(fault);
    EXPECT_EQ(fault.error().code, Errc::access_denied);
    // Where the tests run as somebody else, the configuration itself is refused first.
    const bool root = geteuid() == 0;
    EXPECT_THAT(fault.error().detail, HasSubstr(root ? "10-site.toml may be written by others" : "belongs to user"));
}

TEST_F(Policy, EveryChangeOfRootsFilesIsNoticed) {
    const auto notices = [this](const auto& change) {
        const PolicyWatch watch(options_);
        EXPECT_FALSE(watch.has_changed());
        change();
        return watch.has_changed();
    };
    const std::string site = "etc/catalogue.d/10-site.toml";
    EXPECT_TRUE(notices([&] { write("etc/ntpopt.toml", ""); }));
    EXPECT_TRUE(notices([&] { write(site, server("own.example", "utc")); })) << "a new file";
    EXPECT_TRUE(notices([&] { write(site, server("own.example", "smear-24h")); })) << "another text";
    EXPECT_TRUE(notices([&] { fs::rename(root_ / site, root_ / "etc/catalogue.d/20-site.toml"); })) << "another order";
    EXPECT_TRUE(notices([&] { fs::remove_all(root_ / "etc/catalogue.d"); }));
    EXPECT_FALSE(notices([&] { write("etc/README", "no file of ours"); }));
    EXPECT_TRUE(notices([&] { fs::remove(root_ / "etc/ntpopt.toml"); }));
}

}  // namespace
}  // namespace ntpopt

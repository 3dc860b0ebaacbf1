// read_config_files(): order, hiding, bounds and ownership, on files of a temporary folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/core/config/toml.hpp"
#include "daemon/io/sys/config_files.hpp"
#include "tests/scratch.hpp"

namespace ntpopt {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Files : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(root_ / "etc/conf.d");
        fs::create_directories(root_ / "usr/conf.d");
        places_.main_file = root_ / "etc/ntpopt.toml";
        places_.vendor_folder = root_ / "usr/conf.d";
    }

    void write(const std::string& path, const std::string& text) { std::ofstream(root_ / path) << text; }

    std::vector<std::string> texts() {
        const auto files = read_config_files(places_);
        EXPECT_TRUE(files) << files.error().detail;
        std::vector<std::string> out;
        if (files)
            for (const auto& file : *files)
                out.push_back(file.text);
        return out;
    }

    const test::Scratch scratch_;
    const fs::path root_ = scratch_.path();
    ConfigPlaces places_;
};

TEST_F(Files, NothingThereMeansNoText) {
    EXPECT_THAT(texts(), ElementsAre());
    fs::remove_all(root_ / "usr");
    fs::remove_all(root_ / "etc");
    EXPECT_THAT(texts(), ElementsAre());
}

TEST_F(Files, DropInsCountByBaseNameOverBothFolders) {
    write("etc/conf.d/20-b.toml", "etc 20");
    write("usr/conf.d/10-a.toml", "usr 10");
    write("usr/conf.d/30-c.toml", "usr 30");
    write("etc/ntpopt.toml", "main");
    write("etc/conf.d/README", "no");
    write("etc/conf.d/.hidden.toml", "no");
    write("etc/conf.d/.toml", "no");
    write("etc/conf.d/40.toml~", "no");
    EXPECT_THAT(texts(), ElementsAre("main", "usr 10", "etc 20", "usr 30"));
}

TEST_F(Files, OneInEtcHidesItsNamesake) {
    write("usr/conf.d/10-a.toml", "usr");
    write("etc/conf.d/10-a.toml", "etc");
    EXPECT_THAT(texts(), ElementsAre("etc"));
    fs::remove(root_ / "etc/conf.d/10-a.toml");
    fs::create_symlink("/dev/null", root_ / "etc/conf.d/10-a.toml");
    EXPECT_THAT(texts(), ElementsAre(""));
}

TEST_F(Files, AnExplicitFileMustExistAndBringsOnlyItsOwnFolder) {
    write("usr/conf.d/10-a.toml", "usr");
    places_ = ConfigPlaces::beside(root_ / "etc/ntpopt.toml");
    const auto missing = read_config_files(places_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error(), (Error{Errc::not_found, (root_ / "etc/ntpopt.toml").string() + " does not exist"}));
    write("etc/ntpopt.toml", "main");
    write("etc/conf.d/20-b.toml", "etc 20");
    EXPECT_THAT(texts(), ElementsAre("main", "etc 20"));
}

TEST_F(Files, RefusesWhatIsTooLargeTooManyOrNoFile) {
    write("etc/ntpopt.toml", std::string(kMaxTomlBytes + 1, ' '));
    ASSERT_FALSE(read_config_files(places_));
    write("etc/ntpopt.toml", std::string(kMaxTomlBytes, ' '));
    EXPECT_TRUE(read_config_files(places_));
    ASSERT_EQ(mkfifo((root_ / "etc/conf.d/1.toml").c_str(), 0600), 0);
    const auto fifo = read_config_files(places_);
    ASSERT_FALSE(fifo);
    EXPECT_THAT(fifo.error().detail, testing::EndsWith("1.toml is not a file"));
    fs::remove(root_ / "etc/conf.d/1.toml");
    for (int i = 0; i < 257; ++i)
        write("etc/conf.d/" + std::to_string(i) + ".toml", "");
    const auto many = read_config_files(places_);
    ASSERT_FALSE(many);
    EXPECT_THAT(many.error().detail, testing::EndsWith("holds more than 256 drop-ins"));
}

TEST_F(Files, WithAnOwnerForeignOrWritableFilesAreRefused) {
    write("etc/ntpopt.toml", "main");
    write("etc/conf.d/1.toml", "drop-in");
    fs::permissions(root_ / "etc/ntpopt.toml", fs::perms(0644));
    fs::permissions(root_ / "etc/conf.d/1.toml", fs::perms(0644));
    places_.owner = getuid();
    EXPECT_THAT(texts(), ElementsAre("main", "drop-in"));
    for (const char* path : {"etc/ntpopt.toml", "etc/conf.d/1.toml", "etc/conf.d", "etc"}) {
        const auto before = fs::status(root_ / path).permissions();
        fs::permissions(root_ / path, before | fs::perms::group_write);
        const auto refused = read_config_files(places_);
        ASSERT_FALSE(refused) << path;
        EXPECT_EQ(refused.error().code, Errc::access_denied);
        EXPECT_THAT(refused.error().detail, testing::HasSubstr("may be written by others than its owner"));
        fs::permissions(root_ / path, before);
    }
    places_.owner = getuid() + 1;
    const auto foreign = read_config_files(places_);
    ASSERT_FALSE(foreign);
    EXPECT_THAT(foreign.error().detail, testing::HasSubstr("belongs to user"));
}

TEST_F(Files, DropInsOfOneFolderAreReadEachByItself) {
    const auto folder = (root_ / "etc/conf.d").string();
    EXPECT_EQ(read_drop_ins(root_ / "none", std::nullopt)->size(), 0U);
    write("etc/conf.d/20-b.toml", "b");
    write("etc/conf.d/.hidden.toml", "no");
    write("etc/conf.d/30-c.toml", std::string(kMaxTomlBytes + 1, ' '));
    ASSERT_EQ(mkfifo((folder + "/10-a.toml").c_str(), 0600), 0);
    fs::create_symlink("/dev/null", folder + "/40-d.toml");
    const auto files = read_drop_ins(folder, std::nullopt);
    ASSERT_TRUE(files) << files.error().detail;
    ASSERT_EQ(files->size(), 4U);
    EXPECT_EQ((*files)[0], (DropIn{folder + "/10-a.toml", Error{Errc::io, folder + "/10-a.toml is not a file"}}));
    EXPECT_EQ((*files)[1], (DropIn{folder + "/20-b.toml", std::string("b")}));
    EXPECT_EQ((*files)[2].text.error().detail, folder + "/30-c.toml is larger than 1 MiB");
    EXPECT_EQ((*files)[3], (DropIn{folder + "/40-d.toml", std::string()}));
    fs::permissions(folder + "/20-b.toml", fs::perms(0646));
    EXPECT_EQ((*read_drop_ins(folder, getuid()))[1].text.error().code, Errc::access_denied);
    fs::permissions(folder, fs::perms(0775));
    EXPECT_EQ(read_drop_ins(folder, getuid()).error().code, Errc::access_denied);
}

}  // namespace
}  // namespace ntpopt

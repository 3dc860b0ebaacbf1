// Texts that a test compares word for word with a file.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace ntpopt::test {

/// `text` is what the file says; with NTPOPT_UPDATE_GOLDEN=1 the file says from now on what `text` is.
inline void expect_golden(const std::string& path, const std::string& text) {
    if (std::getenv("NTPOPT_UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << text;
    std::ifstream file(path, std::ios::binary);
    const std::string golden(std::istreambuf_iterator<char>(file), {});
    EXPECT_EQ(text, golden) << path;
}

}  // namespace ntpopt::test

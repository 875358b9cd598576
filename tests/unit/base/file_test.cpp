#include "offload/base/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>

namespace offload {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

class FileTest : public testing::Test {
  protected:
    FileTest() : folder_(TemporaryFolder::create("offload-file-test-").value()) {}

    fs::path at(std::string_view name) const { return folder_.path() / name; }
    std::size_t entries() const {
        return static_cast<std::size_t>(
            std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
    }

    TemporaryFolder folder_;
};

TEST_F(FileTest, WhatWasWrittenIsReadBackByteForByte) {
    std::string content(200'000, 'x');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7);
    ASSERT_TRUE(write_file_atomically(at("a"), content));
    EXPECT_EQ(read_file(at("a")).value(), content);
    ASSERT_TRUE(write_file_atomically(at("a"), ""));
    EXPECT_EQ(read_file(at("a")).value(), "");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, ReadsFilesThatStateNoSize) {
    EXPECT_THAT(read_file("/proc/self/status").value(), StartsWith("Name:"));
}

TEST_F(FileTest, MissingFileIsAnErrorWithItsPath) {
    const auto result = read_file(at("missing"));
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr(at("missing").string()));
    EXPECT_THAT(result.error().message, HasSubstr("No such file"));
}

TEST_F(FileTest, ReadingAFolderIsAnError) { EXPECT_FALSE(read_file(folder_.path())); }

TEST_F(FileTest, WritingGivesTheModeAskedFor) {
    ASSERT_TRUE(write_file_atomically(at("script"), "x", 0700));
    struct stat status{};
    ASSERT_EQ(::stat(at("script").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(FileTest, ReplacingNeverTouchesTheOldFileItself) {
    ASSERT_TRUE(write_file_atomically(at("a"), "old"));
    fs::create_hard_link(at("a"), at("reader"));
    ASSERT_TRUE(write_file_atomically(at("a"), "new"));
    EXPECT_EQ(read_file(at("reader")).value(), "old");
    EXPECT_EQ(read_file(at("a")).value(), "new");
}

TEST_F(FileTest, TheLongestPossibleNameCanBeWritten) {
    const std::string name(255, 'n');
    ASSERT_TRUE(write_file_atomically(at(name), "x"));
    EXPECT_EQ(read_file(at(name)).value(), "x");
}

TEST_F(FileTest, FailedRenameLeavesNoTemporaryFile) {
    fs::create_directories(at("target") / "inside");
    EXPECT_FALSE(write_file_atomically(at("target"), "x"));
    EXPECT_EQ(entries(), 1U);
    EXPECT_TRUE(fs::exists(at("target") / "inside"));
}

TEST_F(FileTest, FailedWriteLeavesTheOldContentAndNoTemporaryFile) {
    ASSERT_TRUE(write_file_atomically(at("a"), "old"));
    struct rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = before;
    small.rlim_cur = 1000;
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto result = write_file_atomically(at("a"), std::string(5000, 'x'));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr("File too large"));
    EXPECT_EQ(read_file(at("a")).value(), "old");
    EXPECT_EQ(entries(), 1U);
}

TEST_F(FileTest, WritingIntoAMissingFolderIsAnErrorWithThePath) {
    const auto result = write_file_atomically(at("no") / "a", "x");
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message, HasSubstr((at("no") / "a").string()));
}

TEST_F(FileTest, MakeFolderMakesParentsAndAcceptsAnExistingOne) {
    ASSERT_TRUE(make_folder(at("a") / "b" / "c"));
    ASSERT_TRUE(make_folder(at("a") / "b" / "c"));
    EXPECT_TRUE(fs::is_directory(at("a") / "b" / "c"));
}

TEST_F(FileTest, MakeFolderOverAFileIsAnError) {
    ASSERT_TRUE(write_file_atomically(at("a"), "x"));
    EXPECT_FALSE(make_folder(at("a")));
    EXPECT_FALSE(make_folder(at("a") / "b"));
}

TEST(TemporaryFolder, IsPrivateAndGoneAtTheEnd) {
    fs::path path;
    {
        const auto folder = TemporaryFolder::create("offload-tmp-").value();
        path = folder.path();
        struct stat status{};
        ASSERT_EQ(::stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0700U);
        ASSERT_TRUE(write_file_atomically(path / "a", "x"));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryFolder, ReadOnlyFoldersInsideAreRemovedToo) {
    fs::path path;
    {
        const auto folder = TemporaryFolder::create("offload-tmp-").value();
        path = folder.path();
        ASSERT_TRUE(make_folder(path / "a" / "b"));
        ASSERT_TRUE(write_file_atomically(path / "a" / "b" / "file", "x"));
        fs::permissions(path / "a" / "b", fs::perms::owner_read);
        fs::permissions(path / "a", fs::perms::owner_read | fs::perms::owner_exec);
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryFolder, LinksInsideAreRemovedAndTheirTargetsKept) {
    const auto outside = TemporaryFolder::create("offload-tmp-").value();
    ASSERT_TRUE(write_file_atomically(outside.path() / "keep", "x"));
    {
        const auto folder = TemporaryFolder::create("offload-tmp-").value();
        fs::create_directory_symlink(outside.path(), folder.path() / "link");
    }
    EXPECT_TRUE(fs::exists(outside.path() / "keep"));
}

TEST(TemporaryFolder, MovingPassesOwnershipOn) {
    auto first = TemporaryFolder::create("offload-tmp-").value();
    const fs::path path = first.path();
    {
        const TemporaryFolder second = std::move(first);
        EXPECT_EQ(second.path(), path);
        EXPECT_TRUE(fs::exists(path));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(RandomHex, HasTheLengthAskedForAndDiffers) {
    std::set<std::string> seen;
    for (std::size_t digits = 0; digits < 40; ++digits) {
        const std::string hex = random_hex(digits);
        EXPECT_EQ(hex.size(), digits);
        EXPECT_EQ(hex.find_first_not_of("0123456789abcdef"), std::string::npos);
    }
    for (int i = 0; i < 100; ++i) seen.insert(random_hex(16));
    EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
}  // namespace offload

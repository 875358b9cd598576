#include "download.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "files.hpp"
#include "offload/base/file.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Download : public testing::Test {
  protected:
    fs::path in(const std::string& relative) const { return folder_.path() / relative; }
    void put(const std::string& relative) const {
        ASSERT_TRUE(hand_over(in("work/" + relative), "content of " + relative));
    }
    void make_old(const std::string& relative) const {
        const timespec times[2] = {{1000, 0}, {1000, 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, in("work/" + relative).c_str(), times, 0), 0);
    }
    Result<std::vector<std::string>> get(std::vector<std::string> globs) const {
        OFFLOAD_TRY(auto got, get_all(std::move(globs)));
        return std::move(got.files);
    }
    Result<Artefacts> get_all(std::vector<std::string> globs, timespec before = {}) const {
        return harvest({.from = in("work"),
                        .to = in("got"),
                        .globs = std::move(globs),
                        .since = start_,
                        .before = before,
                        .reports = in("work/test-results"),
                        .deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1}});
    }

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-download-test-").value();
    timespec start_ = file_time_now();
};

TEST_F(Download, CopiesWhatMatchesUnderItsRelativePath) {
    put("a/x.png");
    put("a/b/y.png");
    put("z.txt");
    EXPECT_THAT(get({"**/*.png"}).value(), ElementsAre("a/b/y.png", "a/x.png"));
    EXPECT_EQ(fetch(in("got/a/b/y.png")), "content of a/b/y.png");
    EXPECT_FALSE(fs::exists(in("got/z.txt")));
}

// TRAPS 42
TEST_F(Download, DoubleStarMatchesNoFolderAndDotFilesMatch) {
    put("logs/x");
    put("logs/.hidden");
    put("logs/deep/er/x");
    EXPECT_THAT(get({"logs/**/x"}).value(), ElementsAre("logs/deep/er/x", "logs/x"));
    EXPECT_THAT(get({"logs/*"}).value(), ElementsAre("logs/.hidden", "logs/x"));
    EXPECT_THAT(get({"./logs/x"}).value(), ElementsAre("logs/x"));
}

TEST_F(Download, NoMatchIsNoErrorHere) {
    put("a");
    EXPECT_THAT(get({"*.png", "missing/**"}).value(), IsEmpty());
}

TEST_F(Download, SeveralGlobsGiveEachFileOnce) {
    put("a/x.png");
    put("b/y.log");
    EXPECT_THAT(get({"a/*", "**/*.png", "b/y.*"}).value(), ElementsAre("a/x.png", "b/y.log"));
}

// TRAPS 41
TEST_F(Download, FilesFromBeforeTheExecStay) {
    put("old.png");
    make_old("old.png");
    put("new.png");
    EXPECT_THAT(get({"*.png"}).value(), ElementsAre("new.png"));
}

TEST_F(Download, FilesFromBeforeTheRunComeWhereTheyAreAskedForAndOlderBatchesOnesDoNot) {
    put("image.png");
    make_old("image.png");
    put("older-batch.png");
    const timespec times[2] = {{5000, 0}, {5000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, in("work/older-batch.png").c_str(), times, 0), 0);
    put("new.png");
    EXPECT_THAT(get_all({"*.png"}, {3000, 0}).value().files, ElementsAre("image.png", "new.png"));
}

TEST_F(Download, PatternThatMatchesNothingCrossesFoldersAsThatOfFindDoes) {
    put("out/deep/er/x.png");
    put("out/y.txt");
    const auto got = get_all({"./out/*.png", "out/*.txt", "none/*"}).value();
    EXPECT_THAT(got.files, ElementsAre("out/deep/er/x.png", "out/y.txt"));
    EXPECT_THAT(got.across_folders, ElementsAre("./out/*.png"));
    put("out/near.png");
    EXPECT_THAT(get({"out/*.png"}).value(), ElementsAre("out/near.png"));
}

TEST_F(Download, FileWrittenAtOnceCounts) {
    for (int i = 0; i < 50; ++i) {
        const auto since = file_time_now();
        put("at-once");
        ASSERT_THAT(harvest({.from = in("work"),
                             .to = in("got"),
                             .globs = {"at-once"},
                             .since = since,
                             .before = {},
                             .reports = {},
                             .deadline = SteadyTime::max()})
                        .value()
                        .files,
                    ElementsAre("at-once"));
        fs::remove(in("work/at-once"));
    }
}

TEST_F(Download, LinksThatLeaveTheFolderAreNotFollowed) {
    ASSERT_TRUE(hand_over(in("secret/key"), "secret"));
    put("inside.txt");
    fs::create_symlink(in("secret/key"), in("work/file-link.txt"));
    fs::create_directory_symlink(in("secret"), in("work/folder-link"));
    fs::create_symlink("inside.txt", in("work/inner-link.txt"));
    fs::create_symlink("loop.txt", in("work/loop.txt"));
    EXPECT_THAT(get({"**", "folder-link/*"}).value(), ElementsAre("inner-link.txt", "inside.txt"));
    EXPECT_EQ(fetch(in("got/inner-link.txt")), "content of inside.txt");
}

TEST_F(Download, GlobThatLeavesTheFolderIsAnError) {
    fs::create_directories(in("work"));
    for (const char* glob : {"../*", "a/../../b", "/etc/passwd"}) {
        const auto got = get({glob});
        ASSERT_FALSE(got) << glob;
        EXPECT_NE(got.error().message.find(glob), std::string::npos);
    }
}

TEST_F(Download, ReportsAreTakenOnlyWhenNamed) {
    put("test-results/junit.xml");
    put("mine.xml");
    EXPECT_THAT(get({"**/*.xml"}).value(), ElementsAre("mine.xml"));
    EXPECT_THAT(get({"test-results/*.xml"}).value(), ElementsAre("test-results/junit.xml"));
}

TEST_F(Download, CopiesAreNotCopiedAgain) {
    put("test-results/artifacts/batch-1/x.png");
    put("test-results/shots/x.png");
    const auto got = harvest({.from = in("work"),
                              .to = in("work/test-results/artifacts/batch-2"),
                              .globs = {"test-results/**/*.png", "**/*.png"},
                              .since = {},
                              .before = {},
                              .reports = in("work/test-results"),
                              .deadline = SteadyTime::max()});
    EXPECT_THAT(got.value().files, ElementsAre("test-results/shots/x.png"));
}

TEST_F(Download, PipesAreLeftOut) {
    put("file");
    ASSERT_EQ(::mkfifo(in("work/pipe").c_str(), 0600), 0);
    EXPECT_THAT(get({"*"}).value(), ElementsAre("file"));
}

TEST_F(Download, FolderThatCannotBeReadIsLeftOut) {
    if (::getuid() == 0) GTEST_SKIP() << "root can read everything";
    put("closed/x.png");
    put("open/x.png");
    fs::permissions(in("work/closed"), fs::perms::none);
    EXPECT_THAT(get({"**/*.png"}).value(), ElementsAre("open/x.png"));
    fs::permissions(in("work/closed"), fs::perms::owner_all);
}

TEST_F(Download, DeadlineEndsTheSearch) {
    put("x");
    EXPECT_FALSE(harvest({.from = in("work"),
                          .to = in("got"),
                          .globs = {"*"},
                          .since = {},
                          .before = {},
                          .reports = {},
                          .deadline = std::chrono::steady_clock::now()}));
}

}  // namespace
}  // namespace offload::provider

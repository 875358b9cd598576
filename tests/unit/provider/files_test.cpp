#include "files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "bounds.hpp"
#include "offload/base/file.hpp"
#include "private_folder.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
  protected:
    fs::path in(const std::string& relative) const { return folder_.path() / relative; }
    void put(const std::string& relative, std::string_view content) const {
        ASSERT_TRUE(hand_over(in(relative), content));
    }

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-files-test-").value();
};

TEST_F(Files, BelowIsToldByComponentsNotByLetters) {
    EXPECT_TRUE(is_below("/a/b", "/a"));
    EXPECT_TRUE(is_below("/a", "/a"));
    EXPECT_FALSE(is_below("/ab", "/a"));
    EXPECT_FALSE(is_below("/a/../b", "/a"));
    EXPECT_TRUE(is_below("/a/..b", "/a"));
}

TEST_F(Files, HandedOverFileIsPrivateAndItsFoldersAreMade) {
    put("deep/down/file", std::string("a\0b", 3));
    struct stat status{};
    ASSERT_EQ(::stat(in("deep/down/file").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_EQ(fetch(in("deep/down/file")), std::string("a\0b", 3));
    put("deep/down/file", "");
    EXPECT_EQ(fetch(in("deep/down/file")), "");
}

TEST_F(Files, OnlyARegularFileIsFetched) {
    EXPECT_EQ(fetch(in("missing")), std::nullopt);
    EXPECT_EQ(fetch(in("")), std::nullopt);
    ASSERT_EQ(::mkfifo(in("pipe").c_str(), 0600), 0);
    EXPECT_EQ(fetch(in("pipe")), std::nullopt);  // and does not wait for a writer
}

TEST_F(Files, RemovesALinkAndNotWhatItLeadsTo) {
    put("kept", "x");
    fs::create_symlink(in("kept"), in("link"));
    EXPECT_TRUE(remove_file(in("link")));
    EXPECT_TRUE(fs::exists(in("kept")));
    EXPECT_FALSE(fs::is_symlink(in("link")));
    EXPECT_TRUE(remove_file(in("never-was")));
    EXPECT_TRUE(remove_file(in("no/folder/either")));
}

// TRAPS 43
TEST_F(Files, NeverRemovesAFolder) {
    fs::create_directory(in("folder"));
    const auto removed = remove_file(in("folder"));
    ASSERT_FALSE(removed);
    EXPECT_NE(removed.error().message.find("is a folder"), std::string::npos);
    EXPECT_TRUE(fs::exists(in("folder")));
}

TEST_F(Files, CopiesATreeWithLinksModesAndDotFiles) {
    put("from/.hidden", "h");
    put("from/sub/tool", "#!/bin/sh\n");
    fs::permissions(in("from/sub/tool"), fs::perms::owner_all);
    fs::create_symlink("sub/tool", in("from/link"));
    fs::create_directory(in("from/empty"));
    ASSERT_EQ(::mkfifo(in("from/pipe").c_str(), 0600), 0);
    ASSERT_TRUE(copy_tree(in("from"), in("to/there"), "offload-run-"));
    EXPECT_EQ(fetch(in("to/there/.hidden")), "h");
    EXPECT_EQ(fs::status(in("to/there/sub/tool")).permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::read_symlink(in("to/there/link")), "sub/tool");
    EXPECT_TRUE(fs::is_directory(in("to/there/empty")));
    EXPECT_FALSE(fs::exists(in("to/there/pipe")));
}

TEST_F(Files, TreeIsNeverCopiedIntoItself) {
    put("from/file", "x");
    fs::create_directories(in("from/offload-run-0-abc"));
    put("from/offload-run-1-def/big", "x");
    ASSERT_TRUE(copy_tree(in("from"), in("from/offload-run-0-abc/copy"), "offload-run-"));
    EXPECT_TRUE(fs::exists(in("from/offload-run-0-abc/copy/file")));
    EXPECT_FALSE(fs::exists(in("from/offload-run-0-abc/copy/offload-run-0-abc")));
    EXPECT_FALSE(fs::exists(in("from/offload-run-0-abc/copy/offload-run-1-def")));
}

TEST_F(Files, SourceThatIsNoFolderIsAnError) {
    EXPECT_FALSE(copy_tree(in("missing"), in("to"), "x"));
    put("file", "x");
    EXPECT_FALSE(copy_tree(in("file"), in("to"), "x"));
}

// TRAPS 30
TEST_F(Files, TreeThatChangesWhileItIsCopiedIsCopiedNonetheless) {
    for (int i = 0; i < 20; ++i) put("from/stays/" + std::to_string(i), "x");
    std::atomic<bool> stop{false};
    std::jthread churn([&] {
        for (int round = 0; !stop; ++round) {
            std::error_code ignored;
            const auto folder = in("from/changing" + std::to_string(round % 5));
            fs::create_directories(folder / "inner", ignored);
            std::ofstream(folder / "inner" / "file") << round;
            std::ofstream(folder / "growing", std::ios::app) << std::string(1000, 'x');
            fs::remove_all(folder, ignored);
        }
    });
    for (int round = 0; round < 8; ++round) {
        const auto target = in("to" + std::to_string(round));
        const auto copied = copy_tree(in("from"), target, "offload-run-");
        ASSERT_TRUE(copied) << copied.error().to_string();
        for (int i = 0; i < 20; ++i) {
            ASSERT_TRUE(fs::exists(target / "stays" / std::to_string(i)));
        }
    }
    stop = true;
}

TEST_F(Files, AFileBeyondTheBoundIsAnErrorOfItsOwn) {
    ASSERT_TRUE(write_file_atomically(in("huge"), "begin"));
    fs::resize_file(in("huge"), kMostResultBytes + 1);  // of holes: it takes no room
    const auto content = fetch(in("huge"));
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().kind, ErrorKind::TooLong);
    EXPECT_EQ(fetch_end(in("huge"))->size(), kKeptOutput);
    ASSERT_TRUE(write_file_atomically(in("small"), "all of it"));
    EXPECT_EQ(fetch_end(in("small")), "all of it");
}

TEST_F(Files, APrivateFolderIsThisUsersAlone) {
    const auto mode = [&] { return fs::status(in("own")).permissions() & fs::perms::mask; };
    ASSERT_TRUE(make_private_folder(in("own")));
    EXPECT_EQ(mode(), fs::perms::owner_all);
    fs::permissions(in("own"), fs::perms::all);
    ASSERT_TRUE(make_private_folder(in("own")));
    EXPECT_EQ(mode(), fs::perms::owner_all);
    fs::create_symlink(in("own"), in("link"));
    EXPECT_FALSE(make_private_folder(in("link")));
    if (::geteuid() != 0) GTEST_SKIP() << "only root can make a folder of another user's";
    ASSERT_EQ(::chown(in("own").c_str(), 65534, 65534), 0);
    const auto refused = make_private_folder(in("own"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Denied);
}

}  // namespace
}  // namespace offload::provider

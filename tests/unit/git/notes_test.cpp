#include "offload/git/notes.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "support.hpp"

namespace offload::git {
namespace {

using testing::Optional;

constexpr const char* kRef = "refs/notes/offload-images";

// Both texts in an order that does not depend on who asks.
std::string both(const std::string& one, const std::string& other) {
    return std::min(one, other) + std::max(one, other);
}

// A bare repository that two clones share.
class NotesTest : public GitTest {
  protected:
    void SetUp() override {
        const auto first = repository("first");
        write(first / "file", "x\n");
        commit_ = commit(first);
        write(first / "file", "y\n");
        other_commit_ = commit(first);
        git(at("."), {"clone", "-q", "--bare", first.string(), "remote"});
        git(first, {"remote", "add", "origin", at("remote").string()});
        git(at("."), {"clone", "-q", at("remote").string(), "second"});
        first_.emplace(open(first));
        second_.emplace(open(at("second")));
    }

    static Notes notes(const Repository& repository) { return {repository, kRef, both}; }

    std::string commit_;
    std::string other_commit_;
    std::optional<Repository> first_;
    std::optional<Repository> second_;
};

TEST_F(NotesTest, CommitWithoutNoteHasNone) {
    EXPECT_EQ(notes(*first_).read(commit_).value(), std::nullopt);
}

TEST_F(NotesTest, AreReadAsTheyWereWritten) {
    const std::string text = "{\"a\": 1}\n";
    ASSERT_TRUE(notes(*first_).write(commit_, "before\n"));
    ASSERT_TRUE(notes(*first_).write(commit_, text));
    EXPECT_THAT(notes(*first_).read(commit_).value(), Optional(text));
    EXPECT_EQ(notes(*first_).read(other_commit_).value(), std::nullopt);
}

TEST_F(NotesTest, AreWrittenWhereNobodyHasSaidWhoTheyAre) {
    git(first_->root(), {"config", "user.useConfigOnly", "true"});
    EXPECT_TRUE(notes(*first_).write(commit_, "x\n"));
}

TEST_F(NotesTest, TravelOverARemote) {
    const auto fetched_none = notes(*second_).fetch("origin");
    EXPECT_TRUE(fetched_none) << fetched_none.error().to_string();
    ASSERT_TRUE(notes(*first_).write(commit_, "one\n"));
    const auto pushed = notes(*first_).push("origin");
    ASSERT_TRUE(pushed) << pushed.error().to_string();
    const auto fetched = notes(*second_).fetch("origin");
    ASSERT_TRUE(fetched) << fetched.error().to_string();
    EXPECT_THAT(notes(*second_).read(commit_).value(), Optional(std::string("one\n")));
    ASSERT_TRUE(notes(*first_).write(commit_, "two\n"));
    ASSERT_TRUE(notes(*first_).push("origin"));
    ASSERT_TRUE(notes(*second_).fetch("origin"));
    EXPECT_THAT(notes(*second_).read(commit_).value(), Optional(std::string("two\n")));
}

TEST_F(NotesTest, DivergedOnesAreJoinedOnBothSides) {
    ASSERT_TRUE(notes(*first_).write(commit_, "one\n"));
    ASSERT_TRUE(notes(*first_).write(other_commit_, "only in the first\n"));
    ASSERT_TRUE(notes(*first_).push("origin"));
    ASSERT_TRUE(notes(*second_).write(commit_, "two\n"));
    const auto pushed = notes(*second_).push("origin");  // refused, fetched, tried once more
    ASSERT_TRUE(pushed) << pushed.error().to_string();
    ASSERT_TRUE(notes(*first_).fetch("origin"));
    for (const auto* repository : {&*first_, &*second_}) {
        EXPECT_THAT(notes(*repository).read(commit_).value(), Optional(std::string("one\ntwo\n")));
        EXPECT_THAT(notes(*repository).read(other_commit_).value(),
                    Optional(std::string("only in the first\n")));
    }
}

// As the Rust program sets it up: plain fetches write over local notes. Ours does not.
TEST_F(NotesTest, ConfiguredRefspecTakesNothingAway) {
    git(second_->root(),
        {"config", "--add", "remote.origin.fetch", std::string("+") + kRef + ":" + kRef});
    ASSERT_TRUE(notes(*first_).write(other_commit_, "theirs\n"));
    ASSERT_TRUE(notes(*first_).push("origin"));
    ASSERT_TRUE(notes(*second_).write(commit_, "ours\n"));
    ASSERT_TRUE(notes(*second_).fetch("origin"));
    EXPECT_THAT(notes(*second_).read(commit_).value(), Optional(std::string("ours\n")));
    EXPECT_THAT(notes(*second_).read(other_commit_).value(), Optional(std::string("theirs\n")));
}

TEST_F(NotesTest, UnreachableRemoteIsAnErrorAndChangesNothing) {
    fs::remove_all(at("remote"));
    ASSERT_TRUE(notes(*first_).write(commit_, "one\n"));
    EXPECT_FALSE(notes(*first_).fetch("origin"));
    EXPECT_FALSE(notes(*first_).push("origin"));
    const auto fetched = notes(*first_).fetch("nobody");
    ASSERT_FALSE(fetched);
    EXPECT_EQ(fetched.error().message, "'nobody' does not appear to be a git repository");
    EXPECT_THAT(notes(*first_).read(commit_).value(), Optional(std::string("one\n")));
}

TEST_F(NotesTest, HooksOfTheUserAreNotCalled) {
    const auto hook = fs::path(first_->root()) / ".git/hooks/pre-push";
    write(hook, "#!/bin/sh\nexit 1\n");
    fs::permissions(hook, fs::perms::owner_exec, fs::perm_options::add);
    ASSERT_TRUE(notes(*first_).write(commit_, "one\n"));
    EXPECT_TRUE(notes(*first_).push("origin"));
}

}  // namespace
}  // namespace offload::git

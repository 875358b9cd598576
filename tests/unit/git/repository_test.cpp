#include "offload/git/repository.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace offload::git {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RepositoryTest : public GitTest {};

TEST_F(RepositoryTest, FolderWithoutRepositoryIsAnErrorInGitsWords) {
    fs::create_directories(at("plain"));
    const auto opened = Repository::open(at("plain").string());
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().to_string(), HasSubstr("not a git repository"));
}

TEST_F(RepositoryTest, RepositoryWithoutCommitsHasNoHead) {
    const auto folder = repository("empty");
    EXPECT_FALSE(open(folder).head());
}

TEST_F(RepositoryTest, FindsTheLastCommitThatTouchesAnInput) {
    const auto folder = repository("one");
    write(folder / "Dockerfile", "FROM a\n");
    write(folder / "libs/x/uv.lock", "1\n");
    commit(folder);
    write(folder / "libs/x/uv.lock", "2\n");
    const auto wanted = commit(folder);
    write(folder / "tests/a.py", "pass\n");
    commit(folder);
    git(folder, {"checkout", "-q", "--detach"});  // makes no difference
    const auto opened = open(folder);
    EXPECT_EQ(opened.last_commit_touching({"Dockerfile", "libs/*/uv.lock"}).value(), wanted);
    EXPECT_EQ(opened.distance(wanted).value(), 1U);
    EXPECT_EQ(opened.last_commit_touching({"nothing"}).value(), std::nullopt);
}

TEST_F(RepositoryTest, LooksThroughMergesForWhoMadeTheInput) {
    const auto folder = repository("merged");
    write(folder / "Dockerfile", "FROM a\n");
    commit(folder);
    git(folder, {"checkout", "-qb", "side"});
    write(folder / "Dockerfile", "FROM b\n");
    const auto wanted = commit(folder);
    git(folder, {"checkout", "-q", "main"});
    write(folder / "other", "x\n");
    commit(folder);
    git(folder, {"merge", "-q", "--no-edit", "side"});
    EXPECT_EQ(open(folder).last_commit_touching({"Dockerfile"}).value(), wanted);
}

TEST_F(RepositoryTest, ShallowCloneKnowsWhereItsHistoryEnds) {
    const auto folder = repository("whole");
    write(folder / "Dockerfile", "FROM a\n");
    commit(folder);
    write(folder / "a", "a\n");
    const auto last = commit(folder);
    git(at("."), {"clone", "-q", "--depth=1", "file://" + folder.string(), "shallow"});
    const auto shallow = open(at("shallow"));
    EXPECT_EQ(shallow.last_commit_touching({"Dockerfile"}).value(), last);
    EXPECT_TRUE(shallow.is_cut_off_at(last));
    EXPECT_FALSE(open(folder).is_cut_off_at(last));
}

TEST_F(RepositoryTest, UncommittedIsWhatDiffersFromHeadBelowTheFolder) {
    const auto folder = repository("dirty");
    write(folder / "outside", "1\n");
    write(folder / "sub/kept", "1\n");
    write(folder / "sub/changed", "1\n");
    write(folder / "sub/gone", "1\n");
    write(folder / "sub/.gitignore", "made\n");
    commit(folder);
    write(folder / "outside", "2\n");
    write(folder / "sub/changed", "2\n");
    write(folder / "sub/made", "x\n");
    write(folder / "sub/new", "x\n");
    fs::remove(folder / "sub/gone");
    const auto opened = open(folder / "sub");
    EXPECT_EQ(opened.prefix(), "sub/");
    EXPECT_THAT(opened.uncommitted({"."}).value(), ElementsAre("changed", "gone", "new"));
    EXPECT_THAT(opened.uncommitted({"kept", "n*"}).value(), ElementsAre("new"));
    EXPECT_THAT(opened.differing_from(opened.head().value()).value(),
                ElementsAre("changed", "gone", "new"));
    EXPECT_TRUE(opened.commit_has("HEAD", "kept"));
    EXPECT_FALSE(opened.commit_has("HEAD", "new"));
}

TEST_F(RepositoryTest, ExportsATreeAsItWasAndLeavesTheCheckoutAlone) {
    const auto folder = repository("exported");
    write(folder / "a b/file", "old\n");
    write(folder / "run.sh", "#!/bin/sh\n");
    write(folder / "left-out", "x\n");
    write(folder / ".gitattributes", "left-out export-ignore\n");
    fs::permissions(folder / "run.sh", fs::perms::owner_exec, fs::perm_options::add);
    fs::create_symlink("a b/file", folder / "link");
    const auto old = commit(folder);
    write(folder / "a b/file", "new\n");
    write(folder / "later", "x\n");
    commit(folder);
    write(folder / "a b/file", "edited\n");
    fs::create_directories(at("target"));
    const auto opened = open(folder / "a b");
    const auto exported = opened.export_tree(old, at("target").string());
    ASSERT_TRUE(exported) << exported.error().to_string();
    EXPECT_EQ(read_file(at("target") / "a b/file").value(), "old\n");
    EXPECT_EQ(fs::read_symlink(at("target") / "link"), "a b/file");
    EXPECT_NE(fs::status(at("target") / "run.sh").permissions() & fs::perms::owner_exec,
              fs::perms::none);
    EXPECT_TRUE(fs::exists(at("target") / "left-out"));
    EXPECT_FALSE(fs::exists(at("target") / "later"));
    EXPECT_EQ(git(folder, {"status", "--porcelain"}), "M \"a b/file\"");
}

TEST_F(RepositoryTest, NamesContents) {
    const auto folder = repository("named");
    write(folder / "one", "x\n");
    write(folder / "two", "x\n");
    write(folder / "other", "y\n");
    const auto opened = open(folder);
    const auto names = opened.names_of_files({"one", "two", "other"}).value();
    EXPECT_EQ(names.at(0), names.at(1));
    EXPECT_NE(names.at(0), names.at(2));
    EXPECT_EQ(opened.name_of_text("x\n").value(), names.at(0));
    EXPECT_THAT(opened.names_of_files({}).value(), IsEmpty());
    EXPECT_FALSE(opened.names_of_files({"missing"}));
}

TEST_F(RepositoryTest, CancelledQuestionsEnd) {
    const auto folder = repository("cancelled");
    process::CancelSource source;
    const auto opened = Repository::open(folder.string(), source.token());
    ASSERT_TRUE(opened);
    source.cancel();
    const auto head = opened->head();
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().kind, ErrorKind::Cancelled);
}

}  // namespace
}  // namespace offload::git

#include "docker/tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "offload/base/file.hpp"
#include "offload/process/child.hpp"

namespace offload::provider::docker {
namespace {

namespace fs = std::filesystem;

class DockerTree : public testing::Test {
  protected:
    void put(const std::string& path, const std::string& content = "x") const {
        ASSERT_TRUE(make_folder((from_ / path).parent_path()));
        ASSERT_TRUE(write_file_atomically(from_ / path, content));
    }
    void git(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(),
                         {"git", "-c", "user.name=n", "-c", "user.email=e@example.com"});
        const auto done = process::capture(
            {.argv = std::move(arguments), .working_folder = from_.string()},
            {.deadline = SteadyTime::clock::now() + std::chrono::seconds(60), .cancel = {}});
        ASSERT_TRUE(done.end.success()) << done.err;
    }
    std::set<std::string> staged(const std::vector<std::string>& excluded = {}) {
        const auto done = stage_tree(from_, to_, excluded, {});
        EXPECT_TRUE(done);
        if (done) deleted_ = done->deleted;
        std::set<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(to_)) {
            if (!entry.is_directory() || entry.is_symlink()) {
                found.insert(entry.path().lexically_relative(to_).string());
            }
        }
        return found;
    }

    TemporaryFolder folder_ = *TemporaryFolder::create("offload-test-");
    fs::path from_ = folder_.path() / "from";
    fs::path to_ = folder_.path() / "to";
    std::vector<std::string> deleted_;

    void SetUp() override {
        fs::create_directory(from_);
        fs::create_directory(to_);
    }
};

using Names = std::set<std::string>;

TEST_F(DockerTree, IsTheWorkingTreeAsItStands) {  // TRAPS 11
    put("kept.py", "old");
    put("gone.py");
    put("folder/with space \xc3\xa9.py");
    put(".gitignore", "*.log\n/build/\n");
    git({"init", "-q"});
    git({"add", "-A"});
    git({"commit", "-qm", "one"});
    put("kept.py", "new");
    put("untracked.py");
    put("a.log");
    put("build/out.o");
    fs::remove(from_ / "gone.py");
    EXPECT_EQ(staged(),
              (Names{".gitignore", "kept.py", "untracked.py", "folder/with space \xc3\xa9.py"}));
    EXPECT_EQ(*read_file(to_ / "kept.py"), "new");
    EXPECT_EQ(deleted_, std::vector<std::string>{"gone.py"});
}

TEST_F(DockerTree, WithoutGitCachesStayOut) {
    put("a.py");
    put("pkg/b.py");
    put("pkg/__pycache__/b.pyc");
    put(".venv/bin/python");
    put("node_modules/left-pad/index.js");
    put("cache/CACHEDIR.TAG");
    put("cache/big");
    EXPECT_EQ(staged(), (Names{"a.py", "pkg/b.py"}));
    EXPECT_TRUE(deleted_.empty());
}

TEST_F(DockerTree, ReportsAreNoSources) {
    put("a.py");
    put("test-results/junit.xml");
    put("test-results-of-mine/data");
    put("offload-history.jsonl");
    EXPECT_EQ(staged({"test-results", "offload-history.jsonl"}),
              (Names{"a.py", "test-results-of-mine/data"}));
}

TEST_F(DockerTree, ModesAndLinksAreKept) {
    put("run.sh");
    fs::permissions(from_ / "run.sh", fs::perms::owner_all);
    fs::create_symlink("run.sh", from_ / "link");
    fs::create_symlink("nowhere", from_ / "dangling");
    fs::create_directory_symlink(".", from_ / "loop");
    git({"init", "-q"});
    EXPECT_EQ(staged(), (Names{"run.sh", "link", "dangling", "loop"}));
    EXPECT_EQ(fs::status(to_ / "run.sh").permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::read_symlink(to_ / "link"), "run.sh");
}

TEST_F(DockerTree, FileThatVanishesIsLeftOut) {  // TRAPS 30
    EXPECT_TRUE(stage_file(from_ / "vanished", to_ / "vanished"));
    EXPECT_FALSE(fs::exists(to_ / "vanished"));
}

TEST_F(DockerTree, FolderThatCannotBeWrittenIsAnError) {
    put("a.py");
    ASSERT_TRUE(write_file_atomically(folder_.path() / "no-folder", ""));
    EXPECT_FALSE(stage_tree(from_, folder_.path() / "no-folder", {}, {}));
}

}  // namespace
}  // namespace offload::provider::docker

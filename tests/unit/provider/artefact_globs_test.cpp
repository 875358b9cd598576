#include "artefact_globs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "offload/base/glob.hpp"

namespace offload::provider {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ArtefactGlobs, AreNormalAndKeepTheirOrder) {
    EXPECT_THAT(normal_globs({"./b//*.png", "a/", "**/x"}).value(),
                ElementsAre("b/*.png", "a", "**/x"));
    for (const char* glob : {"", "/abs", "a/../b"}) EXPECT_FALSE(normal_globs({glob})) << glob;
}

TEST(ArtefactGlobs, AFolderInAnotherIsNotSearchedTwice) {
    const std::vector<std::string> globs{"a/b/*.x", "a/*.y", "ab/z", "a/b/c/d"};
    EXPECT_THAT(literal_folders(globs), ElementsAre("a", "ab"));
    EXPECT_THAT(literal_folders(std::vector<std::string>{"*.x", "a/y"}), ElementsAre(""));
}

TEST(ArtefactGlobs, OnlyAPatternIsTakenInItsOtherMeaning) {
    const std::vector<std::string> globs{"out/*.png", "out/x.log", "*.txt"};
    const std::vector<std::string> paths{"out/d/a.png", "out/d/x.log", "note.txt", "d/other.txt"};
    const auto chosen = choose(globs, paths);
    EXPECT_THAT(chosen.files, ElementsAre("note.txt", "out/d/a.png"));
    EXPECT_THAT(chosen.across_folders, ElementsAre("out/*.png"));
    EXPECT_THAT(choose(globs, {}).across_folders, IsEmpty());
}

// What `find` lets through is all that is looked at.
TEST(ArtefactGlobs, FindLetsThroughWhateverAGlobMatches) {
    std::mt19937 random(7);
    const auto text = [&](const std::vector<std::string>& pieces) {
        std::string out;
        for (auto left = random() % 6 + 1; left > 0; --left)
            out += pieces[random() % pieces.size()];
        return out;
    };
    int matched = 0;
    for (int i = 0; i < 200'000; ++i) {
        const auto globs =
            normal_globs({text({"a", "b", "/", "*", "**/", "?", "[ab]", "[!a]", "\\a"})});
        const auto paths = normal_globs({text({"a", "b", "/", "ä", "[", "\\"})});
        if (!globs || !paths) continue;
        const auto& glob = globs->front();
        const auto& path = paths->front();
        if (!glob_match(glob, path) && !matches_across_folders(glob, path)) continue;
        ++matched;
        EXPECT_TRUE(matches_across_folders(find_pattern(glob), "./" + path))
            << glob << " matches " << path << ", and not " << find_pattern(glob);
    }
    EXPECT_GT(matched, 1000);
}

}  // namespace
}  // namespace offload::provider

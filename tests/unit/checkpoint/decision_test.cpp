#include "offload/checkpoint/decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace offload::checkpoint {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

json recipe() {
    return {{"format", 1}, {"builder", {{"modal", {{"script", "a"}, {"dockerfile", "D"}}}}}};
}

Facts facts() { return {.head = "h", .commit = "c", .recipe = recipe()}; }

Entry entry(json of, std::string image = "im-1") {
    return {.name = "recipe:1", .image_id = std::move(image), .recipe = std::move(of)};
}

TEST(Decision, WithoutANoteTheCheckpointIsBuilt) {
    const auto decision = decide(facts());
    EXPECT_EQ(decision.base, Base::Checkpoint);
    EXPECT_EQ(decision.mode, Mode::Built);
}

TEST(Decision, MatchingEntryIsTheBaseOfAThinLayer) {
    auto given = facts();
    given.entries = {entry({{"format", 0}}, "im-other"), entry(recipe())};
    given.differing = 2;
    const auto decision = decide(given);
    EXPECT_EQ(decision.base, Base::Note);
    EXPECT_EQ(decision.mode, Mode::Thin);
    EXPECT_EQ(decision.entry->image_id, "im-1");
    EXPECT_THAT(decision.why, HasSubstr("2 files differ"));
}

TEST(Decision, NothingIsBuiltWhereNothingDiffersAndNothingIsToBeDone) {
    auto given = facts();
    given.entries = {entry(recipe())};
    given.differing = 0;
    EXPECT_EQ(decide(given).mode, Mode::Cached);
    given.completes = true;
    EXPECT_EQ(decide(given).mode, Mode::Thin);
    given.completes = false;
    given.differing.reset();
    EXPECT_EQ(decide(given).mode, Mode::Thin);
}

TEST(Decision, NoCacheUsesNoEntry) {
    auto given = facts();
    given.entries = {entry(recipe())};
    given.no_cache = true;
    EXPECT_EQ(decide(given).base, Base::Checkpoint);
}

TEST(Decision, OnlyTheWholeRecipeCounts) {  // TRAPS 12
    auto other = recipe();
    other["builder"]["modal"]["script"] = "b";
    auto more = recipe();
    more["copy_dirs"] = json::array();
    const std::vector<Entry> entries{entry(other), entry(more), entry(recipe(), ""), entry(nullptr),
                                     entry("text")};
    for (const auto& one : entries) {
        auto given = facts();
        given.entries = {one};
        EXPECT_EQ(decide(given).base, Base::Checkpoint) << match(one, recipe()).words;
    }
}

// Each is a case in which an image of the checkpoint's tree would not be what is on disk, or could
// not be told from another one. TRAPS 11, 12
TEST(Decision, WorkingTreeIsTheBaseWhereTheCheckpointCannotBe) {
    const std::vector<std::pair<std::function<void(Facts&)>, std::string>> cases{
        {[](Facts& f) { f.no_git = "not a git repository"; }, "not a git repository"},
        {[](Facts& f) { f.has_inputs = false; }, "is empty"},
        {[](Facts& f) { f.commit.reset(); }, "no commit has changed"},
        {[](Facts& f) { f.cut_off = true; }, "shallow"},
        {[](Facts& f) { f.edited = {"a", "b", "c", "d"}; }, "a, b, c and 1 more"},
        {[](Facts& f) { f.submodules = true; }, "submodules"},
        {[](Facts& f) { f.unkeyed = "no key"; }, "no key"},
    };
    for (const auto& [change, words] : cases) {
        auto given = facts();
        given.entries = {entry(recipe())};
        given.differing = 0;
        change(given);
        const auto decision = decide(given);
        EXPECT_EQ(decision.base, Base::WorkingTree) << words;
        EXPECT_EQ(decision.mode, Mode::Built) << words;
        EXPECT_THAT(decision.why, HasSubstr(words));
    }
}

TEST(Match, NamesWhatDiffers) {
    auto stored = recipe();
    stored["builder"]["modal"]["script"] = "b";
    stored["builder"]["modal"]["include_dir"] = "";
    stored["copy_dirs"] = json::array({1});
    auto wanted = recipe();
    wanted["copy_dirs"] = json::array({2});
    const auto found = match(entry(stored), wanted);
    EXPECT_FALSE(found.serves);
    EXPECT_THAT(found.differences,
                ElementsAre("builder.modal.include_dir", "builder.modal.script", "copy_dirs"));
    EXPECT_THAT(match(entry("text"), wanted).differences, ElementsAre("recipe"));
    EXPECT_EQ(match(entry(wanted), wanted).words, "matches");
    EXPECT_THAT(match(entry(nullptr), wanted).words, HasSubstr("older version"));
}

}  // namespace
}  // namespace offload::checkpoint

#include "offload/checkpoint/note.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::checkpoint {
namespace note_test {

using testing::IsEmpty;
using testing::SizeIs;

Entry entry(std::string name, std::string image, std::string built_at = "2026-01-01T00:00:00Z") {
    return {.name = std::move(name),
            .image_id = std::move(image),
            .recipe = {{"format", 1}},
            .built_at = std::move(built_at)};
}

TEST(Note, EntryComesBackAsItWasWritten) {
    auto written = entry("recipe:1", "im-1");
    written.tree = "abc";
    written.config_path = "offload.toml";
    written.version = "1.0.0";
    const auto entries = parse_note(with_entry("", written)).value();
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_EQ(entries[0].name, "recipe:1");
    EXPECT_EQ(entries[0].image_id, "im-1");
    EXPECT_EQ(entries[0].recipe, written.recipe);
    EXPECT_EQ(entries[0].tree, "abc");
    EXPECT_EQ(entries[0].config_path, "offload.toml");
    EXPECT_EQ(entries[0].version, "1.0.0");
    EXPECT_EQ(entries[0].built_at, "2026-01-01T00:00:00Z");
}

// What the Rust program writes, in the shape of 0.10 and of its older versions.
TEST(Note, EntriesOfOthersAreReadAndKept) {
    const std::string theirs = R"({
        "offload.toml": {"image_id": "im-old"},
        "recipe:e0dc31cbfba5640a": {
            "image_id": "im-rust", "config_path": "offload.toml", "offload_version": "0.10.0",
            "recipe": {"format": 2, "builder": {"modal": {"script": "9b1d"}}}, "more": [1, 2]}})";
    const auto entries = parse_note(with_entry(theirs, entry("recipe:1", "im-1"))).value();
    ASSERT_THAT(entries, SizeIs(3));
    EXPECT_EQ(entries[0].image_id, "im-old");
    EXPECT_TRUE(entries[0].recipe.is_null());
    EXPECT_EQ(entries[2].image_id, "im-rust");
    EXPECT_EQ(entries[2].recipe["builder"]["modal"]["script"], "9b1d");
    EXPECT_NE(with_entry(theirs, entry("recipe:1", "im-1")).find("\"more\""), std::string::npos);
}

TEST(Note, EntryOfTheSameNameIsReplaced) {
    const auto text = with_entry(with_entry("", entry("r", "im-1")), entry("r", "im-2"));
    const auto entries = parse_note(text).value();
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_EQ(entries[0].image_id, "im-2");
}

TEST(Note, JoiningKeepsAllAndTakesTheLaterOfTwo) {
    const auto one =
        with_entry(with_entry("", entry("a", "im-a")), entry("c", "im-old", "2026-01-01"));
    const auto two =
        with_entry(with_entry("", entry("b", "im-b")), entry("c", "im-new", "2026-02-01"));
    EXPECT_EQ(joined(one, two), joined(two, one));
    EXPECT_EQ(joined(one, one), one);
    const auto entries = parse_note(joined(one, two)).value();
    ASSERT_THAT(entries, SizeIs(3));
    EXPECT_EQ(entries[2].image_id, "im-new");
}

TEST(Note, TextsThatGitHasPutTogetherAreRead) {
    const auto entries =
        parse_note("{\"a\": {\"image_id\": \"im-{}\\\"\"}}\n\n{\"b\": {\"image_id\": \"im-b\"}}\n")
            .value();
    ASSERT_THAT(entries, SizeIs(2));
    EXPECT_EQ(entries[0].image_id, "im-{}\"");
    EXPECT_EQ(entries[1].image_id, "im-b");
}

TEST(Note, SomethingElseIsAnErrorToReadAndIsWrittenOver) {
    for (const auto* text : {"im-1", "[1]", "{\"a\": ", "{} x", "{\"a\"}"}) {
        EXPECT_FALSE(parse_note(text)) << text;
        EXPECT_THAT(parse_note(with_entry(text, entry("a", "im-1"))).value(), SizeIs(1)) << text;
    }
    EXPECT_THAT(parse_note("").value(), IsEmpty());
    EXPECT_THAT(parse_note("{\"a\": 1, \"b\": {}}").value(), SizeIs(1));
}

TEST(RecipeName, FollowsFromTheContent) {
    const nlohmann::json one{{"a", 1}, {"b", 2}};
    const nlohmann::json same = nlohmann::json::parse(R"({"b": 2, "a": 1})");
    EXPECT_EQ(recipe_name(one), recipe_name(same));
    EXPECT_NE(recipe_name(one), recipe_name({{"a", 1}}));
    EXPECT_EQ(recipe_name(one).size(), std::string("recipe:").size() + 16);
}

}  // namespace note_test
}  // namespace offload::checkpoint

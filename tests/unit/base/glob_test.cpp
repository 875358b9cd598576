#include "offload/base/glob.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace offload {
namespace {

TEST(Glob, DoubleStarMatchesZeroFolders) {  // TRAPS 42
    EXPECT_TRUE(glob_match("dir/**/x", "dir/x"));
    EXPECT_TRUE(glob_match("dir/**/x", "dir/a/x"));
    EXPECT_TRUE(glob_match("dir/**/x", "dir/a/b/x"));
    EXPECT_TRUE(glob_match("**/x", "x"));
    EXPECT_TRUE(glob_match("**/**/x", "x"));
    EXPECT_TRUE(glob_match("a/**/b/**/c", "a/b/c"));
    EXPECT_FALSE(glob_match("dir/**/x", "dir/ax"));
    EXPECT_FALSE(glob_match("dir/**/x", "x"));
}

TEST(Glob, DotFilesMatch) {  // TRAPS 42
    EXPECT_TRUE(glob_match("*", ".coverage"));
    EXPECT_TRUE(glob_match("**/*.xml", ".hidden/.a.xml"));
    EXPECT_TRUE(glob_match("?coverage", ".coverage"));
    EXPECT_TRUE(glob_match(".coverage.*", ".coverage.host.1"));
}

TEST(Glob, TrailingDoubleStarMatchesEverythingBelow) {
    EXPECT_TRUE(glob_match("dir/**", "dir/a"));
    EXPECT_TRUE(glob_match("dir/**", "dir/a/b"));
    EXPECT_FALSE(glob_match("dir/**", "dir"));
    EXPECT_FALSE(glob_match("dir/**", "dirt/a"));
    EXPECT_TRUE(glob_match("**", "a/b/c"));
}

TEST(Glob, OneStarStaysWithinItsComponent) {
    EXPECT_TRUE(glob_match("*.txt", "a.txt"));
    EXPECT_TRUE(glob_match("a*b*c", "a-bb-c"));
    EXPECT_TRUE(glob_match("*", "a"));
    EXPECT_TRUE(glob_match("a*", "a"));
    EXPECT_FALSE(glob_match("*.txt", "dir/a.txt"));
    EXPECT_FALSE(glob_match("a*b", "ac"));
    EXPECT_FALSE(glob_match("a?c", "a/c"));
}

TEST(Glob, SetsHoldRangesAndNegations) {
    EXPECT_TRUE(glob_match("[abc]1", "b1"));
    EXPECT_TRUE(glob_match("log[0-9]", "log7"));
    EXPECT_FALSE(glob_match("log[0-9]", "logx"));
    EXPECT_TRUE(glob_match("log[!0-9]", "logx"));
    EXPECT_TRUE(glob_match("log[^0-9]", "logx"));
    EXPECT_TRUE(glob_match("[]]", "]"));
    EXPECT_TRUE(glob_match("[a-]", "-"));
    EXPECT_TRUE(glob_match("*[0-9].xml", "batch-12.xml"));
}

TEST(Glob, UnclosedSetIsLiteral) {
    EXPECT_TRUE(glob_match("test[a", "test[a"));
    EXPECT_TRUE(glob_match("[", "["));
    EXPECT_FALSE(glob_match("[a", "a"));
}

TEST(Glob, CountsCharactersAndNotBytes) {
    EXPECT_TRUE(glob_match("?.txt", "ü.txt"));
    EXPECT_TRUE(glob_match("[äöü]", "ö"));
    EXPECT_TRUE(glob_match("[а-я]", "ж"));
    EXPECT_FALSE(glob_match("??", "ü"));
    EXPECT_TRUE(glob_match("?", "\xFF"));
}

TEST(Glob, EmptyAndDotComponentsAreIgnored) {
    EXPECT_TRUE(glob_match("./a//b/", "a/b"));
    EXPECT_FALSE(glob_match("", "a"));
    EXPECT_TRUE(glob_match("", ""));
}

TEST(Glob, ManyStarsDoNotExplode) {
    std::string pattern;
    for (int i = 0; i < 40; ++i) pattern += "*a";
    EXPECT_FALSE(glob_match(pattern + "b", std::string(2000, 'a')));
    std::string folders;
    std::string path;
    for (int i = 0; i < 40; ++i) folders += "**/a/";
    for (int i = 0; i < 500; ++i) path += "a/";
    EXPECT_FALSE(glob_match(folders + "b", path + "c"));
}

// The definition, spelt out without any cleverness.
bool matches_slowly(std::string_view pattern, std::string_view name) {
    if (pattern.empty()) return name.empty();
    if (pattern.starts_with("**/")) {
        if (matches_slowly(pattern.substr(3), name)) return true;
        const auto slash = name.find('/');
        return slash != std::string_view::npos && matches_slowly(pattern, name.substr(slash + 1));
    }
    if (pattern == "**") return !name.empty();
    if (pattern.front() == '*') {
        if (matches_slowly(pattern.substr(1), name)) return true;
        return !name.empty() && name.front() != '/' && matches_slowly(pattern, name.substr(1));
    }
    if (name.empty()) return false;
    if (pattern.front() == '?' ? name.front() == '/' : name.front() != pattern.front()) {
        return false;
    }
    return matches_slowly(pattern.substr(1), name.substr(1));
}

TEST(Glob, AgreesWithItsDefinitionOnRandomInput) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::vector<std::string> elements{"a", "b", "*", "?", "a*", "*b", "**", "?b"};
    const std::vector<std::string> names{"a", "b", "ab", "ba", "aab"};
    int matched = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string pattern;
        std::string name;
        for (std::size_t n = 1 + random() % 4; n > 0; --n) {
            pattern += elements[random() % elements.size()] + (n > 1 ? "/" : "");
        }
        for (std::size_t n = 1 + random() % 4; n > 0; --n) {
            name += names[random() % names.size()] + (n > 1 ? "/" : "");
        }
        const bool expected = matches_slowly(pattern, name);
        matched += expected ? 1 : 0;
        ASSERT_EQ(glob_match(pattern, name), expected) << pattern << " against " << name;
    }
    EXPECT_GT(matched, 1000);
}

TEST(StaysInside, OnlyWhatIsBelowTheFolder) {
    for (const auto* inside : {"a", "a/b", "./a", "a/..b", "..a/*", "**", "..."}) {
        EXPECT_TRUE(stays_inside(inside)) << inside;
    }
    for (const auto* outside : {"", "/", "/a", "..", "../a", "a/..", "a/../b"}) {
        EXPECT_FALSE(stays_inside(outside)) << outside;
    }
}

}  // namespace
}  // namespace offload

#include "complete.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> groups_of(const std::string& config) {
    if (config == "other.toml") return {"elsewhere"};
    return {"unit", "slow"};
}

std::vector<std::string> words_of(const Completion& completion) {
    std::vector<std::string> words;
    for (const auto& candidate : completion.candidates) words.push_back(candidate.word);
    return words;
}

std::vector<std::string> words(const std::vector<std::string>& typed) {
    return words_of(complete(typed, groups_of));
}

Completion::Paths paths(const std::vector<std::string>& typed) {
    return complete(typed, groups_of).paths;
}

TEST(Completion, CommandsAreOfferedWithWhatTheyDo) {
    const auto all = complete({""}, groups_of);
    EXPECT_THAT(words_of(all), AllOf(Contains("run"), Contains("help"), Contains("completions")));
    EXPECT_EQ(all.candidates.front().word, "run");
    EXPECT_FALSE(all.candidates.front().meaning.empty());
    EXPECT_THAT(words({"co"}), ElementsAre("collect", "completions"));
    EXPECT_THAT(words({"-c", "x.toml", "coll"}), ElementsAre("collect"));
    EXPECT_THAT(words({"history", ""}), ElementsAre("merge", "setup-merge-driver"));
    EXPECT_THAT(words({"help", "coll"}), ElementsAre("collect"));
    EXPECT_THAT(words({"man", "coll"}), ElementsAre("collect"));
}

TEST(Completion, FlagsAreThoseOfTheCommandAndOfEverywhere) {
    EXPECT_THAT(words({"run", "--fa"}), ElementsAre("--failed", "--fail-fast"));
    EXPECT_THAT(words({"run", "--col"}), ElementsAre("--collect-only", "--color"));
    EXPECT_THAT(words({"run", "-"}), AllOf(Contains("--config"), Not(Contains("--version"))));
    EXPECT_THAT(words({"--ver"}), ElementsAre("--version", "--verbose"));
    EXPECT_THAT(words({"run", "--", "--fa"}), IsEmpty());
}

TEST(Completion, ValuesAreThoseOfTheirFlag) {
    EXPECT_THAT(words({"--color", "a"}), ElementsAre("auto", "always"));
    EXPECT_THAT(words({"run", "--color=n"}), ElementsAre("--color=never"));
    EXPECT_THAT(words({"collect", "-f", ""}), ElementsAre("text", "json"));
    EXPECT_THAT(words({"init", "-p", "do"}), ElementsAre("docker"));
    EXPECT_THAT(words({"completions", ""}), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(words({"run", "--parallel", ""}), IsEmpty());
}

TEST(Completion, GroupsAreThoseOfTheConfig) {
    EXPECT_THAT(words({"run", "--group", ""}), ElementsAre("unit", "slow"));
    EXPECT_THAT(words({"run", "--group", "unit", "--group=s"}), ElementsAre("--group=slow"));
    EXPECT_THAT(words({"-c", "other.toml", "run", "--group", ""}), ElementsAre("elsewhere"));
    EXPECT_THAT(words({"run", "--config=other.toml", "--group", ""}), ElementsAre("elsewhere"));
}

TEST(Completion, PathsAreLeftToTheShell) {
    EXPECT_EQ(paths({"run", "tests/te"}), Completion::Paths::Files);
    EXPECT_EQ(paths({"run", "a", "b", ""}), Completion::Paths::Files);
    EXPECT_EQ(paths({"run", "-c", ""}), Completion::Paths::Files);
    EXPECT_EQ(paths({"run", "--config=x"}), Completion::Paths::Files);
    EXPECT_EQ(paths({"merge", ""}), Completion::Paths::Folders);
    EXPECT_EQ(paths({"doctor", ""}), Completion::Paths::Folders);
    EXPECT_EQ(paths({"doctor", "shop", ""}), Completion::Paths::None);
    EXPECT_EQ(paths({"run", "--filter", ""}), Completion::Paths::None);
}

TEST(Completion, WhatMakesNoSenseIsAnsweredWithNothing) {
    EXPECT_THAT(words({}), Not(IsEmpty()));
    EXPECT_THAT(words({"run", "--no-such", "--color"}), SizeIs(1));
    EXPECT_THAT(words({"run", "--no-such=x", "--nor"}), IsEmpty());
    EXPECT_THAT(words({"--", "ru"}), IsEmpty());
}

}  // namespace
}  // namespace offload::app

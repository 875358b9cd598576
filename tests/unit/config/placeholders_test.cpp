#include "placeholders.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace offload::config {
namespace {

TEST(Placeholders, OnesThatOnlyResembleAKnownOneAreFound) {  // TRAPS 58
    EXPECT_EQ(misspelt_placeholder("run {results} {tests}", {"tests", "result_file"}), "results");
    EXPECT_EQ(misspelt_placeholder("exec {sandbox} {command}", {"sandbox_id", "command"}),
              "sandbox");
    EXPECT_EQ(misspelt_placeholder("exec {sandox_id}", {"sandbox_id"}), "sandox_id");
    EXPECT_EQ(misspelt_placeholder("run {tests} {cmd}", {"tests"}), "cmd");
}

TEST(Placeholders, OnesOfAnotherCommandAreFound) {
    EXPECT_EQ(misspelt_placeholder("rm {image_id}", {"sandbox_id"}), "image_id");
}

TEST(Placeholders, KnownOnesAndBracesOfOthersAreLeftAlone) {  // TRAPS 48
    for (const char* command :
         {"run {tests} {result_file}", "awk '{print $1}' {tests}", "cp a.{c,h} {tests}",
          "echo ${tests} ${test}", "echo {{test}}", "find . -exec ls {} +", "echo {TEST}",
          "f() { test -e x; }", "echo {x}", "{tests"}) {
        EXPECT_EQ(misspelt_placeholder(command, {"tests", "result_file"}), std::nullopt) << command;
    }
}

TEST(Placeholders, WithoutAWordInBracesNothingIsEverFound) {
    std::mt19937 random(1);
    const std::string letters = "ab{ }$,_'\"";
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (int j = 0; j < 12; ++j) text += letters[random() % letters.size()];
        EXPECT_EQ(misspelt_placeholder(text, {"tests"}), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace offload::config

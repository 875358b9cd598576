#include "offload/report/colour.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace offload::report {
namespace {

constexpr bool kTerminal = true;
constexpr bool kPipe = false;

using Variables = std::map<std::string, std::string>;

bool coloured(bool terminal, const Variables& variables, ColourWish wish = ColourWish::Auto) {
    return wants_colour(wish, terminal, [&](const char* name) -> std::string_view {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string_view{} : found->second;
    });
}

TEST(Colour, TerminalsHaveItAndFilesDoNot) {
    EXPECT_TRUE(coloured(kTerminal, {{"TERM", "xterm"}}));
    EXPECT_FALSE(coloured(kTerminal, {{"TERM", "dumb"}}));
    EXPECT_FALSE(coloured(kPipe, {{"TERM", "xterm"}}));
}

TEST(Colour, NoColorCountsWithAnyValueButAnEmptyOne) {
    EXPECT_FALSE(coloured(kTerminal, {{"NO_COLOR", "1"}}));
    EXPECT_FALSE(coloured(kTerminal, {{"NO_COLOR", "0"}}));
    EXPECT_TRUE(coloured(kTerminal, {{"NO_COLOR", ""}}));
}

TEST(Colour, ForceColorCountsWithAnyValueButAnEmptyOneAndBeforeNoColor) {
    EXPECT_TRUE(coloured(kPipe, {{"FORCE_COLOR", "1"}}));
    EXPECT_TRUE(coloured(kPipe, {{"FORCE_COLOR", "0"}}));
    EXPECT_FALSE(coloured(kPipe, {{"FORCE_COLOR", ""}}));
    EXPECT_TRUE(coloured(kPipe, {{"FORCE_COLOR", "1"}, {"NO_COLOR", "1"}, {"TERM", "dumb"}}));
}

TEST(Colour, CliColorIsKnownAndComesLast) {
    EXPECT_TRUE(coloured(kPipe, {{"CLICOLOR_FORCE", "1"}}));
    EXPECT_FALSE(coloured(kPipe, {{"CLICOLOR_FORCE", "0"}}));
    EXPECT_FALSE(coloured(kPipe, {{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}));
    EXPECT_FALSE(coloured(kTerminal, {{"CLICOLOR", "0"}}));
}

TEST(Colour, WhatTheUserSaysCountsBeforeTheEnvironment) {
    EXPECT_TRUE(coloured(kPipe, {{"NO_COLOR", "1"}}, ColourWish::Always));
    EXPECT_FALSE(coloured(kTerminal, {{"FORCE_COLOR", "1"}}, ColourWish::Never));
}

}  // namespace
}  // namespace offload::report

#include "expand.hpp"

#include <random>

#include "helpers.hpp"

namespace offload::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string expanded(std::string_view text) {
    return expand(text, variables({{"A", "apple"}, {"EMPTY", ""}, {"B", "${A}"}})).text;
}

TEST(Expand, VariableIsReplaced) { EXPECT_EQ(expanded("x${A}y"), "xappley"); }

TEST(Expand, DefaultStandsInForUnsetAndEmptyAsInAShell) {
    EXPECT_EQ(expanded("${NOPE:-pear}"), "pear");
    EXPECT_EQ(expanded("${EMPTY:-pear}"), "pear");
    EXPECT_EQ(expanded("${A:-pear}"), "apple");
    EXPECT_EQ(expanded("[${NOPE:-}]"), "[]");
    EXPECT_EQ(expanded("[${EMPTY}]"), "[]");
}

TEST(Expand, DefaultsNest) {
    EXPECT_EQ(expanded("${NOPE:-${A}}!"), "apple!");
    EXPECT_EQ(expanded("${NOPE:-${NADA:-fig}}!"), "fig!");
    EXPECT_EQ(expanded("${A:-${NADA}}!"), "apple!");
    EXPECT_EQ(expanded("${NOPE:-a b:-c{}"), "a b:-c{");
}

TEST(Expand, UnsetVariablesAreNamedOnceEach) {
    const auto out = expand("${X} ${Y:-${Z}} ${X} ${A:-${W}}", variables({{"A", "1"}}));
    EXPECT_THAT(out.unset, ElementsAre("X", "Z"));
}

TEST(Expand, DoubledDollarBeforeBraceIsLiteral) {
    EXPECT_EQ(expanded("$${A}"), "${A}");
    EXPECT_EQ(expanded("$$${A}"), "$${A}");
    EXPECT_EQ(expanded("${NOPE:-$${B}}"), "${B}");
}

TEST(Expand, EveryOtherDollarStays) {
    for (const char* text : {"pa$$word", "$A", "$", "$$", "a$", "$(A)", "$1", "{A}", "$ {A}"}) {
        EXPECT_EQ(expanded(text), text);
    }
}

TEST(Expand, ValuesAreNotExpandedAgain) { EXPECT_EQ(expanded("${B}"), "${A}"); }

TEST(Expand, WhatIsNoReferenceStaysAndIsTold) {
    for (const char* text : {"${", "${A", "${}", "${1}", "${A-b}", "${A:-b", "${@}", "${A b}"}) {
        const auto out = expand(text, variables({{"A", "apple"}}));
        EXPECT_EQ(out.text, text);
        EXPECT_EQ(out.malformed.size(), 1U) << text;
        EXPECT_THAT(out.unset, IsEmpty()) << text;
    }
}

TEST(Expand, ValuesOfSecretVariablesAreRemembered) {
    const auto out =
        expand("--t ${API_TOKEN} ${USER}", variables({{"API_TOKEN", "hush"}, {"USER", "me"}}));
    EXPECT_EQ(out.text, "--t hush me");
    EXPECT_THAT(out.secrets, ElementsAre("hush"));
}

TEST(Expand, TextWithoutReferencesIsUnchangedAndEscapingRoundTrips) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    constexpr std::string_view kAlphabet = "${}AB:-'\"\\ x\n";
    for (int round = 0; round < 5000; ++round) {
        std::string text;
        const std::size_t length = random() % 20;
        for (std::size_t i = 0; i < length; ++i) text += kAlphabet[random() % kAlphabet.size()];
        // Doubling the dollar of each "${" must give back exactly the text.
        std::string escaped;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text.compare(i, 2, "${") == 0) escaped += '$';
            escaped += text[i];
        }
        const auto out = expand(escaped, variables());
        EXPECT_EQ(out.text, text) << escaped;
        EXPECT_THAT(out.unset, IsEmpty());
        EXPECT_THAT(out.malformed, IsEmpty());
    }
}

std::vector<std::string> unset(std::string_view text) {
    return unset_in_shell_text(text, variables({{"HOME", "/h"}}));
}

// TRAPS 48
TEST(ShellText, OnlyVariablesThatNothingSetsAreNamed) {
    EXPECT_THAT(unset("echo ${MISSING} ${HOME} ${MISSING}"), ElementsAre("MISSING"));
    EXPECT_THAT(unset("echo \"${MISSING}\""), ElementsAre("MISSING"));
    EXPECT_THAT(unset("echo \"it's ${MISSING}\""), ElementsAre("MISSING"));
    EXPECT_THAT(unset("echo $MISSING"), IsEmpty());
}

TEST(ShellText, AssignmentsInTheSameTextCount) {
    for (const char* text : {
             "ID=$(make); echo ${ID}",
             "make && export ID=1 && use ${ID}",
             "for ID in a b; do use ${ID}; done",
             "make | while read -r NAME ID; do use ${ID}; done",
             "ID+=x; use ${ID}",
             ": \"${ID:=7}\"; use ${ID}",
             "(ID=3; use ${ID})",
             "env ID=1 sh -c \"use ${ID}\"",
         }) {
        EXPECT_THAT(unset(text), IsEmpty()) << text;
    }
}

TEST(ShellText, AFlagThatLooksLikeAnAssignmentIsNone) {
    EXPECT_THAT(unset("make --ID=${ID}"), ElementsAre("ID"));
    EXPECT_THAT(unset("make $ID=${ID}"), ElementsAre("ID"));
}

TEST(ShellText, FormsThatDoWithoutAValueAreLeftToTheShell) {
    for (const char* text : {"${X:-1}", "${X-1}", "${X:+y}", "${X:?no}", "${X%%:*}", "${#X}",
                             "${1}", "${@}", "${PWD}", "${PPID}"}) {
        EXPECT_THAT(unset(text), IsEmpty()) << text;
    }
}

TEST(ShellText, WhatQuotesProtectIsForAnotherShell) {
    EXPECT_THAT(unset("ssh box 'echo ${REMOTE}'"), IsEmpty());
    EXPECT_THAT(unset("ssh box \"echo \\${REMOTE}\""), IsEmpty());
    EXPECT_THAT(unset("echo $${REMOTE}"), IsEmpty());
    EXPECT_THAT(unset("echo '${A}' ${B}"), ElementsAre("B"));
    EXPECT_THAT(unset("echo 'unterminated ${A}"), IsEmpty());
}

TEST(ShellText, PlainReferencesAreFoundSeparately) {
    EXPECT_THAT(
        unset_plain_in_shell_text("echo $A ${B} '$C' $1 $$ $HOME", variables({{"HOME", ""}})),
        ElementsAre("A"));
}

TEST(SecretNames, AreRecognisedInAnyCase) {
    EXPECT_TRUE(looks_secret("GITHUB_TOKEN"));
    EXPECT_TRUE(looks_secret("aws_secret_access_key"));
    EXPECT_TRUE(looks_secret("DbPassword"));
    EXPECT_FALSE(looks_secret("PATH"));
    EXPECT_FALSE(looks_secret("HOME"));
}

}  // namespace
}  // namespace offload::config

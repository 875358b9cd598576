#include "offload/base/shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>

#include "offload/base/file.hpp"

namespace offload::shell {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;

std::string random_word(std::mt19937& random) {
    // Half of the words from what shells care about, half from all bytes but NUL.
    static constexpr std::string_view kNasty = "'\"\\ \t\n$`!#&|;<>(){}[]*?~=%^-aZ\r";
    const bool nasty = random() % 2 == 0;
    std::string word(random() % 12, '\0');
    for (char& c : word) {
        c = nasty ? kNasty[random() % kNasty.size()] : static_cast<char>(1 + random() % 255);
    }
    return word;
}

std::string output_of_sh(const std::string& script) {
    std::FILE* const pipe = ::popen(script.c_str(), "r");
    if (pipe == nullptr) return "popen failed";
    std::string output;
    std::array<char, 4096> buffer;
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        output.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    if (status != 0) output += "[status " + std::to_string(status) + "]";
    return output;
}

TEST(ShellQuote, PlainWordsStayAsTheyAre) {
    for (const std::string word : {"pytest", "tests/test_a.py::test_b", "--flag=x", "a,b", "-k"}) {
        EXPECT_EQ(quote(word), word);
    }
}

TEST(ShellQuote, EverythingElseIsInSingleQuotes) {
    EXPECT_EQ(quote(""), "''");
    EXPECT_EQ(quote("a b"), "'a b'");
    EXPECT_EQ(quote("it's"), "'it'\\''s'");
    EXPECT_EQ(quote("~"), "'~'");
    EXPECT_EQ(quote("a[1]"), "'a[1]'");
}

TEST(ShellQuote, AssignmentIsNotLeftBare) { EXPECT_EQ(quote("A=b"), "'A=b'"); }

TEST(ShellQuote, SplitGivesTheSameWordBack) {  // TRAPS 29
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        const std::string word = random_word(random);
        const auto words = split(quote(word));
        ASSERT_TRUE(words) << words.error().to_string();
        ASSERT_THAT(*words, ElementsAre(word));
    }
}

TEST(ShellQuote, JoinedWordsAreSplitIntoTheSameWords) {  // TRAPS 29
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 2'000; ++round) {
        std::vector<std::string> words(random() % 6);
        for (std::string& word : words) word = random_word(random);
        ASSERT_EQ(split(join(words)).value(), words);
    }
}

// Shells that sandboxes have for /bin/sh.
class RealShell : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Shells, RealShell,
                         testing::Values("sh", "bash", "bash --posix", "dash", "busybox sh"),
                         [](const auto& shell) {
                             std::string name;
                             for (const char c : std::string_view(shell.param)) {
                                 if (c != ' ' && c != '-') name += c;
                             }
                             return name;
                         });

TEST_P(RealShell, SeesExactlyTheSameWords) {  // TRAPS 29
    const std::string shell = GetParam();
    if (output_of_sh("command -v " + shell.substr(0, shell.find(' ')) + " || :").empty()) {
        GTEST_SKIP() << "there is no " << shell << " here";
    }
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto folder = TemporaryFolder::create("shell").value();
    const auto script = folder.path() / "script";
    for (int round = 0; round < 20; ++round) {
        std::vector<std::string> words;
        std::string expected;
        std::string every_byte;
        for (int c = 1; c < 256; ++c) every_byte += static_cast<char>(c);
        words.push_back(every_byte);
        for (int n = 0; n < 100; ++n) words.push_back(random_word(random));
        for (const std::string& word : words) expected += "<" + word + ">";
        // As an argument, as text of a script, and within an argument of another shell.
        const auto command = "printf '<%s>' " + join(words);
        ASSERT_TRUE(write_file_atomically(script, command + "\n"));
        ASSERT_EQ(output_of_sh(shell + " -c " + quote(command)), expected);
        ASSERT_EQ(output_of_sh(shell + " " + script.string()), expected);
        ASSERT_EQ(output_of_sh(shell + " -c " + quote(shell + " -c " + quote(command))), expected);
    }
}

TEST(ShellQuote, WordAsCommandNameIsNoAssignmentForARealShell) {
    EXPECT_EQ(output_of_sh(quote("A=b") + " 2>/dev/null || echo not found"), "not found\n");
}

TEST(ShellSplit, BlanksAndNewlinesSeparate) {
    EXPECT_THAT(split("  a\tb\nc  ").value(), ElementsAre("a", "b", "c"));
    EXPECT_THAT(split("").value(), IsEmpty());
    EXPECT_THAT(split(" \n").value(), IsEmpty());
}

TEST(ShellSplit, QuotesGroupAndJoin) {
    EXPECT_THAT(split("-m 'not slow'").value(), ElementsAre("-m", "not slow"));
    EXPECT_THAT(split(R"(a"b c"'d e'f)").value(), ElementsAre("ab cd ef"));
    EXPECT_THAT(split("'' \"\"").value(), ElementsAre("", ""));
    EXPECT_THAT(split(R"("a\"b\\c\d\$x")").value(), ElementsAre(R"(a"b\c\d$x)"));
    EXPECT_THAT(split(R"(a\ b 'c\d')").value(), ElementsAre("a b", "c\\d"));
}

TEST(ShellSplit, LineContinuationVanishes) {
    EXPECT_THAT(split("a \\\n b").value(), ElementsAre("a", "b"));
    EXPECT_THAT(split("a\\\nb").value(), ElementsAre("ab"));
    EXPECT_THAT(split("\"a\\\nb\"").value(), ElementsAre("ab"));
}

TEST(ShellSplit, HashAndExpansionsAreOrdinary) {
    EXPECT_THAT(split("#a $B `c` *").value(), ElementsAre("#a", "$B", "`c`", "*"));
}

TEST(ShellSplit, WhatIsNotClosedIsAnErrorWithItsOffset) {  // TRAPS 17
    EXPECT_THAT(split("-k 'abc").error().message, HasSubstr("offset 3"));
    EXPECT_THAT(split("-k \"abc").error().message, HasSubstr("offset 3"));
    EXPECT_THAT(split("\"abc\\").error().message, HasSubstr("offset 0"));
    EXPECT_THAT(split("abc\\").error().message, HasSubstr("offset 3"));
}

TEST(ShellSplit, AgreesWithARealShellOnRandomQuoting) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::vector<std::string> pieces{"a",        " ",  "'b c'", "\"d e\"", "\\ ", "\\\\",
                                          "\"\\\"\"", "''", "\\'",   "\t",      "x=y", "\"'\""};
    for (int round = 0; round < 60; ++round) {
        std::string text;
        for (std::size_t n = random() % 14; n > 0; --n) text += pieces[random() % pieces.size()];
        std::string expected;
        const auto words = split(text).value();
        for (const std::string& word : words) expected += "<" + word + ">";
        ASSERT_EQ(output_of_sh("for w in " + text + "\ndo printf '<%s>' \"$w\"; done"), expected)
            << text;
    }
}

TEST(SimpleCommand, IsWhatNeedsNoShell) {
    EXPECT_THAT(simple_command(" ./boxes.sh exec\tbox-1 'it'\\''s $HOME' \"a b\" --x=y \n"),
                Optional(ElementsAre("./boxes.sh", "exec", "box-1", "it's $HOME", "a b", "--x=y")));
    EXPECT_THAT(simple_command("docker rm -f ''"), Optional(ElementsAre("docker", "rm", "-f", "")));
    EXPECT_THAT(simple_command("/bin/echo x"), Optional(ElementsAre("/bin/echo", "x")));
}

TEST(SimpleCommand, IsNothingThatAShellMayInterpret) {
    for (const char* text :
         {"",       " ",     "a; b",   "a\nb",   "a | b", "a && b",    "a & b",
          "a > b",  "a < b", "(a)",    "{ a; }", "a $B",  "a \"$B\"",  "a `b`",
          "a *",    "a [b]", "a ?",    "a ~",    "a # b", "a {b,c}",   "! a",
          "A=b c",  "cd /",  "exec a", "echo a", "if a",  "true",      "'cd' /",
          "c\\d /", "'' a",  "a 'b",   "a \\",   "a \"b", "a \"\\b\"", "a \\\nb"}) {
        EXPECT_EQ(simple_command(text), std::nullopt) << text;
    }
}

TEST(SimpleCommand, HasTheWordsThatAShellMakesOfIt) {
    std::mt19937 random(11);
    std::size_t simple = 0;
    for (int i = 0; i < 3000; ++i) {
        static constexpr std::string_view kPieces = "''\"\"\\\\ab \t-=$#*~";
        std::string text = "/usr/bin/printf '<%s>'";
        for (std::size_t n = random() % 12; n > 0; --n) text += kPieces[random() % kPieces.size()];
        const auto words = simple_command(text);
        if (!words || words->front() != "/usr/bin/printf") continue;
        ++simple;
        std::string expected;
        for (std::size_t w = 2; w < words->size(); ++w) expected += "<" + words->at(w) + ">";
        if (words->size() == 2) expected = "<>";
        if (words->at(1) != "<%s>") continue;  // a piece was glued to the format
        ASSERT_EQ(output_of_sh(text), expected) << text;
    }
    EXPECT_GT(simple, 300U);
}

TEST(VariableName, IsWhatARealShellAssignsTo) {
    static constexpr std::string_view kPieces = "aZ_09-. =";
    std::mt19937 random(7);
    for (int i = 0; i < 300; ++i) {
        std::string name;
        for (std::size_t n = random() % 4; n > 0; --n) name += kPieces[random() % kPieces.size()];
        const bool takes = !name.empty() && output_of_sh("export " + quote(name) +
                                                         " 2>&1 && echo taken") == "taken\n";
        const bool assigns = name.find('=') != std::string::npos;  // and what precedes it is a name
        ASSERT_EQ(is_variable_name(name), takes && !assigns) << name;
    }
}

TEST(VariableName, EndsWhereItCannotGoOn) {
    EXPECT_EQ(variable_name_at("${A_1:-b}", 2), "A_1");
    EXPECT_EQ(variable_name_at("$1", 1), "");
    EXPECT_EQ(variable_name_at("A", 1), "");
    EXPECT_EQ(variable_name_at("A", 9), "");
    EXPECT_EQ(variable_name_at("\xc3\x9c"
                               "A",
                               0),
              "");
}

}  // namespace
}  // namespace offload::shell

#include "cargo/nextest_args.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "offload/base/shell.hpp"

namespace offload::framework::nextest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Arguments sorted(std::string_view words) {
    return sort_arguments(shell::split(words).value()).value();
}

TEST(NextestArguments, WordsAreSortedByWhatTheyAreAbout) {
    const auto arguments = sorted(
        "-p alpha --features=a,b -r --release --manifest-path x/Cargo.toml --offline "
        "--tool-config-file t:/t.toml --config-file c.toml --profile ci --target wasm "
        "-E 'test(a)' name --partition count:1/2 --color always");
    EXPECT_THAT(arguments.build,
                ElementsAre("-p", "alpha", "--features", "a,b", "-r", "--release",
                            "--manifest-path", "x/Cargo.toml", "--offline", "--target", "wasm"));
    EXPECT_THAT(arguments.metadata, ElementsAre("--offline"));
    EXPECT_THAT(arguments.manifest, ElementsAre("--manifest-path", "x/Cargo.toml"));
    EXPECT_THAT(arguments.config, ElementsAre("--tool-config-file", "t:/t.toml"));
    EXPECT_EQ(arguments.config_file, "c.toml");
    EXPECT_EQ(arguments.profile, "ci");
    EXPECT_EQ(arguments.target, "wasm");
    EXPECT_THAT(arguments.reuse, IsEmpty());
    EXPECT_FALSE(arguments.chooses_ignored);
}

TEST(NextestArguments, ShortOptionsTakeTheirValueAsTheyLike) {
    for (const auto* words : {"-Pci", "-P=ci", "-P ci", "--profile=ci", "-vPci", "-rP ci"}) {
        EXPECT_EQ(sorted(words).profile, "ci") << words;
    }
    EXPECT_THAT(sorted("-palpha -E=x").build, ElementsAre("-p", "alpha"));
}

TEST(NextestArguments, SelectionNeverReachesARun) {
    const auto arguments = sorted("-E 'a' --filterset b --ignore-default-filter c d -- e --skip f");
    EXPECT_THAT(arguments.build, IsEmpty());
    EXPECT_THAT(arguments.config, IsEmpty());
}

TEST(NextestArguments, AChoiceOfIgnoredTestsIsSeen) {
    for (const auto* words :
         {"--run-ignored only", "--run-ignored=all", "-- --ignored", "name -- --include-ignored"}) {
        EXPECT_TRUE(sorted(words).chooses_ignored) << words;
    }
    EXPECT_FALSE(sorted("-E '--run-ignored'").chooses_ignored);
}

TEST(NextestArguments, UnknownFlagsAreTakenForTheBuild) {
    EXPECT_THAT(sorted("--timings=html --brand-new").build,
                ElementsAre("--timings=html", "--brand-new"));
}

TEST(NextestArguments, WhatWouldChangeTheListingIsAnError) {  // TRAPS 17
    for (const auto* words : {"--message-format json", "--list-type=binaries-only", "-T json"}) {
        const auto result = sort_arguments(shell::split(words).value());
        ASSERT_FALSE(result) << words;
        EXPECT_THAT(result.error().to_string(), HasSubstr("hint"));
    }
    EXPECT_FALSE(sort_arguments(std::vector<std::string>{"--profile"}));
}

TEST(NextestFilterset, TestsAreGroupedByBinary) {
    const std::vector<std::string_view> ids = {"a t::x", "b::bin/c t", "a y"};
    EXPECT_EQ(filterset(ids),
              "binary_id(=a) & (test(/^(?:t::x|y)$/)) | binary_id(=b::bin/c) & (test(/^(?:t)$/))");
    EXPECT_EQ(filterset({}), "none()");
}

TEST(NextestFilterset, NothingInANameMeansAnything) {
    const std::vector<std::string_view> ids = {"a,b) x/y\\z (a|b)* 'q' \"d\" größe"};
    EXPECT_EQ(filterset(ids),
              "binary_id(=a\\u{2c}b\\u{29}) & (test(/^(?:x\\x{2f}y\\x{5c}z\\x{20}\\x{28}a\\x{7c}b"
              "\\x{29}\\x{2a}\\x{20}\\x{27}q\\x{27}\\x{20}\\x{22}d\\x{22}\\x{20}größe)$/))");
}

TEST(NextestFilterset, LongListsAreCutIntoSeveralExpressions) {
    std::vector<std::string> names;
    for (int number = 0; number < 5000; ++number) {
        names.push_back("suite " + std::string(40, 'n') + std::to_string(number));
    }
    const auto text = filterset(std::vector<std::string_view>(names.begin(), names.end()));
    std::size_t expressions = 0;
    for (auto at = text.find("test(/"); at != std::string::npos; at = text.find("test(/", at + 1)) {
        ++expressions;
    }
    EXPECT_GT(expressions, 2U);
    EXPECT_LT(expressions, 10U);
    EXPECT_THAT(text, Not(HasSubstr("||")));
    EXPECT_THAT(text, Not(HasSubstr("(?:|")));
    EXPECT_THAT(text, Not(HasSubstr("|)")));
}

// Reads back what filterset() writes: the names between "^(?:" and ")$", code points decoded.
std::vector<std::string> names_in(std::string_view text) {
    std::vector<std::string> names;
    constexpr std::string_view kOpen = "test(/^(?:";
    constexpr std::string_view kClose = ")$/)";
    for (auto at = text.find(kOpen); at != std::string_view::npos; at = text.find(kOpen, at + 1)) {
        const auto begin = at + kOpen.size();
        const auto body = text.substr(begin, text.find(kClose, begin) - begin);
        names.emplace_back();
        for (std::size_t i = 0; i < body.size(); ++i) {
            if (body[i] == '|') {
                names.emplace_back();
            } else if (body.substr(i).starts_with("\\x{")) {
                const auto end = body.find('}', i);
                names.back() += static_cast<char>(
                    std::stoi(std::string(body.substr(i + 3, end - i - 3)), nullptr, 16));
                i = end;
            } else {
                names.back() += body[i];
            }
        }
    }
    return names;
}

TEST(NextestFilterset, AnyNameSurvives) {
    const auto seed = std::random_device()();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> byte(0x20, 0x7e);
    std::uniform_int_distribution<int> length(1, 300);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::string> names;
        for (int number = 0; number < 500; ++number) {
            std::string name;
            for (int left = length(random); left > 0; --left) {
                name += static_cast<char>(byte(random));
            }
            names.push_back(std::move(name));
        }
        std::vector<std::string> ids;
        for (const auto& name : names) ids.push_back("alpha " + name);
        const auto text = filterset(std::vector<std::string_view>(ids.begin(), ids.end()));
        ASSERT_EQ(names_in(text), names);
    }
}

TEST(NextestToml, StringsAreEscaped) {
    EXPECT_EQ(toml_string("a\"b\\c\n\x7f é"), "\"a\\\"b\\\\c\\u000A\\u007F é\"");
}

}  // namespace
}  // namespace offload::framework::nextest

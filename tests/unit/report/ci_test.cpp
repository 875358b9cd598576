#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "ci/page.hpp"
#include "ci/system.hpp"
#include "ci_commands.hpp"
#include "display_text.hpp"

namespace offload::report::ci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Variables set(std::map<std::string, std::string, std::less<>> variables) {
    return [variables = std::move(variables)](std::string_view name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string{} : found->second;
    };
}

// Of pieces that mean something to somebody.
std::string hostile(std::mt19937& random) {
    static constexpr std::array<std::string_view, 36> kPieces{
        "::",        "::error::", "::stop-commands::x",
        "##[error]", "##[",       "#",
        "[",         "]",         "\n",
        "\r",        "\r\n",      " ",
        "\t",        "%",         "%0A",
        "%25",       ",",         "=",
        ":",         "file",      "x",
        "\x1b",      "\a",        "\u2028",
        "\u00a0",    "\xff",      "--- ",
        "+++ ",      "|",         "`",
        "<b>",       "&",         "section_start:1:x\r\x1b[0K",
        "](",        "**",        "\u0085"};
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += kPieces[random() % kPieces.size()];
    return text;
}

TEST(CiSystems, AreChosenByNameOrByWhatTheySet) {
    EXPECT_EQ(chosen("off", set({{"GITHUB_ACTIONS", "true"}})), nullptr);
    EXPECT_EQ(chosen("auto", set({})), nullptr);
    EXPECT_EQ(chosen("auto", set({{"GITHUB_ACTIONS", "false"}})), nullptr);
    EXPECT_EQ(chosen("auto", set({{"GITHUB_ACTIONS", "true"}})), &kGitHub);
    EXPECT_EQ(chosen("auto", set({{"GITLAB_CI", "true"}})), &kGitLab);
    EXPECT_EQ(chosen("auto", set({{"BUILDKITE", "true"}})), &kBuildkite);
    EXPECT_EQ(chosen("gitlab", set({{"BUILDKITE", "true"}})), &kGitLab);
    EXPECT_THAT(names(), ElementsAre("github", "gitlab", "buildkite"));
}

// As the documentation of workflow commands has them.
TEST(GitHub, AnnotationsAreCommands) {
    EXPECT_EQ(kGitHub.annotation({.level = Level::Error,
                                  .place = Place{.file = "app.js", .line = 1, .column = 5},
                                  .title = "YOUR-TITLE",
                                  .message = "Missing semicolon\n"}),
              "::error file=app.js,line=1,col=5,title=YOUR-TITLE::Missing semicolon\n");
    EXPECT_EQ(kGitHub.annotation({.level = Level::Warning, .message = "flaky"}),
              "::warning::flaky\n");
    EXPECT_EQ(kGitHub.annotation({.place = Place{.file = "a b.py"}, .message = "x"}),
              "::error file=a b.py::x\n");
}

TEST(GitHub, WhatMeansSomethingInACommandIsEscaped) {
    EXPECT_EQ(kGitHub.annotation({.place = Place{.file = "a,b:c%.py", .line = 3},
                                  .title = "t::x[1,2]",
                                  .message = "100%\r\nnext: a, b"}),
              "::error file=a%2Cb%3Ac%25.py,line=3,title=t%3A%3Ax[1%2C2]::"
              "100%25%0D%0Anext: a, b\n");
    EXPECT_EQ(kGitHub.fold_begin({.title = "50%"}), "::group::50%25\n");
    EXPECT_EQ(kGitHub.fold_end({}), "::endgroup::\n");
}

TEST(GitHub, NoInputMakesASecondCommand) {
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        std::mt19937 random(seed);
        const Annotation annotation{.place = Place{.file = "f" + hostile(random), .line = seed},
                                    .title = "t" + hostile(random) + "t",
                                    .message = "m" + hostile(random) + "m"};
        const auto text = kGitHub.annotation(annotation);
        ASSERT_EQ(text.find_first_of("\r\n"), text.size() - 1) << "seed " << seed;
        const auto line = std::string_view(text).substr(0, text.size() - 1);
        ASSERT_TRUE(line.starts_with("::error ")) << "seed " << seed;
        auto command = command_in(line);
        ASSERT_TRUE(command) << "seed " << seed << ": " << line;
        EXPECT_EQ(command->name, "error");
        EXPECT_EQ(command->data, annotation.message) << "seed " << seed;
        EXPECT_EQ(command->properties["title"], annotation.title) << "seed " << seed;
        EXPECT_EQ(command->properties["file"], annotation.place->file) << "seed " << seed;
    }
}

TEST(GitHub, WhatTestsPrintIsNoCommand) {
    EXPECT_EQ(guarded(&kGitHub, "  ::error::x\nplain a::b\n##[warning]y"),
              "  : :error::x\nplain a::b\n## [warning]y");
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        std::mt19937 random(seed);
        const auto text = guarded(&kGitHub, harmless(hostile(random)));
        for (const auto line : text::lines(text))
            EXPECT_FALSE(command_in(line)) << "seed " << seed << ": " << line;
    }
}

TEST(GitHub, PlacesAreLinkedToTheCommit) {
    const auto variables = set({{"GITHUB_SERVER_URL", "https://github.example"},
                                {"GITHUB_REPOSITORY", "me/shop"},
                                {"GITHUB_SHA", "abc123"}});
    EXPECT_EQ(kGitHub.link({.file = "tests/a b#1.py", .line = 7}, variables),
              "https://github.example/me/shop/blob/abc123/tests/a%20b%231.py#L7");
    EXPECT_THAT(kGitHub.link({.file = "a.py"}, set({})), IsEmpty());
}

// As the documentation of job logs has them.
TEST(GitLab, FoldsAreSections) {
    const Fold fold{.title = "Header of the 1st collapsible section",
                    .name = "my_first_section",
                    .at = SystemTime(std::chrono::milliseconds(1'560'896'352'900))};
    EXPECT_EQ(kGitLab.fold_begin(fold),
              "\x1b[0Ksection_start:1560896352:my_first_section[collapsed=true]\r\x1b[0K"
              "Header of the 1st collapsible section\n");
    EXPECT_EQ(kGitLab.fold_end(fold), "\x1b[0Ksection_end:1560896352:my_first_section\r\x1b[0K\n");
}

TEST(GitLab, WhatTestsPrintIsNoSection) {
    for (unsigned seed = 0; seed < 2'000; ++seed) {
        std::mt19937 random(seed);
        const auto text = guarded(&kGitLab, harmless(hostile(random)));
        EXPECT_EQ(text.find_first_of("\r\x1b"), std::string::npos) << "seed " << seed;
    }
}

TEST(Buildkite, FoldsAreHeadingsWhichTestsCannotPrint) {
    EXPECT_EQ(kBuildkite.fold_begin({.title = "FAIL a"}), "--- FAIL a\n");
    EXPECT_EQ(kBuildkite.fold_end({}), "~~~ offload\n");
    EXPECT_EQ(guarded(&kBuildkite, "--- a\n+++ b\n~~~ c\n^^^ +++\n-- d\n"),
              " --- a\n +++ b\n ~~~ c\n ^^^ +++\n-- d\n");
}

TEST(Buildkite, EachStepAndShardHasAnAnnotationOfItsOwn) {
    EXPECT_THAT(
        kBuildkite.page_command(Mood::Bad, "", set({})),
        ElementsAre("buildkite-agent", "annotate", "--style", "error", "--context", "offload"));
    EXPECT_THAT(
        kBuildkite.page_command(Mood::Good, "2-of-5", set({{"BUILDKITE_STEP_KEY", "unit"}})),
        ElementsAre("buildkite-agent", "annotate", "--style", "success", "--context",
                    "offload-unit-2-of-5"));
}

TEST(PlainText, IsNothingButTextInMarkdown) {
    EXPECT_EQ(plain_text("tests/a.py"), "tests/a.py");
    EXPECT_EQ(plain_text("a|b\n<b>*c*_d_"), "a&#124;b&#92;n&#60;b&#62;&#42;c&#42;&#95;d&#95;");
    EXPECT_EQ(plain_text("http://x"), "http&#58;&#47;&#47;x");
    EXPECT_EQ(plain_text("a  b"), "a &#32;b");
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        std::mt19937 random(seed);
        const auto text = plain_text(hostile(random));
        EXPECT_EQ(text.find_first_of("|<>`*_[]\\\"'\n\r\x1b~!$@"), std::string::npos)
            << "seed " << seed << ": " << text;
    }
}

}  // namespace
}  // namespace offload::report::ci

#include "offload/select/expression.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace offload::select {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kId = "tests/shop/test_cart.py::test_total[a b-(1)]";

Subject subject() { return {kId, "unit", "tests/shop/test_cart.py"}; }

bool matches(std::string_view text, const Past& past = {}) {
    const auto expression = Expression::parse(text);
    if (!expression) {
        ADD_FAILURE() << text << ": " << expression.error().to_string();
        return false;
    }
    return expression->matches(subject(), past);
}

std::string error_of(std::string_view text) {
    const auto expression = Expression::parse(text);
    return expression ? "it parses" : expression.error().to_string();
}

TEST(Expression, MatchersLookForPartsAllExpressionsAndGlobs) {
    for (const char* right :
         {"total", "~total", "/tot.l\\[/", "#tests/**/test_*.py::*", "\"a b\"", "~\"(1)\"",
          "=\"tests/shop/test_cart.py::test_total[a b-(1)]\"", "name(total)", "name( total )",
          "test(/^tests/)", "name(\"[a b-(1)]\")", "#tests/shop", "/shop\\/test/"}) {
        EXPECT_TRUE(matches(right)) << right;
    }
    for (const char* wrong : {"Total", "=total", "/^total/", "#test_total", "\"(2)\""}) {
        EXPECT_FALSE(matches(wrong)) << wrong;
    }
}

TEST(Expression, GroupsAreNamedWholeAndFilesAreFilesFoldersOrGlobs) {
    for (const char* right :
         {"group(unit)", "group(~ni)", "group(#u*)", "group(/^u/)", "file(tests)", "file(tests/)",
          "file(./tests/shop)", "file(tests/shop/test_cart.py)", "file(tests/*/test_*.py)",
          "file(~cart)", "file(=tests/shop/test_cart.py)"}) {
        EXPECT_TRUE(matches(right)) << right;
    }
    for (const char* wrong :
         {"group(ni)", "file(shop)", "file(test)", "file(=tests)", "file(tests/*.py)", "none()"}) {
        EXPECT_FALSE(matches(wrong)) << wrong;
    }
}

TEST(Expression, OperatorsBindAsUsual) {
    EXPECT_TRUE(matches("none() and none() or all()"));
    EXPECT_TRUE(matches("all() or none() and none()"));
    EXPECT_FALSE(matches("none() and (none() or all())"));
    EXPECT_FALSE(matches("not all() or none()"));
    EXPECT_TRUE(matches("not (all() and none())"));
    EXPECT_TRUE(matches("not not all()"));
    EXPECT_TRUE(matches("! none() & ! none() | none()"));
    EXPECT_TRUE(matches("total and not slow(1s) and file(tests)"));
    EXPECT_TRUE(matches("nothing or order or total"));  // words that begin like operators
}

TEST(Expression, LastAsksWhatTheTestCameTo) {
    const std::vector<std::pair<std::string, std::vector<Status>>> states{
        {"passed", {Status::Passed}},   {"flaky", {Status::Flaky}},
        {"skipped", {Status::Skipped}}, {"failed", {Status::Failed, Status::Errored}},
        {"errored", {Status::Errored}}, {"not-run", {Status::NotRun}}};
    for (const auto& [word, right] : states) {
        const auto text = fmt::format("last({})", word);
        for (const auto status : {Status::Passed, Status::Flaky, Status::Skipped, Status::Failed,
                                  Status::Errored, Status::NotRun}) {
            Past past;
            past.results[std::string(kId)].status = status;
            EXPECT_EQ(matches(text, past), std::ranges::count(right, status) > 0) << text;
        }
        EXPECT_FALSE(matches(text)) << text;
    }
    EXPECT_TRUE(matches("last(new)"));
    EXPECT_TRUE(Expression::parse("a or not (b and last(new))")->asks_for_results());
    EXPECT_FALSE(Expression::parse("a or slow(1s)")->asks_for_results());
}

TEST(Expression, SlowAsksHowLongTheTestTook) {
    Past past;
    past.durations[std::string(kId)] = Seconds{2};
    for (const char* right : {"slow(2s)", "slow(1999ms)", "slow( 0.03 m )", "slow(0h)"}) {
        EXPECT_TRUE(matches(right, past)) << right;
    }
    EXPECT_FALSE(matches("slow(2.1s)", past));
    EXPECT_FALSE(matches("slow(0s)"));  // nothing is known of it
    EXPECT_TRUE(Expression::parse("not slow(1s)")->asks_for_durations());
}

TEST(Expression, ErrorsNameTheColumnWhatWasExpectedAndTheWayOut) {
    EXPECT_THAT(error_of(""), AllOf(HasSubstr("column 1"), HasSubstr("a test's name"),
                                    HasSubstr("found the end"), HasSubstr("for example")));
    EXPECT_THAT(error_of("a and"), HasSubstr("column 6"));
    EXPECT_THAT(error_of("a b"), AllOf(HasSubstr("column 3"), HasSubstr("\"and\", \"or\"")));
    EXPECT_THAT(error_of("(a or b"), AllOf(HasSubstr("column 8"), HasSubstr("\")\"")));
    EXPECT_THAT(error_of("a) or b"), HasSubstr("column 2"));
    EXPECT_THAT(error_of("or a"), HasSubstr("column 1"));
    EXPECT_THAT(error_of("grup(unit)"), AllOf(HasSubstr("column 1"), HasSubstr("group(…)")));
    EXPECT_THAT(error_of("last(fail)"), AllOf(HasSubstr("column 6"), HasSubstr("not-run")));
    EXPECT_THAT(error_of("slow(2)"), AllOf(HasSubstr("column 6"), HasSubstr("500ms")));
    EXPECT_THAT(error_of("slow(s)"), HasSubstr("500ms"));
    EXPECT_THAT(error_of("/a(/"), AllOf(HasSubstr("RE2 says"), HasSubstr("missing )")));
    EXPECT_THAT(error_of("/a"), AllOf(HasSubstr("column 3"), HasSubstr("closing /")));
    EXPECT_THAT(error_of("\"a"), HasSubstr("closing \""));
    EXPECT_THAT(error_of("group()"), AllOf(HasSubstr("column 7"), HasSubstr("a text")));
    EXPECT_THAT(error_of("ünd and )"), HasSubstr("column 9"));
    EXPECT_THAT(error_of("= a"), HasSubstr("column 2"));
}

TEST(Expression, DepthIsBounded) {
    EXPECT_THAT(error_of(std::string(100'000, '(')), HasSubstr("fewer parentheses"));
    EXPECT_THAT(error_of(std::string(100'000, '!')), HasSubstr("fewer parentheses"));
}

// Random expressions, beside a truth of their own.
TEST(Expression, MeansWhatItsPartsMean) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto blank = [&] { return std::string(random() % 3, ' '); };
    using Made = std::pair<std::string, bool>;
    const std::function<Made(int)> make = [&](int depth) -> Made {
        const auto kind = depth == 0 ? 0 : random() % 5;
        if (kind == 0) {
            const std::vector<Made> leaves{{"all()", true},       {"none()", false},
                                           {"total", true},       {"/xyz/", false},
                                           {"group(unit)", true}, {"last(passed)", false}};
            return leaves[random() % leaves.size()];
        }
        const auto left = make(depth - 1);
        if (kind == 1) return {"not " + blank() + "(" + left.first + ")", !left.second};
        if (kind == 2) return {"(" + blank() + left.first + blank() + ")", left.second};
        const auto right = make(depth - 1);
        const bool both = kind == 3;
        const auto sign = both ? (random() % 2 ? " and " : " & ") : (random() % 2 ? " or " : " | ");
        return {"(" + left.first + ")" + blank() + sign + blank() + "(" + right.first + ")",
                both ? left.second && right.second : left.second || right.second};
    };
    for (int i = 0; i < 2000; ++i) {
        const auto [text, truth] = make(5);
        EXPECT_EQ(matches(text), truth) << text;
    }
}

TEST(Expression, NoTextBringsItDown) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> pieces{
        "(",  ")",     "not ",   "and ",         "or ",      "!", "&", "|", "/", "\"",
        "\\", "name(", "group(", "last(failed)", "slow(1s)", "a", " ", "=", "~", "#",
        "*",  "[",     "ü",      "\xff",         "\n"};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (std::size_t n = random() % 12; n > 0; --n) text += pieces[random() % pieces.size()];
        const auto expression = Expression::parse(text);
        if (!expression) {
            EXPECT_THAT(expression.error().place, HasSubstr("column"));
        } else {
            // A second reading of the same text is no different.
            const auto again = Expression::parse(expression->text());
            ASSERT_TRUE(again) << text;
            EXPECT_EQ(again->matches(subject(), {}), expression->matches(subject(), {})) << text;
        }
    }
}

}  // namespace
}  // namespace offload::select

#include "offload/junit/match.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace offload::junit {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Case make_case(std::string name, std::string classname = {}, Outcome outcome = Outcome::Passed) {
    Case result;
    result.name = std::move(name);
    result.classname = std::move(classname);
    result.result.outcome = outcome;
    return result;
}

Matched match_all(std::vector<Case> cases, std::vector<std::string_view> ids,
                  std::string_view format = "{name}") {
    return match(Document{std::move(cases), true}, ids, format);
}

TEST(JunitFormat, FillsInNameAndClass) {
    const Case test_case = make_case("n{classname}", "c{name}");
    EXPECT_EQ(format_id("{name}", test_case), "n{classname}");
    EXPECT_EQ(format_id("{classname} {name}", test_case), "c{name} n{classname}");
    EXPECT_EQ(format_id("x{name}{y}{{name}", test_case), "xn{classname}{y}{n{classname}");
    EXPECT_EQ(format_id("", test_case), "");
    EXPECT_EQ(format_id("{", test_case), "{");
}

TEST(JunitMatch, ExactIdsGetTheirResults) {
    const auto matched = match_all({make_case("t", "b"), make_case("t", "a", Outcome::Failed)},
                                   {"a t", "b t"}, "{classname} {name}");
    ASSERT_THAT(matched.results, SizeIs(2));
    EXPECT_EQ(matched.results[0].first, 1U);
    EXPECT_EQ(matched.results[0].second.outcome, Outcome::Passed);
    EXPECT_EQ(matched.results[1].first, 0U);  // TRAPS 16: same name, two binaries
    EXPECT_EQ(matched.results[1].second.outcome, Outcome::Failed);
    EXPECT_THAT(matched.unknown, IsEmpty());
}

TEST(JunitMatch, ATestThatAppearsTwiceTakesItsWorstOutcome) {
    auto passed = make_case("t");
    passed.result.duration = Seconds(1);
    passed.result.system_out = "call";
    passed.result.classname = "c";
    auto errored = make_case("t", "", Outcome::Errored);
    errored.result.duration = Seconds(0.5);
    errored.result.message = "teardown";
    errored.result.system_out = "+teardown";
    for (const bool reversed : {false, true}) {
        const auto matched = match_all(
            reversed ? std::vector{errored, passed} : std::vector{passed, errored}, {"t"});
        ASSERT_THAT(matched.results, SizeIs(1));
        const TestResult& result = matched.results[0].second;
        EXPECT_EQ(result.outcome, Outcome::Errored);
        EXPECT_EQ(result.message, "teardown");
        EXPECT_DOUBLE_EQ(result.duration.count(), 1.5);
        EXPECT_THAT(result.system_out, testing::HasSubstr("call"));
        EXPECT_THAT(result.system_out, testing::HasSubstr("teardown"));
    }
}

TEST(JunitMatch, ClassFileOrSuiteThatIsTheIdCounts) {
    auto by_file = make_case("adds", "Math");
    by_file.file = "test/math.test.js";
    auto by_suite = make_case("subtracts", "", Outcome::Failed);
    by_suite.suite = "test/math.test.js";
    by_suite.result.message = "2 != 3";
    const auto matched = match_all({by_file, make_case("x", "test/text.test.js"), by_suite},
                                   {"test/math.test.js", "test/text.test.js"});
    ASSERT_THAT(matched.results, SizeIs(2));
    EXPECT_EQ(matched.results[0].second.outcome, Outcome::Failed);
    EXPECT_EQ(matched.results[0].second.message, "subtracts: 2 != 3");
    EXPECT_EQ(matched.results[1].first, 1U);
    EXPECT_THAT(matched.unknown, IsEmpty());
}

TEST(JunitMatch, SeveralContainersThatNameDifferentTestsAreNoMatch) {
    auto ambiguous = make_case("x", "a");
    ambiguous.file = "b";
    const auto matched = match_all({ambiguous}, {"a", "b"});
    EXPECT_THAT(matched.results, IsEmpty());
    EXPECT_THAT(matched.unknown, SizeIs(1));
    ambiguous.file = "a";
    EXPECT_THAT(match_all({ambiguous}, {"a", "b"}).results, SizeIs(1));
}

TEST(JunitMatch, NothingIsMatchedByLikeness) {  // TRAPS 6
    const auto matched = match_all(
        {make_case("test_one ", "", Outcome::Failed), make_case("Test_one"), make_case("test_tw")},
        {"test_one", "test_two"});
    EXPECT_THAT(matched.results, IsEmpty());
    ASSERT_THAT(matched.unknown, SizeIs(3));
    EXPECT_EQ(matched.unknown[0].name, "test_one ");
    EXPECT_EQ(matched.unknown[0].outcome, Outcome::Failed);
    EXPECT_EQ(matched.unknown[0].closest, "test_one");
    EXPECT_EQ(matched.unknown[2].closest, "test_two");
    EXPECT_EQ(matched.unknown[0].matching_format, "");
}

TEST(JunitMatch, TheOthersOfTheBatchStillCount) {  // TRAPS 6
    const auto matched =
        match_all({make_case("strange"), make_case("known")}, {"known", "missing"});
    ASSERT_THAT(matched.results, SizeIs(1));
    EXPECT_EQ(matched.results[0].first, 0U);
    ASSERT_THAT(matched.unknown, SizeIs(1));
    EXPECT_EQ(matched.unknown[0].closest, "");
}

// TRAPS 5
TEST(JunitMatch, TheFormatThatWouldHaveMatchedIsNamed) {
    const Case test_case = make_case("test_x", "pkg.module");
    const auto proposed = [&](std::string_view id, std::string_view format) {
        const auto matched = match_all({test_case}, {"other", id}, format);
        return matched.unknown.empty()
                   ? std::string("matched")
                   : matched.unknown[0].matching_format + " -> " + matched.unknown[0].closest;
    };
    EXPECT_EQ(proposed("test_x", "{classname} {name}"), "{name} -> test_x");
    EXPECT_EQ(proposed("pkg.module test_x", "{name}"), "{classname} {name} -> pkg.module test_x");
    EXPECT_EQ(proposed("pkg.module::test_x", "{name}"),
              "{classname}::{name} -> pkg.module::test_x");
    EXPECT_EQ(proposed("pkg.module.test_x", "{name}"), "{classname}.{name} -> pkg.module.test_x");
    EXPECT_EQ(proposed("pkg.module::test_y", "{name}"), " -> ");
}

TEST(JunitMatch, TheClosestIdMayHaveALongerPath) {
    const auto matched = match_all({make_case("test_deep")},
                                   {"a/very/long/path/to/the/tests/test_a.py::test_deep", "b"});
    EXPECT_EQ(matched.unknown.at(0).closest, "a/very/long/path/to/the/tests/test_a.py::test_deep");
}

TEST(JunitMatch, AnEmptyNameIsUnknown) {
    const auto matched = match_all({make_case("")}, {"a"});
    EXPECT_THAT(matched.results, IsEmpty());
    EXPECT_THAT(matched.unknown, SizeIs(1));
}

// The reference: what the rules say, without any index.
TEST(JunitMatch, AgreesWithTheRulesOnRandomInput) {
    for (unsigned seed = 1; seed <= 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        const auto word = [&] { return std::string(1, static_cast<char>('a' + random() % 5)); };
        const std::vector<std::string_view> ids = {"a", "b", "a.b", "c"};
        std::vector<Case> cases;
        for (int i = 0; i < 6; ++i) {
            auto test_case = make_case(word(), word(), static_cast<Outcome>(random() % 4));
            test_case.file = word();
            test_case.suite = word();
            cases.push_back(test_case);
        }
        std::vector<std::optional<Outcome>> expected(ids.size());
        std::size_t unknown = 0;
        for (const auto& c : cases) {
            std::vector<std::size_t> targets;
            for (std::size_t i = 0; i < ids.size(); ++i) {
                if (ids[i] == c.classname + "." + c.name) targets = {i};
            }
            for (std::size_t i = 0; i < ids.size() && targets.empty(); ++i) {
                const auto is = [&](const std::string& s) { return s == ids[i]; };
                if (!is(c.classname) && !is(c.file) && !is(c.suite)) continue;
                bool alone = true;
                for (std::size_t k = 0; k < ids.size(); ++k) {
                    if (k != i &&
                        (ids[k] == c.classname || ids[k] == c.file || ids[k] == c.suite)) {
                        alone = false;
                    }
                }
                if (alone) targets = {i};
            }
            if (targets.empty()) {
                ++unknown;
                continue;
            }
            auto& slot = expected[targets[0]];
            slot = std::max(slot.value_or(Outcome::Passed), c.result.outcome);
        }
        const auto matched = match(Document{cases, true}, ids, "{classname}.{name}");
        EXPECT_EQ(matched.unknown.size(), unknown);
        std::vector<std::optional<Outcome>> got(ids.size());
        for (const auto& [position, result] : matched.results) got[position] = result.outcome;
        EXPECT_EQ(got, expected);
    }
}

TEST(JunitMatch, ManyCasesNoneOfThemKnown) {
    std::vector<std::string> ids;
    std::vector<Case> cases;
    for (int i = 0; i < 50000; ++i) {
        ids.push_back("tests/test_module.py::test_" + std::to_string(i));
        cases.push_back(make_case("tests.test_module::TEST_" + std::to_string(i), "c"));
    }
    const std::vector<std::string_view> views(ids.begin(), ids.end());
    const auto matched = match(Document{cases, true}, views, "{name}");
    EXPECT_THAT(matched.results, IsEmpty());
    ASSERT_THAT(matched.unknown, SizeIs(50000));
}

}  // namespace
}  // namespace offload::junit

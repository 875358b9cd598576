#include "offload/select/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace offload::select {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool names(const std::string& what, const Subject& subject) {
    const Selection selection{.what = {what}};
    Selector selector(selection);
    const bool named = selector.names(subject);
    EXPECT_EQ(selector.unused().empty(), named) << what;
    return named;
}

TEST(Selection, TestsAreNamedByIdsTheirBeginningsFilesFoldersAndGlobs) {
    const Subject test{"tests/shop/test_a.py::TestX::test_y[1/2-[z]]", "unit",
                       "tests/shop/test_a.py"};
    for (const char* right :
         {"tests/shop/test_a.py::TestX::test_y[1/2-[z]]", "tests/shop/test_a.py::TestX::test_y",
          "tests/shop/test_a.py::TestX", "tests/shop/test_a.py", "tests/shop", "tests", "tests/",
          "./tests/shop/", ".", "./", "tests/*/test_?.py", "**/test_a.py", "tests/s*",
          "tests/shop/test_a.py::*", "tests/**/*.py::*test_y[1/2*", "**::TestX::*"}) {
        EXPECT_TRUE(names(right, test)) << right;
    }
    for (const char* wrong :
         {"test", "tests/shop/test_a", "tests/shop/test_a.py::Test", "shop", "unit", "tests/*.py",
          "tests/shop/test_b.py", "**/test_b*", "*::TestX::*"}) {
        EXPECT_FALSE(names(wrong, test)) << wrong;
    }
}

TEST(Selection, OtherFrameworksNamesHaveTheirOwnBoundaries) {
    const Subject cargo{"my-crate::it module::test_one", "all", "my-crate::it"};
    for (const char* right : {"my-crate", "my-crate::it", "my-crate::it module", "my-crate*"}) {
        EXPECT_TRUE(names(right, cargo)) << right;
    }
    EXPECT_FALSE(names("my", cargo));
    const Subject plain{"[odd] name", "all", ""};
    EXPECT_TRUE(names("[odd] name", plain));
    EXPECT_TRUE(names("[odd]", plain));
    EXPECT_TRUE(names("[odd] n*", plain));
}

TEST(Selection, AllThatIsSetHasToHold) {
    Past past;
    past.results["a::1"].status = Status::Failed;
    past.results["a::2"].status = Status::Passed;
    past.results["a::3"].status = Status::Passed;
    past.results["a::3"].in_doubt = true;
    past.results["b::1"].status = Status::NotRun;
    Selection selection{.what = {"a", "a::9"},
                        .filter = *Expression::parse("not =a::5"),
                        .failed = true,
                        .past = std::make_shared<Past>(past)};
    Selector selector(selection);
    std::vector<std::string> selected;
    for (const std::string id : {"a::1", "a::2", "a::3", "a::4", "a::5", "b::1"}) {
        if (selector.selects({id, "g", ""})) selected.push_back(id);
    }
    EXPECT_THAT(selected, ElementsAre("a::1", "a::3", "a::4"));
    EXPECT_THAT(selector.unused(), ElementsAre("a::9"));
    EXPECT_TRUE(selector.names({"a::2", "g", ""}));
}

TEST(Selection, NothingSetIsEverything) {
    const Selection selection;
    EXPECT_TRUE(selection.is_everything());
    EXPECT_TRUE(Selector(selection).selects({"x", "", ""}));
    EXPECT_FALSE(Selection{.failed = true}.is_everything());
}

TEST(Selection, ListsOfIdsBoundTheNumberOfTests) {
    EXPECT_EQ((Selection{.what = {"a.py::b", "c"}}.at_most()), 2U);
    for (const char* many : {"tests/", "a.py", "a::*", "."}) {
        EXPECT_EQ((Selection{.what = {many, "c"}}.at_most()), std::nullopt) << many;
    }
}

// Whatever an ID is made of, it names its test.
TEST(Selection, EveryIdNamesItself) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::vector<std::string> pieces{
        "a", "*", "?", "[", "]", "/", "::", " ", ".", "./", "ü", "\\", "-", "!"};
    for (int i = 0; i < 5000; ++i) {
        std::string id;
        for (std::size_t n = 1 + random() % 8; n > 0; --n) id += pieces[random() % pieces.size()];
        EXPECT_TRUE(names(id, {id, "g", ""})) << id;
    }
}

}  // namespace
}  // namespace offload::select

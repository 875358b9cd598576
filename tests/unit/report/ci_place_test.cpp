#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/place.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::report::ci {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Place at(std::string file, std::size_t line, std::size_t column = 0) {
    return {.file = std::move(file), .line = line, .column = column};
}

TEST(PlacesIn, AreThoseOfTracebacksAndStacks) {
    EXPECT_THAT(places_in("tests/test_a.py:12: AssertionError"),
                ElementsAre(at("tests/test_a.py", 12)));
    EXPECT_THAT(places_in("  File \"/app/a b.py\", line 7, in f"),
                ElementsAre(at("/app/a b.py", 7)));
    EXPECT_THAT(places_in("thread 't' panicked at src/lib.rs:10:5:"),
                Contains(at("src/lib.rs", 10, 5)));
    EXPECT_THAT(places_in("    at total (src/cart.js:3:11)"), Contains(at("src/cart.js", 3, 11)));
    EXPECT_THAT(places_in("/repo/cart_test.cc:31: Failure"),
                ElementsAre(at("/repo/cart_test.cc", 31)));
    EXPECT_THAT(places_in("    cart_test.go:9: got 3"), Contains(at("cart_test.go", 9)));
    EXPECT_THAT(places_in("my tests/a.py:4: ValueError"), Contains(at("my tests/a.py", 4)));
    EXPECT_THAT(places_in("12:30, std::vector, none: here, x:0"), IsEmpty());
}

class PlaceOf : public testing::Test {
  protected:
    void SetUp() override {
        auto made = TemporaryFolder::create("places");
        ASSERT_TRUE(made);
        folder_.emplace(*std::move(made));
        root = fs::canonical(folder_->path());
        fs::create_directories(root / ".git");
        write("shop/tests/test_a.py");
        write("shop/helper.py");
    }
    void write(const fs::path& path) {
        fs::create_directories((root / path).parent_path());
        ASSERT_TRUE(write_file_atomically(root / path, "x\n"));
    }
    std::optional<Place> of(std::string details, std::string message = {}, std::string file = {}) {
        const TestResult result{.outcome = Outcome::Failed,
                                .message = std::move(message),
                                .details = std::move(details)};
        return place_of(result, file, rank, Repository(root, root / "shop", "/app"));
    }
    // "E …" says what was wrong, "." is a frame of others, and all else leads to it.
    static void rank(std::span<const std::string_view> lines, std::span<LineRank> ranks) {
        for (std::size_t i = 0; i < lines.size(); ++i) {
            ranks[i] = lines[i].starts_with("E ")  ? LineRank::Cause
                       : lines[i].starts_with(".") ? LineRank::Frame
                                                   : LineRank::Related;
        }
    }
    fs::path root;

  private:
    std::optional<TemporaryFolder> folder_;
};

TEST_F(PlaceOf, IsTheNearestToTheCause) {
    EXPECT_EQ(of("tests/test_a.py:5: in test\n  f()\nhelper.py:2: in f\n  raise\nE ValueError: x"),
              at("shop/helper.py", 2));
    EXPECT_EQ(of("E assert 1 == 2\n\ntests/test_a.py:5: AssertionError"),
              at("shop/tests/test_a.py", 5));
}

TEST_F(PlaceOf, OfSeveralCausesIsOfTheOneThatTheMessageNames) {
    EXPECT_EQ(of("E KeyError: a\ntests/test_a.py:5: KeyError\nThen\n\nE ValueError: b\n"
                 "helper.py:2: ValueError",
                 "ValueError: b"),
              at("shop/helper.py", 2));
}

TEST_F(PlaceOf, IsInTheRepositoryOrNowhere) {
    EXPECT_EQ(of("E x\n/usr/lib/os.py:3: in f\ntests/gone.py:3: in g\n.helper.py:2: in f"),
              std::nullopt);
    EXPECT_EQ(of("E x\n../../etc/passwd:3: in f"), std::nullopt);
    EXPECT_EQ(of(fmt::format("E x\n{}/helper.py:3: in f", (root / "shop").string())),
              at("shop/helper.py", 3));
}

TEST_F(PlaceOf, OfASandboxIsTheSameFileHere) {
    EXPECT_EQ(of("E x\n/app/tests/test_a.py:3: in f"), at("shop/tests/test_a.py", 3));
    EXPECT_EQ(of("E x\n/app/../etc/passwd:3: in f"), std::nullopt);
}

TEST_F(PlaceOf, IsTheTestsFileWhereNothingIsNamed) {
    EXPECT_EQ(of("killed", "", "tests/test_a.py"), at("shop/tests/test_a.py", 0));
    EXPECT_EQ(of("killed", "", "tests/gone.py"), std::nullopt);
}

TEST_F(PlaceOf, RepositoryIsTheWorkspaceOrTheNearestOfGits) {
    EXPECT_EQ(Repository(root, root / "shop", "").root(), root);
    EXPECT_EQ(Repository("", root / "shop", "").root(), root);
    EXPECT_EQ(Repository("/usr", root / "shop", "").root(), root);
    fs::create_directories(root / "shop/.git");
    EXPECT_EQ(Repository("", root / "shop", "").root(), root / "shop");
    EXPECT_EQ(Repository(root, root / "shop", "").root(), root);
    EXPECT_EQ(Repository(root / "shop/tests", root / "shop/tests", "").root(), root / "shop/tests");
}

}  // namespace
}  // namespace offload::report::ci

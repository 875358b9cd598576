#include "offload/base/frame_finder.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace offload {
namespace {

struct Found {
    std::vector<std::string> bodies;
    std::string output;
    std::string held;
    bool operator==(const Found&) const = default;
};

Found find(FrameFinder finder, const std::vector<std::string>& pieces) {
    Found found;
    for (const auto& piece : pieces) {
        finder.feed(
            piece, [&](std::string_view body) { found.bodies.emplace_back(body); },
            [&](std::string_view output) {
                EXPECT_FALSE(output.empty());
                found.output += output;
            });
    }
    found.held = finder.finish();
    return found;
}

FrameFinder finder() { return FrameFinder({.prefix = "<<n>", .foreign = "<", .longest = 12}); }

TEST(FrameFinder, TakesFramesOutOfTheOutputAroundThem) {
    EXPECT_EQ(find(finder(), {"a<<n>one\nb\n<<n>\nc"}), (Found{{"one", ""}, "ab\nc", ""}));
}

TEST(FrameFinder, HoldsBackWhatMayBeginAFrame) {
    EXPECT_EQ(find(finder(), {"a<"}), (Found{{}, "a", "<"}));
    EXPECT_EQ(find(finder(), {"a<", "<x"}), (Found{{}, "a<<x", ""}));
    EXPECT_EQ(find(finder(), {"<<n>on"}), (Found{{}, "", "<<n>on"}));
}

TEST(FrameFinder, FrameInWhichTheNextBeginsIsOutput) {
    EXPECT_EQ(find(finder(), {"<<n>cut<<n>whole\n"}), (Found{{"whole"}, "<<n>cut", ""}));
}

TEST(FrameFinder, WhatIsTooLongIsOutput) {
    EXPECT_EQ(find(finder(), {"<<n>1234567\n"}), (Found{{"1234567"}, "", ""}));
    EXPECT_EQ(find(finder(), {"<<n>12345678\n"}), (Found{{}, "<<n>12345678\n", ""}));
    EXPECT_EQ(find(finder(), {"<<n>1234", "56789"}), (Found{{}, "<<n>123456789", ""}));
}

// The same comes of a stream wherever it is cut, and nothing of it is lost or doubled.
TEST(FrameFinder, CutsMakeNoDifference) {
    const std::vector<std::string> parts{"<<n>", "<", "<<", "\n", "a", "body", "n>", "<<n>ok\n"};
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::string stream;
        for (int part = 0; part < 12; ++part) stream += parts[random() % parts.size()];
        // Without a limit: whether something is too long can depend on when that is known.
        const FrameFinder endless({.prefix = "<<n>", .foreign = "<"});
        const auto whole = find(endless, {stream});
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t size = 1 + random() % 5;
            pieces.push_back(stream.substr(at, size));
            at += size;
        }
        EXPECT_EQ(find(endless, pieces), whole);
        std::size_t bytes = whole.output.size() + whole.held.size();
        for (const auto& body : whole.bodies) bytes += body.size() + 5;
        EXPECT_EQ(bytes, stream.size());
    }
}

}  // namespace
}  // namespace offload

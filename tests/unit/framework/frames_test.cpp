#include "frames.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace offload::framework {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kNonce[] = "5eed";

std::string frame(const std::string& json) {
    return "\x1e" + std::string(kNonce) + " " + json + "\n";
}

struct Split {
    std::vector<std::string> frames;
    std::string visible;
};

Split split(std::string_view bytes, std::size_t piece = std::string_view::npos) {
    FrameSplitter splitter(kNonce);
    Split result;
    while (!bytes.empty()) {
        splitter.feed(bytes.substr(0, piece), result.frames, result.visible);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    splitter.finish(result.visible);
    return result;
}

TEST(FrameSplitter, OutputWithoutFramesPassesUnchanged) {
    const std::string output("a\nb\0c\x1e\x1e 5eed\n", 13);
    const auto result = split(output);
    EXPECT_EQ(result.visible, output);
    EXPECT_THAT(result.frames, IsEmpty());
}

TEST(FrameSplitter, FrameInTheMiddleOfALineIsTakenOut) {
    const auto result = split("before" + frame("{\"n\":1}") + "after\n");
    EXPECT_EQ(result.visible, "beforeafter\n");
    EXPECT_THAT(result.frames, ElementsAre("{\"n\":1}"));
}

TEST(FrameSplitter, AnotherNonceIsOutput) {
    const auto result = split(
        "\x1e"
        "0000 {}\n" +
        frame("{}"));
    EXPECT_EQ(result.visible,
              "\x1e"
              "0000 {}\n");
    EXPECT_THAT(result.frames, ElementsAre("{}"));
}

TEST(FrameSplitter, FrameThatNeverEndsIsOutputAtTheEnd) {
    const auto cut = frame("{\"n\":1}").substr(0, 9);
    EXPECT_EQ(split("x" + cut).visible, "x" + cut);
}

TEST(FrameSplitter, FrameInterruptedByTheNextIsOutput) {
    const auto cut = frame("{\"n\":1}").substr(0, 9);
    const auto result = split(cut + frame("{\"n\":2}"));
    EXPECT_EQ(result.visible, cut);
    EXPECT_THAT(result.frames, ElementsAre("{\"n\":2}"));
}

TEST(FrameSplitter, FrameBeyondTheLimitIsOutput) {
    const auto longest = frame("{\"n\":12}");
    const auto longer = frame("{\"n\":123}");
    for (std::size_t piece = 1; piece < 40; ++piece) {
        FrameSplitter splitter(kNonce, longest.size());
        Split result;
        const std::string stream = longer + longest;
        for (std::string_view bytes = stream; !bytes.empty();
             bytes.remove_prefix(std::min(piece, bytes.size()))) {
            splitter.feed(bytes.substr(0, piece), result.frames, result.visible);
        }
        EXPECT_EQ(result.visible, longer);
        EXPECT_THAT(result.frames, ElementsAre("{\"n\":12}"));
    }
}

TEST(FrameSplitter, WhateverIsFedComesOutInEveryCut) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned limit) { return random() % limit; };
    const std::vector<std::string> noise = {"\x1e",
                                            "5eed",
                                            " ",
                                            "\n",
                                            "{",
                                            "text",
                                            "\x1e"
                                            "5ee",
                                            "5"};
    for (int round = 0; round < 300; ++round) {
        std::string stream;
        std::vector<std::string> frames;
        std::string visible;
        for (unsigned i = 0; i < 12; ++i) {
            if (below(2) == 0) {
                frames.push_back("{\"n\":" + std::to_string(below(1000)) + "}");
                stream += frame(frames.back());
            } else {
                // A frame's own beginning in noise would be one: end the noise with something else.
                const auto word = noise[below(static_cast<unsigned>(noise.size()))] + "#";
                stream += word;
                visible += word;
            }
        }
        const auto result = split(stream, 1 + below(9));
        EXPECT_EQ(result.visible, visible);
        EXPECT_EQ(result.frames, frames);
    }
}

}  // namespace
}  // namespace offload::framework

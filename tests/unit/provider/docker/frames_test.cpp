#include "docker/frames.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace offload::provider::docker {
namespace {

std::string frame(char stream, std::string_view bytes) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    std::string out{stream, 0, 0, 0};
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        out += static_cast<char>((size >> shift) & 0xffU);
    }
    return out + std::string(bytes);
}

struct Heard {
    std::string out;
    std::string err;
    OutputHandler handler() {
        return [this](Stream stream, std::string_view bytes) {
            (stream == Stream::Out ? out : err) += bytes;
        };
    }
};

TEST(DockerFrames, EachStreamGetsItsOwnBytes) {
    Heard heard;
    FrameReader reader;
    ASSERT_TRUE(
        reader.feed(frame(1, "to out") + frame(2, "to err") + frame(1, ""), heard.handler()));
    EXPECT_EQ(heard.out, "to out");
    EXPECT_EQ(heard.err, "to err");
    EXPECT_TRUE(reader.between_frames());
}

TEST(DockerFrames, CutsAnywhereChangeNothing) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 200; ++round) {
        std::string stream;
        std::string out;
        std::string err;
        for (int i = 0; i < 6; ++i) {
            std::string bytes(random() % 700, '\0');
            for (auto& byte : bytes) byte = static_cast<char>(random() % 256);
            const bool is_err = random() % 2 == 0;
            (is_err ? err : out) += bytes;
            stream += frame(is_err ? 2 : 1, bytes);
        }
        Heard heard;
        FrameReader reader;
        for (std::size_t at = 0; at < stream.size();) {
            const auto size = random() % 40 + 1;
            ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, size), heard.handler()));
            at += size;
        }
        EXPECT_EQ(heard.out, out);
        EXPECT_EQ(heard.err, err);
        EXPECT_TRUE(reader.between_frames());
    }
}

TEST(DockerFrames, StreamThatEndsWithinAFrameIsNotWhole) {
    const auto whole = frame(1, "abc");
    for (std::size_t size = 1; size < whole.size(); ++size) {
        Heard heard;
        FrameReader reader;
        ASSERT_TRUE(reader.feed(std::string_view(whole).substr(0, size), heard.handler()));
        EXPECT_FALSE(reader.between_frames()) << size;
    }
}

TEST(DockerFrames, StreamOfATerminalIsAnError) {
    Heard heard;
    FrameReader reader;
    const auto read = reader.feed("hello from a terminal", heard.handler());
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("68 65 6c 6c"), std::string::npos) << read.error().message;
    EXPECT_EQ(heard.out, "");
}

}  // namespace
}  // namespace offload::provider::docker

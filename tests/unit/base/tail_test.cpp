#include "offload/base/tail.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace offload {
namespace {

TEST(Tail, KeepsAllOfWhatIsShort) {
    Tail tail(4);
    EXPECT_TRUE(tail.empty());
    for (const char* piece : {"abc", "", "defgh"}) tail.add(piece);
    EXPECT_EQ(tail.bytes(), "abcdefgh");
    EXPECT_FALSE(tail.cut());
    EXPECT_EQ(tail.text(), "abcdefgh");
}

TEST(Tail, KeepsTheEndOfWhatIsLong) {
    Tail tail(4);
    tail.add("abcdefgh");
    tail.add("i");
    EXPECT_EQ(tail.bytes(), "fghi");
    EXPECT_EQ(tail.text(), "[…]\nfghi");
}

// However the text is cut, it is the end of what came, of between one and two limits.
TEST(Tail, IsTheEndOfWhatCameWhateverThePieces) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::size_t limit = 1 + random() % 20;
        Tail tail(limit);
        std::string whole;
        for (int piece = 0; piece < 30; ++piece) {
            std::string bytes(random() % (3 * limit), '.');
            for (char& byte : bytes) byte = static_cast<char>('a' + random() % 26);
            tail.add(bytes);
            whole += bytes;
            ASSERT_TRUE(whole.ends_with(tail.bytes()));
            ASSERT_LE(tail.bytes().size(), 2 * limit);
            ASSERT_GE(tail.bytes().size(), std::min(limit, whole.size()));
            ASSERT_EQ(tail.cut(), tail.bytes().size() < whole.size());
        }
    }
}

TEST(Tail, AnOutputOfAnyLengthCostsAsMuchAsItsEnd) {
    Tail tail(16 * 1024);
    for (int piece = 0; piece < 1000; ++piece) tail.add(std::string(1000, 'x'));
    tail.add("\nlast\n\n");
    EXPECT_LT(tail.text().size(), 64U * 1024);
    EXPECT_EQ(tail.lines(1), "last");
}

TEST(Tail, LinesAreTheLastThatSayAnything) {
    Tail tail(100);
    tail.add("one\ntw");
    tail.add("o\r\n\n  \nthr\xff");
    tail.add("ee\n\n");
    EXPECT_EQ(tail.lines(2),
              "two\nthr\xef\xbf\xbd"
              "ee");
    EXPECT_EQ(tail.lines(1),
              "thr\xef\xbf\xbd"
              "ee");
}

}  // namespace
}  // namespace offload

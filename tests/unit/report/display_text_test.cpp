#include "display_text.hpp"

#include <gtest/gtest.h>

#include <random>

#include "offload/base/text.hpp"

namespace offload::report {
namespace {

bool has_control(std::string_view text, std::string_view allowed) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 || byte == 0x7F) && allowed.find(c) == std::string_view::npos) return true;
    }
    // C1 controls in UTF-8.
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto next = static_cast<unsigned char>(text[i + 1]);
        if (text[i] == '\xC2' && next >= 0x80 && next < 0xA0) return true;
    }
    return false;
}

std::string random_bytes(std::mt19937& random, std::size_t most) {
    constexpr std::string_view kNasty =
        "\x1b[]m;01\a\r\n\t\xC2\x9B\xE2\x80\xAE\xE6\x97\xA5\xFF\x80"
        "Az";
    std::string bytes;
    for (std::size_t n = random() % most; n > 0; --n) bytes += kNasty[random() % kNasty.size()];
    return bytes;
}

TEST(Harmless, PlainTextStaysAsItIs) {
    EXPECT_EQ(harmless("größe 日本\n\tx"), "größe 日本\n\tx");
    EXPECT_EQ(harmless_line("größe 日本"), "größe 日本");
}

TEST(Harmless, ColourSequencesVanishFromOutput) {
    EXPECT_EQ(harmless("\x1b[31mred\x1b[0m \x1b]0;title\a!"), "red !");
}

TEST(Harmless, OtherControlsAreShown) {
    EXPECT_EQ(harmless("a\a b\x1b"), "a\\x07 b\\x1b");
    EXPECT_EQ(harmless("50%\r60%\r\n"),
              "50%\\x0d"
              "60%\n");
    EXPECT_EQ(harmless("\xE2\x80\xAE"), "\\u202e");
}

TEST(Harmless, IdsShowTheirEscapesAndStayOneLine) {
    EXPECT_EQ(harmless_line("a[\x1b[2J]\nb\tc"), "a[\\x1b[2J]\\nb c");
}

TEST(Harmless, NoBytesEverReachTheTerminalAsControls) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 5000; ++i) {
        const auto bytes = random_bytes(random, 40);
        EXPECT_FALSE(has_control(harmless(bytes), "\n\t")) << testing::PrintToString(bytes);
        EXPECT_FALSE(has_control(harmless_line(bytes), "")) << testing::PrintToString(bytes);
        EXPECT_EQ(text::to_valid_utf8(harmless(bytes)), harmless(bytes));
    }
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("größe"), 5U);
    EXPECT_EQ(display_width("日本語"), 6U);
    EXPECT_EQ(display_width("e\xCC\x81"), 1U);  // combining acute
    EXPECT_EQ(display_width("\xF0\x9F\x98\x80"), 2U);
}

TEST(Fit, KeepsBothEndsOfAnId) {
    EXPECT_EQ(fit_middle("tests/test_a.py::test_x", 40), "tests/test_a.py::test_x");
    EXPECT_EQ(fit_middle("abcdefghij", 7), "abc…hij");
    EXPECT_EQ(fit_middle("abcdefghij", 7, false), "ab..hij");
    EXPECT_EQ(fit_end("abcdefghij", 4), "abc…");
}

TEST(Fit, NeverExceedsTheWidthNorCutsACharacter) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 5000; ++i) {
        const auto text = harmless_line(random_bytes(random, 60));
        const std::size_t columns = random() % 50;
        for (const auto& cut : {fit_middle(text, columns), fit_end(text, columns)}) {
            EXPECT_LE(display_width(cut), columns);
            EXPECT_EQ(text::to_valid_utf8(cut), cut);
        }
    }
}

TEST(StyledLine, ColourTakesNoWidth) {
    StyledLine line;
    line.add("abc", Style::Red).add("defghij");
    const auto cut = line.cut(8, true, true);
    EXPECT_EQ(cut.bytes, "\x1b[31mabc\x1b[0mdefg…");
    EXPECT_EQ(cut.width, 8U);
    EXPECT_EQ(line.cut(80, false, true).bytes, "abcdefghij");
}

}  // namespace
}  // namespace offload::report

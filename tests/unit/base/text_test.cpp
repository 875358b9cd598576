#include "offload/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace offload::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string random_bytes(std::mt19937& random, std::size_t most) {
    static const std::vector<std::string> kSequences{
        "a",   "ü", "€", "😀", "\xEF\xBF\xBE", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80",
        "\x1b"};
    std::string bytes;
    for (std::size_t n = random() % most; n > 0; --n) {
        if (random() % 2 == 0) {
            bytes += kSequences[random() % kSequences.size()];
        } else {
            bytes += static_cast<char>(random() % 256);
        }
    }
    return bytes;
}

// A second, independent reading of RFC 3629 and XML 1.0 production [2], by tables of byte ranges.
bool is_xml_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto in = [](unsigned value, unsigned low, unsigned high) {
        return low <= value && value <= high;
    };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned a = byte(i);
        const unsigned b = byte(i + 1);
        const bool c = in(byte(i + 2), 0x80, 0xBF);
        if (a == 9 || a == 10 || a == 13 || in(a, 0x20, 0x7F)) {
            i += 1;
        } else if (in(a, 0xC2, 0xDF) && in(b, 0x80, 0xBF)) {
            i += 2;
        } else if (in(a, 0xE0, 0xEF) && c &&
                   in(b, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF)) {
            if (a == 0xEF && b == 0xBF && byte(i + 2) >= 0xBE) return false;
            i += 3;
        } else if (in(a, 0xF0, 0xF4) && c && in(byte(i + 3), 0x80, 0xBF) &&
                   in(b, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF)) {
            i += 4;
        } else {
            return false;
        }
    }
    return true;
}

TEST(Trim, RemovesWhiteSpaceAtBothEndsOnly) {
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
    EXPECT_EQ(trim(""), "");
}

TEST(Lines, KnowsBothLineEnds) {
    EXPECT_THAT(lines("a\nb\r\n\nc"), ElementsAre("a", "b", "", "c"));
    EXPECT_THAT(lines("a\n"), ElementsAre("a"));
    EXPECT_THAT(lines("\n"), ElementsAre(""));
    EXPECT_THAT(lines(""), IsEmpty());
}

TEST(LastLines, SkipsEmptyOnesAndKeepsOrder) {
    EXPECT_EQ(last_lines("a\nb\r\n\n  \nc\n", 2), "b\nc");
    EXPECT_EQ(last_lines("a", 5), "a");
    EXPECT_EQ(last_lines("\n\n", 5), "");
    EXPECT_EQ(last_lines("a\nb", 0), "");
}

TEST(LastNonEmptyLine, IsTrimmed) {
    EXPECT_EQ(last_non_empty_line("building\n im-123 \r\n\n"), "im-123");
    EXPECT_EQ(last_non_empty_line("one"), "one");
    EXPECT_EQ(last_non_empty_line(" \n"), "");
}

TEST(ReplaceAll, ReplacesEveryOccurrenceOnce) {
    EXPECT_EQ(replace_all("{a}-{a}", "{a}", "{a}{a}"), "{a}{a}-{a}{a}");
    EXPECT_EQ(replace_all("abc", "x", "y"), "abc");
    EXPECT_EQ(replace_all("abc", "", "y"), "abc");
}

TEST(ToValidUtf8, KeepsWhatIsValid) {
    const std::string text = "tab\tnewline\r\n ü € 😀 \xC2\x85";
    EXPECT_EQ(to_valid_utf8(text), text);
}

TEST(ToValidUtf8, ReplacesWhatXmlForbids) {
    EXPECT_EQ(to_valid_utf8("a\x1b[0m"), "a\xEF\xBF\xBD[0m");
    EXPECT_EQ(to_valid_utf8(std::string_view("\0", 1)), "\xEF\xBF\xBD");
    EXPECT_EQ(to_valid_utf8("\xEF\xBF\xBE"), "\xEF\xBF\xBD");
    EXPECT_EQ(to_valid_utf8("x\xFFy"), "x\xEF\xBF\xBDy");
    EXPECT_EQ(to_valid_utf8("cut \xE2\x82"), "cut \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(ToValidUtf8, AlwaysYieldsCharactersThatXmlAllows) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        const std::string bytes = random_bytes(random, 20);
        const std::string text = to_valid_utf8(bytes);
        ASSERT_TRUE(is_xml_utf8(text)) << testing::PrintToString(bytes);
        ASSERT_EQ(to_valid_utf8(text), text);
        if (is_xml_utf8(bytes)) {
            ASSERT_EQ(text, bytes);
        }
    }
}

TEST(Shorten, KeepsHeadAndTailAndSaysWhatIsMissing) {
    const std::string text = "begin" + std::string(1000, '.') + "end";
    const std::string cut = shorten(text, 100);
    EXPECT_LE(cut.size(), 100U);
    EXPECT_TRUE(cut.starts_with("begin"));
    EXPECT_TRUE(cut.ends_with("end"));
    EXPECT_THAT(cut, HasSubstr("bytes left out] …"));
    EXPECT_EQ(shorten(text, text.size()), text);
}

TEST(Shorten, NeverExceedsTheLimitNorCutsACharacter) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 5'000; ++round) {
        const std::string text = to_valid_utf8(random_bytes(random, 200));
        const std::size_t limit = random() % 150;
        const std::string cut = shorten(text, limit);
        ASSERT_LE(cut.size(), limit);
        ASSERT_TRUE(is_xml_utf8(cut)) << testing::PrintToString(cut);
        if (text.size() > limit && limit > 60) {
            const std::string marker = "… [";
            // The first: the tail may begin with " [", behind the marker's last character.
            const std::size_t at = cut.find(marker);
            ASSERT_NE(at, std::string::npos);
            ASSERT_GT(std::stoul(cut.substr(at + marker.size())), text.size() - limit);
        }
    }
}

TEST(EditDistance, CountsInsertionsDeletionsAndSubstitutions) {
    EXPECT_EQ(edit_distance("", ""), 0U);
    EXPECT_EQ(edit_distance("abc", ""), 3U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
    EXPECT_EQ(edit_distance("retry_count", "retries_count"), 3U);
}

TEST(EditDistance, IsAMetric) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto word = [&] {
        std::string text(random() % 8, 'a');
        for (char& c : text) c = static_cast<char>('a' + random() % 3);
        return text;
    };
    for (int round = 0; round < 2'000; ++round) {
        const std::string a = word();
        const std::string b = word();
        const std::string c = word();
        ASSERT_EQ(edit_distance(a, b), edit_distance(b, a));
        ASSERT_EQ(edit_distance(a, b) == 0, a == b);
        ASSERT_LE(edit_distance(a, c), edit_distance(a, b) + edit_distance(b, c));
    }
}

TEST(Nearest, FindsTheLikelySlipOnly) {
    const std::vector<std::string> keys{"max_parallel", "working_dir", "test_timeout_secs"};
    EXPECT_EQ(nearest("max_paralel", keys), "max_parallel");
    EXPECT_EQ(nearest("workingdir", keys), "working_dir");
    EXPECT_EQ(nearest("colour", keys), "");
    EXPECT_EQ(nearest("x", {}), "");
    EXPECT_EQ(nearest("rnu", std::vector<std::string>{"log", "run"}), "run");
    EXPECT_EQ(nearest("nur", std::vector<std::string>{"log", "run"}), "");
}

TEST(Nearest, AgreesWithTheFullDistanceOnRandomInput) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto word = [&] {
        std::string text(1 + random() % 9, 'a');
        for (char& c : text) c = static_cast<char>('a' + random() % 3);
        return text;
    };
    for (int round = 0; round < 2'000; ++round) {
        const std::vector<std::string> candidates{word(), word(), word(), word()};
        const std::string wanted = word();
        std::size_t best = std::numeric_limits<std::size_t>::max();
        std::string expected;
        for (const std::string& candidate : candidates) {
            const std::size_t distance = edit_distance(wanted, candidate);
            if (distance < best && distance <= std::max(wanted.size(), candidate.size()) / 3) {
                best = distance;
                expected = candidate;
            }
        }
        for (std::size_t i = 0; i + 1 < wanted.size() && expected.empty(); ++i) {
            std::string swapped = wanted;
            std::swap(swapped[i], swapped[i + 1]);
            const auto found = std::ranges::find(candidates, swapped);
            if (found != candidates.end()) expected = *found;
        }
        const bool one_of_several = expected.size() < 6 && expected.size() == wanted.size() &&
                                    edit_distance(wanted, expected) == 2;
        const auto got = nearest(wanted, candidates);
        if (one_of_several) {
            ASSERT_EQ(edit_distance(wanted, got), 2U) << wanted;
        } else {
            ASSERT_EQ(got, expected) << wanted;
        }
    }
}

TEST(Duration, PicksTheUnitThatReadsBest) {
    const auto shown = [](double seconds) {
        return duration(std::chrono::duration<double>(seconds));
    };
    EXPECT_EQ(shown(0.000'01), "1 ms");
    EXPECT_EQ(shown(0.012), "12 ms");
    EXPECT_EQ(shown(0.0996), "0.1 s");
    EXPECT_EQ(shown(0.4), "0.4 s");
    EXPECT_EQ(shown(12.34), "12.3 s");
    EXPECT_EQ(shown(59.94), "59.9 s");
    EXPECT_EQ(shown(59.96), "1m 00s");
    EXPECT_EQ(shown(245), "4m 05s");
    EXPECT_EQ(shown(3599.6), "1h 00m");
    EXPECT_EQ(shown(3720), "1h 02m");
    EXPECT_EQ(shown(-1), "0.0 s");
    EXPECT_EQ(shown(std::nan("")), "0.0 s");
}

TEST(Count, AgreesInNumber) {
    EXPECT_EQ(count(1, "test"), "1 test");
    EXPECT_EQ(count(0, "test"), "0 tests");
    EXPECT_EQ(count(3, "batch", "batches"), "3 batches");
}

}  // namespace
}  // namespace offload::text

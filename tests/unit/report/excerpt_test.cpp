#include "excerpt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

namespace offload::report {
namespace {

// One letter a line: f(rame), p(lain), r(elated), C(ause).
std::vector<LineRank> ranks_of(std::string_view letters) {
    std::vector<LineRank> ranks;
    for (const char c : letters) {
        ranks.push_back(c == 'f'   ? LineRank::Frame
                        : c == 'p' ? LineRank::Plain
                        : c == 'r' ? LineRank::Related
                                   : LineRank::Cause);
    }
    return ranks;
}

ExcerptLimits limits(std::size_t lines, std::size_t most, std::size_t first_rows = 9) {
    return {.stretches = {{0, lines, most}}, .first_rows = first_rows};
}

// The letters of what is shown, and a number where lines are left out.
std::string shown(std::string_view letters, const ExcerptLimits& limits) {
    std::string text;
    for (const auto& row : excerpt(ranks_of(letters), limits)) {
        text += row.left_out > 0 ? std::to_string(row.left_out) : std::string(1, letters[row.line]);
    }
    return text;
}

TEST(Excerpt, ShowsAllWhereThereIsRoom) {
    EXPECT_EQ(shown("pprCp", limits(5, 10)), "pprCp");
    EXPECT_EQ(shown("", limits(0, 10)), "");
}

TEST(Excerpt, WithoutACauseTheEndIsWorthMoreThanTheBeginning) {
    EXPECT_EQ(shown("pppppppppppp", limits(12, 4)), "p8ppp");
}

TEST(Excerpt, FramesGoWhereACauseIsKnown) {  // TRAPS 62
    EXPECT_EQ(shown("fffCfffrff", limits(10, 100)), "3C3r2");
}

TEST(Excerpt, OneLineIsNotLeftOutByItself) { EXPECT_EQ(shown("fCfrf", limits(5, 100)), "fCfrf"); }

TEST(Excerpt, KeepsWhatIsNextToACause) {
    EXPECT_EQ(shown("pppppppCppppppp", limits(15, 5)), "5ppCpp5");
}

TEST(Excerpt, CausesStandAmongTheFirstRows) {
    const std::string letters = std::string(50, 'p') + "C" + std::string(50, 'p') + "CC";
    EXPECT_EQ(shown(letters, limits(letters.size(), 200)), "48ppCp48pCC");
}

TEST(Excerpt, WhatLeadsToACauseStaysInFrontOfItLongest) {
    const std::string letters = "pppppppppprppppppppppppC";
    EXPECT_EQ(shown(letters, limits(letters.size(), 200, 6)), "10r10ppC");
}

TEST(Excerpt, StretchesHaveRoomOfTheirOwn) {
    const std::string letters = std::string(20, 'p') + std::string(20, 'r');
    const ExcerptLimits limits{.stretches = {{0, 20, 4}, {20, 40, 2}}};
    EXPECT_EQ(shown(letters, limits), "p16pppr18r");
}

struct Shown {
    std::vector<bool> lines;
    std::size_t rows = 0;
};

Shown check_partition(const std::vector<LineRank>& ranks, const ExcerptLimits& limits) {
    Shown shown{.lines = std::vector<bool>(ranks.size(), false)};
    std::size_t next = 0;
    bool mark_before = false;
    for (const auto& row : excerpt(ranks, limits)) {
        EXPECT_EQ(row.line, next);
        EXPECT_FALSE(row.left_out > 0 && mark_before) << "two marks in a row";
        EXPECT_NE(row.left_out, 1U);
        mark_before = row.left_out > 0;
        if (row.left_out == 0) shown.lines[row.line] = true;
        next = row.line + std::max<std::size_t>(row.left_out, 1);
        ++shown.rows;
    }
    EXPECT_EQ(next, ranks.size());
    return shown;
}

TEST(Excerpt, HoldsWhatItPromisesForAnyText) {  // TRAPS 62
    for (unsigned seed = 0; seed < 3000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
        const std::size_t causes_in_a_hundred = up_to(30);
        std::vector<LineRank> ranks(up_to(300));
        for (auto& rank : ranks) {
            rank =
                up_to(99) < causes_in_a_hundred ? LineRank::Cause : static_cast<LineRank>(up_to(2));
        }
        const std::size_t most = 1 + up_to(80);
        const auto told = limits(ranks.size(), most, 8 + up_to(4));
        const auto shown = check_partition(ranks, told);

        EXPECT_LE(shown.rows, 2 * most + 1);
        const auto causes = static_cast<std::size_t>(std::ranges::count(ranks, LineRank::Cause));
        std::size_t causes_shown = 0;
        std::size_t others_shown = 0;
        std::size_t row_of_first = 0;
        std::size_t rows = 0;
        for (std::size_t i = 0; i < ranks.size(); ++i) {
            rows += shown.lines[i] || i == 0 || shown.lines[i - 1] ? 1 : 0;
            if (!shown.lines[i]) continue;
            if (ranks[i] == LineRank::Cause && ++causes_shown == 1) row_of_first = rows;
            if (ranks[i] != LineRank::Cause) ++others_shown;
        }
        EXPECT_GE(causes_shown, std::min(causes, most));
        if (causes_shown < causes) {
            // At most those in whose place a mark would stand.
            EXPECT_LE(others_shown, causes_shown + 1);
        }
        if (causes > 0) {
            EXPECT_LE(row_of_first, told.first_rows);
        }
    }
}

}  // namespace
}  // namespace offload::report

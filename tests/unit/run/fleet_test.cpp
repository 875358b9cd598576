#include "fleet.hpp"

#include <gtest/gtest.h>

namespace offload::run {
namespace {

TEST(CountedPhase, IsCountedForAsLongAsItLasts) {
    PhaseCounts counts;
    {
        CountedPhase one(Phase::Creating, counts);
        CountedPhase two(Phase::Creating, counts);
        EXPECT_EQ(counts.of(Phase::Creating), 2U);
        one = Phase::Busy;
        two = Phase::Idle;
        two = Phase::Busy;
        EXPECT_EQ(one, Phase::Busy);
        EXPECT_EQ(counts.of(Phase::Creating), 0U);
        EXPECT_EQ(counts.of(Phase::Idle), 0U);
        EXPECT_EQ(counts.of(Phase::Busy), 2U);
    }
    EXPECT_EQ(counts.of(Phase::Busy), 0U);
}

}  // namespace
}  // namespace offload::run

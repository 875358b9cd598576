#include <gtest/gtest.h>

#include <algorithm>

#include "offload/model/event.hpp"
#include "offload/model/result.hpp"

namespace offload {
namespace {

TEST(Names, OutcomesAreNamed) {
    EXPECT_EQ(name_of(Outcome::Passed), "passed");
    EXPECT_EQ(name_of(Outcome::Skipped), "skipped");
    EXPECT_EQ(name_of(Outcome::Failed), "failed");
    EXPECT_EQ(name_of(Outcome::Errored), "errored");
}

TEST(Names, StatusesAreNamed) {
    EXPECT_EQ(name_of(Status::Passed), "passed");
    EXPECT_EQ(name_of(Status::Flaky), "flaky");
    EXPECT_EQ(name_of(Status::Skipped), "skipped");
    EXPECT_EQ(name_of(Status::Failed), "failed");
    EXPECT_EQ(name_of(Status::Errored), "errored");
    EXPECT_EQ(name_of(Status::NotRun), "not run");
}

// They are part of log file names.
TEST(Names, BatchOutcomesAreNamed) {
    EXPECT_EQ(name_of(BatchOutcome::Success), "success");
    EXPECT_EQ(name_of(BatchOutcome::Failure), "failure");
    EXPECT_EQ(name_of(BatchOutcome::Error), "error");
    EXPECT_EQ(name_of(BatchOutcome::Cancelled), "cancelled");
}

TEST(Outcome, TheWorstIsTheLargest) {
    EXPECT_EQ(std::max({Outcome::Skipped, Outcome::Errored, Outcome::Passed, Outcome::Failed}),
              Outcome::Errored);
    EXPECT_LT(Outcome::Passed, Outcome::Skipped);
    EXPECT_LT(Outcome::Skipped, Outcome::Failed);
}

TEST(Outcome, SkippedIsNoFailure) {  // TRAPS 7
    EXPECT_FALSE(is_failure(Outcome::Passed));
    EXPECT_FALSE(is_failure(Outcome::Skipped));
    EXPECT_TRUE(is_failure(Outcome::Failed));
    EXPECT_TRUE(is_failure(Outcome::Errored));
}

TEST(Counts, TotalCountsEveryTestOnce) {
    const Counts counts{1, 2, 4, 8, 16, 32};
    EXPECT_EQ(counts.total(), 63U);
}

}  // namespace
}  // namespace offload

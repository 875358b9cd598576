#include "offload/schedule/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace offload::schedule {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::SizeIs;
using Decision = Ledger::Decision;

constexpr TestIndex kTest{0};

Test make_test(std::size_t index, std::size_t group = 0, TestKind kind = TestKind::Test) {
    return {TestIndex(index), "test", GroupIndex(group), {}, kind};
}

TestResult make_result(Outcome outcome) {
    TestResult result;
    result.outcome = outcome;
    return result;
}

Ledger ledger_of_one(std::size_t retries, VerdictSource source = VerdictSource::PerTest) {
    Ledger ledger({retries}, source);
    ledger.add(make_test(0));
    return ledger;
}

Ledger::Recorded record(Ledger& ledger, Outcome outcome, TestIndex test = kTest) {
    return ledger.record(test, make_result(outcome), BatchNumber(0), SandboxNumber(0), {});
}

TEST(Ledger, PassDecidesAtOnce) {  // TRAPS 33
    Ledger ledger = ledger_of_one(3);
    const auto recorded = record(ledger, Outcome::Passed);
    EXPECT_EQ(recorded.decision, Decision::Decided);
    EXPECT_EQ(recorded.attempt, 1);
    EXPECT_EQ(ledger.undecided(), 0);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Passed);
}

TEST(Ledger, FailureIsRetriedUntilTheRetriesAreUsed) {
    Ledger ledger = ledger_of_one(2);
    EXPECT_EQ(record(ledger, Outcome::Failed).decision, Decision::Retry);
    EXPECT_EQ(record(ledger, Outcome::Errored).decision, Decision::Retry);
    const auto last = record(ledger, Outcome::Failed);
    EXPECT_EQ(last.decision, Decision::Decided);
    EXPECT_EQ(last.attempt, 3);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Failed);
    EXPECT_THAT(ledger.verdict(kTest).attempts,
                ElementsAre(Field(&Attempt::number, 1), Field(&Attempt::number, 2),
                            Field(&Attempt::number, 3)));
}

TEST(Ledger, WithoutRetriesAFirstFailureIsFinalWhateverComesLater) {  // TRAPS 13
    Ledger ledger = ledger_of_one(0);
    EXPECT_EQ(record(ledger, Outcome::Failed).decision, Decision::Decided);
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Ignored);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Failed);
    EXPECT_THAT(ledger.verdict(kTest).attempts, SizeIs(1));
}

TEST(Ledger, LateFailureOfAPassedTestLeavesNoTrace) {  // TRAPS 13
    Ledger ledger = ledger_of_one(1);
    record(ledger, Outcome::Passed);
    EXPECT_EQ(record(ledger, Outcome::Failed).decision, Decision::Ignored);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Passed);
    EXPECT_EQ(ledger.attempts(kTest), 1);
}

TEST(Ledger, FailedThenPassedIsFlaky) {
    Ledger ledger = ledger_of_one(1);
    record(ledger, Outcome::Failed);
    EXPECT_EQ(ledger.counts().not_run, 1);
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Decided);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Flaky);
    EXPECT_EQ(ledger.counts().flaky, 1);
    EXPECT_EQ(ledger.counts().total(), 1);
}

TEST(Ledger, OutcomesOfWholeBatchesAreNeverFlaky) {
    Ledger ledger = ledger_of_one(1, VerdictSource::PerBatch);
    record(ledger, Outcome::Failed);
    record(ledger, Outcome::Passed);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Passed);
}

TEST(Ledger, SkippedIsAnOutcomeOfItsOwn) {  // TRAPS 7
    Ledger ledger = ledger_of_one(1);
    EXPECT_EQ(record(ledger, Outcome::Skipped).decision, Decision::Decided);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Skipped);
    EXPECT_EQ(ledger.counts().skipped, 1);
}

TEST(Ledger, FailedThenSkippedIsFailed) {
    Ledger ledger = ledger_of_one(2);
    record(ledger, Outcome::Failed);
    EXPECT_EQ(record(ledger, Outcome::Skipped).decision, Decision::Decided);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Failed);
}

TEST(Ledger, NeverPassedCountsAsItsFirstFailureDid) {
    Ledger ledger = ledger_of_one(1);
    record(ledger, Outcome::Errored);
    record(ledger, Outcome::Failed);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Errored);
}

TEST(Ledger, BrokenModuleIsErroredOnceAndNeverRetried) {  // TRAPS 2
    Ledger ledger({5});
    ledger.add(make_test(0, 0, TestKind::CollectionError));
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Ignored);
    const auto recorded = ledger.record_error(kTest, make_result(Outcome::Errored));
    EXPECT_EQ(recorded.decision, Decision::Decided);
    EXPECT_EQ(ledger.record_error(kTest, make_result(Outcome::Errored)).decision,
              Decision::Ignored);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Errored);
    EXPECT_THAT(ledger.verdict(kTest).attempts, SizeIs(1));
    EXPECT_EQ(ledger.counts().errored, 1);
}

TEST(Ledger, BrokenModuleCannotPass) {
    Ledger ledger({0});
    ledger.add(make_test(0, 0, TestKind::CollectionError));
    ledger.record_error(kTest, make_result(Outcome::Passed));
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Errored);
}

TEST(Ledger, RunnableTestTakesNoCollectionError) {
    Ledger ledger = ledger_of_one(0);
    EXPECT_EQ(ledger.record_error(kTest, make_result(Outcome::Errored)).decision,
              Decision::Ignored);
    EXPECT_FALSE(ledger.decided(kTest));
}

TEST(Ledger, TestThatNeverRanIsNotRunForTheLastReasonGiven) {  // TRAPS 9
    Ledger ledger = ledger_of_one(1);
    ledger.explain(kTest, "no sandbox");
    ledger.explain(kTest, "deselected");
    const Verdict verdict = ledger.verdict(kTest);
    EXPECT_EQ(verdict.status, Status::NotRun);
    EXPECT_EQ(verdict.not_run_reason, "deselected");
    EXPECT_EQ(ledger.counts().not_run, 1);
}

TEST(Ledger, FailureWhoseRetriesAreCutShortIsFailed) {
    Ledger ledger = ledger_of_one(2);
    record(ledger, Outcome::Failed);
    EXPECT_EQ(ledger.verdict(kTest).status, Status::Failed);
    ledger.give_up(kTest, "interrupted");
    EXPECT_EQ(ledger.counts().failed, 1);
    EXPECT_EQ(ledger.undecided(), 0);
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Ignored);
}

TEST(Ledger, GivenUpWithoutAnAttemptIsNotRun) {
    Ledger ledger = ledger_of_one(2);
    ledger.give_up(kTest, "interrupted");
    EXPECT_EQ(ledger.counts().not_run, 1);
    EXPECT_EQ(ledger.undecided(), 0);
    EXPECT_EQ(ledger.verdict(kTest).not_run_reason, "interrupted");
}

TEST(Ledger, TestsOutsideTheSelectionDoNotExist) {
    Ledger ledger({1});
    ledger.add(make_test(1));
    ledger.add(make_test(4));
    ledger.add(make_test(4));
    EXPECT_EQ(record(ledger, Outcome::Failed, TestIndex(0)).decision, Decision::Ignored);
    EXPECT_EQ(record(ledger, Outcome::Failed, TestIndex(9)).decision, Decision::Ignored);
    EXPECT_FALSE(ledger.decided(TestIndex(0)));
    EXPECT_EQ(ledger.last_attempt(TestIndex(0)), nullptr);
    EXPECT_THAT(ledger.verdicts(), ElementsAre(Field(&Verdict::test, TestIndex(1)),
                                               Field(&Verdict::test, TestIndex(4))));
    EXPECT_EQ(ledger.counts().total(), 2);
}

TEST(Ledger, GroupsHaveTheirOwnRetries) {
    Ledger ledger({0, 1});
    ledger.add(make_test(0, 0));
    ledger.add(make_test(1, 1));
    EXPECT_EQ(record(ledger, Outcome::Failed, TestIndex(0)).decision, Decision::Decided);
    EXPECT_EQ(record(ledger, Outcome::Failed, TestIndex(1)).decision, Decision::Retry);
}

TEST(Ledger, OutputIsKeptOfFailuresAlone) {
    Ledger ledger({1});
    ledger.add(make_test(0));
    TestResult result = make_result(Outcome::Failed);
    result.system_out = "out";
    result.classname = "class";
    ledger.record(kTest, result, BatchNumber(3), SandboxNumber(4), {});
    EXPECT_EQ(ledger.last_attempt(kTest)->result.system_out, "out");
    result.outcome = Outcome::Passed;
    ledger.record(kTest, result, BatchNumber(5), SandboxNumber(6), {});
    EXPECT_EQ(ledger.last_attempt(kTest)->result.system_out, "");
    EXPECT_EQ(ledger.last_attempt(kTest)->result.classname, "class");
    EXPECT_EQ(ledger.last_attempt(kTest)->batch, BatchNumber(5));
}

TEST(Ledger, TotalsAddUpAndAgreeWithTheVerdictsForAnySequence) {
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        std::mt19937 random(seed);
        const std::size_t count = 1 + random() % 20;
        Ledger ledger({random() % 3, random() % 3});
        for (std::size_t i = 0; i < count; ++i) ledger.add(make_test(i, random() % 2));
        for (std::size_t step = 0; step < 3 * count; ++step) {
            const TestIndex test(random() % count);
            const bool was_decided = ledger.decided(test);
            const int before = ledger.attempts(test);
            const auto recorded = record(ledger, static_cast<Outcome>(random() % 4), test);
            ASSERT_EQ(was_decided, recorded.decision == Decision::Ignored);
            ASSERT_EQ(ledger.attempts(test), was_decided ? before : before + 1);
            ASSERT_EQ(ledger.counts().total(), count);
        }
        for (std::size_t i = 0; i < count; ++i) ledger.give_up(TestIndex(i), "over");
        ASSERT_EQ(ledger.undecided(), 0);
        std::size_t passed = 0, flaky = 0, not_run = 0;
        for (const Verdict& verdict : ledger.verdicts()) {
            passed += verdict.status == Status::Passed;
            flaky += verdict.status == Status::Flaky;
            not_run += verdict.status == Status::NotRun;
            ASSERT_EQ(verdict.status == Status::NotRun, verdict.attempts.empty());
        }
        ASSERT_EQ(ledger.counts().passed, passed);
        ASSERT_EQ(ledger.counts().flaky, flaky);
        ASSERT_EQ(ledger.counts().not_run, not_run);
        ASSERT_EQ(ledger.counts().total(), count);
    }
}

TEST(Ledger, TakenVerdictsAreThoseThatWere) {
    Ledger ledger({1});
    for (std::size_t i = 0; i < 4; ++i) ledger.add(make_test(i));
    record(ledger, Outcome::Passed, TestIndex(0));
    record(ledger, Outcome::Failed, TestIndex(1));
    record(ledger, Outcome::Passed, TestIndex(1));
    record(ledger, Outcome::Failed, TestIndex(2));
    ledger.give_up(TestIndex(3), "no time");
    const auto before = ledger.verdicts();
    const auto taken = ledger.take_verdicts();
    ASSERT_EQ(taken.size(), before.size());
    for (std::size_t i = 0; i < taken.size(); ++i) {
        EXPECT_EQ(taken[i].test, before[i].test);
        EXPECT_EQ(taken[i].status, before[i].status);
        EXPECT_EQ(taken[i].attempts.size(), before[i].attempts.size());
        EXPECT_EQ(taken[i].not_run_reason, before[i].not_run_reason);
    }
    EXPECT_THAT(ledger.verdicts(), SizeIs(0));
    EXPECT_EQ(ledger.counts().total(), 0U);
}

TEST(Ledger, RepetitionRunsATestSoOftenWhateverComesOfIt) {
    Ledger ledger({5}, VerdictSource::PerTest, {.times = 3});
    ledger.add(make_test(0));
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Retry);
    EXPECT_EQ(record(ledger, Outcome::Failed).decision, Decision::Retry);
    const auto last = record(ledger, Outcome::Passed);
    EXPECT_EQ(last.decision, Decision::Decided);
    EXPECT_EQ(last.attempt, 3);
    EXPECT_EQ(ledger.status(kTest), Status::Failed);  // one failure is enough
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Ignored);
}

TEST(Ledger, RepetitionOfWhatPassesPasses) {
    Ledger ledger({0}, VerdictSource::PerTest, {.times = 2});
    ledger.add(make_test(0));
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Retry);
    EXPECT_EQ(record(ledger, Outcome::Passed).decision, Decision::Decided);
    EXPECT_EQ(ledger.status(kTest), Status::Passed);
}

TEST(Ledger, RepetitionEndsAtASkipAndUntilFailureAtAFailure) {
    Ledger skipping({0}, VerdictSource::PerTest, {.times = 9});
    skipping.add(make_test(0));
    EXPECT_EQ(record(skipping, Outcome::Skipped).decision, Decision::Decided);
    Ledger hunting({5}, VerdictSource::PerTest, {.times = 9, .until_failure = true});
    hunting.add(make_test(0));
    EXPECT_EQ(record(hunting, Outcome::Passed).decision, Decision::Retry);
    EXPECT_EQ(record(hunting, Outcome::Errored).decision, Decision::Decided);
    EXPECT_EQ(hunting.status(kTest), Status::Errored);
}

}  // namespace
}  // namespace offload::schedule

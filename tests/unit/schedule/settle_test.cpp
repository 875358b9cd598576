#include "offload/schedule/settle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <random>

namespace offload::schedule {
namespace settle_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TestIndex at(std::size_t index) { return TestIndex(index); }

enum class BatchEnd { Completed, Abnormal, TimedOut, Infrastructure, Cancelled };

Ending ending_of(BatchEnd end) {
    switch (end) {
        case BatchEnd::Completed:
            return ending::Completed{};
        case BatchEnd::Abnormal:
            return ending::Died{ending::Exited{1}};
        case BatchEnd::TimedOut:
            return ending::TimedOut{Seconds{100}};
        case BatchEnd::Infrastructure:
            return ending::Lost{{"the connection was lost"}};
        case BatchEnd::Cancelled:
            break;
    }
    return ending::Cancelled{};
}

SettleInput broken(BatchEnd end, std::size_t batch_size, std::size_t unfinished) {
    SettleInput input;
    input.ending = ending_of(end);
    input.batch_size = batch_size;
    input.time_limit = Seconds{100};
    for (std::size_t i = 0; i < unfinished; ++i) {
        input.unfinished.push_back({at(i), std::nullopt, 0, {}});
    }
    return input;
}

TEST(Settle, EverythingReportedLeavesNothingToDo) {
    const Settled settled = settle(broken(BatchEnd::Abnormal, 5, 0));
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.requeue, IsEmpty());
    EXPECT_THAT(settled.suspects, IsEmpty());
    EXPECT_THAT(settled.not_run, IsEmpty());
}

TEST(Settle, RefusedTestIsNotRunForTheRunnersReason) {  // TRAPS 8
    SettleInput input = broken(BatchEnd::Completed, 2, 2);
    input.unfinished[1].refusal = "deselected";
    const Settled settled = settle(input);
    ASSERT_THAT(settled.not_run, SizeIs(1));
    EXPECT_EQ(settled.not_run[0].test, at(1));
    EXPECT_EQ(settled.not_run[0].reason, "deselected");
    EXPECT_THAT(settled.requeue, ElementsAre(at(0)));
}

TEST(Settle, TestLeftOutOnceRunsOnceMore) {
    EXPECT_THAT(settle(broken(BatchEnd::Completed, 2, 1)).requeue, ElementsAre(at(0)));
}

TEST(Settle, TestLeftOutTwiceOrAloneIsNotRunWithTheLastWords) {  // TRAPS 8
    SettleInput twice = broken(BatchEnd::Completed, 2, 1);
    twice.unfinished[0].missing_before = 1;
    for (SettleInput input : {twice, broken(BatchEnd::Completed, 1, 1)}) {
        input.last_output = "1 deselected in 0.1s";
        const Settled settled = settle(input);
        ASSERT_THAT(settled.not_run, SizeIs(1));
        EXPECT_THAT(settled.not_run[0].reason, HasSubstr("1 deselected in 0.1s"));
        EXPECT_THAT(settled.requeue, IsEmpty());
    }
}

TEST(Settle, RunningTestIsNamedAsTheCrashAndTheRestRunsAgain) {  // TRAPS 19
    SettleInput input = broken(BatchEnd::Abnormal, 5, 3);
    input.starts_known = true;
    input.ending = ending::Died{ending::Exited{139}};
    input.last_output = "Fatal Python error";
    input.unfinished[0].running_for = Seconds{2};
    const Settled settled = settle(input);
    ASSERT_THAT(settled.attempts, SizeIs(1));
    EXPECT_EQ(settled.attempts[0].test, at(0));
    const TestResult& result = settled.attempts[0].result;
    EXPECT_EQ(result.outcome, Outcome::Errored);
    EXPECT_EQ(result.type, kCrashType);
    EXPECT_THAT(result.message, HasSubstr("exit status 139 (SIGSEGV)"));
    EXPECT_EQ(result.details, "Fatal Python error");
    EXPECT_EQ(result.duration, Seconds{2});
    EXPECT_THAT(settled.requeue, ElementsAre(at(1), at(2)));
}

TEST(Settle, AWorkerThatNeverBeganATestBlamesNone) {
    SettleInput input = broken(BatchEnd::Abnormal, 1, 1);
    input.starts_known = true;
    input.worker = true;
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(0))));
}

TEST(Settle, AHangInAWorkerIsTheRunningTestsAndTheOthersAreFree) {  // TRAPS 18
    SettleInput input = broken(BatchEnd::TimedOut, 40, 3);
    input.starts_known = true;
    input.worker = true;
    input.unfinished[0].running_for = Seconds{100};
    const Settled settled = settle(input);
    ASSERT_THAT(settled.attempts, SizeIs(1));
    EXPECT_EQ(settled.attempts[0].test, at(0));
    EXPECT_EQ(settled.attempts[0].result.type, kTimeoutType);
    EXPECT_THAT(settled.requeue, ElementsAre(at(1), at(2)));
    EXPECT_THAT(settled.suspects, IsEmpty());
}

TEST(Settle, AWorkerThatHangsBetweenTestsLeavesSuspects) {  // TRAPS 18
    SettleInput input = broken(BatchEnd::TimedOut, 40, 2);
    input.starts_known = true;
    input.worker = true;
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(0)), ElementsAre(at(1))));
}

TEST(Settle, KilledOutrightAsksWhetherMemoryRanOut) {  // TRAPS 19
    const ending::Process kills[] = {ending::Exited{137}, ending::Signalled{9}};
    for (const auto& kill : kills) {
        SettleInput input = broken(BatchEnd::Abnormal, 1, 1);
        input.ending = ending::Died{kill};
        EXPECT_THAT(settle(input).attempts.at(0).result.message,
                    HasSubstr("killed (137): out of memory?"));
    }
    SettleInput other = broken(BatchEnd::Abnormal, 1, 1);
    other.ending = ending::Died{ending::Signalled{11}};
    EXPECT_THAT(settle(other).attempts.at(0).result.message,
                testing::Not(HasSubstr("out of memory")));
}

TEST(Settle, OfSeveralRunningEachRunsAgainByItself) {
    SettleInput input = broken(BatchEnd::Abnormal, 4, 4);
    input.starts_known = true;
    input.unfinished[0].running_for = Seconds{2};
    input.unfinished[2].running_for = Seconds{1};
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(0)), ElementsAre(at(2))));
    EXPECT_THAT(settled.requeue, ElementsAre(at(1), at(3)));
}

TEST(Settle, DeathBetweenTestsBlamesNone) {
    SettleInput input = broken(BatchEnd::Abnormal, 3, 1);
    input.starts_known = true;
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.requeue, ElementsAre(at(0)));
}

TEST(Settle, DeathBeforeTheFirstTestHalvesTheBatchUntilOneIsLeft) {
    SettleInput input = broken(BatchEnd::Abnormal, 3, 3);
    input.starts_known = true;
    EXPECT_THAT(settle(input).suspects, ElementsAre(ElementsAre(at(0), at(1)), ElementsAre(at(2))));
    SettleInput alone = broken(BatchEnd::Abnormal, 1, 1);
    alone.starts_known = true;
    EXPECT_THAT(settle(alone).attempts, SizeIs(1));
}

TEST(Settle, UnknownCulpritIsLookedForInHalves) {  // TRAPS 19
    const Settled settled = settle(broken(BatchEnd::Abnormal, 4, 4));
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects,
                ElementsAre(ElementsAre(at(0), at(1)), ElementsAre(at(2), at(3))));
}

TEST(Settle, OnlyOneLeftIsTheCrash) {
    EXPECT_THAT(settle(broken(BatchEnd::Abnormal, 4, 1)).attempts, SizeIs(1));
}

void expect_it_runs_again_by_itself(const SettleInput& input) {
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(0))));
}

TEST(Settle, OnlyOneLeftIsNotBlamedForTheCrashOfWhatWasDoneElsewhere) {
    SettleInput input = broken(BatchEnd::Abnormal, 4, 1);
    input.beside_others = true;
    expect_it_runs_again_by_itself(input);
}

TEST(Settle, OnlyOneLeftIsNotBlamedWhereAWorkerMayNotHaveHeardOfIt) {
    SettleInput input = broken(BatchEnd::Abnormal, 4, 1);
    input.worker = true;
    expect_it_runs_again_by_itself(input);
}

TEST(Settle, HangingTestThatRanForTheWholeLimitTimesOut) {  // TRAPS 18
    SettleInput input = broken(BatchEnd::TimedOut, 4, 4);
    input.starts_known = true;
    input.unfinished[0].running_for = Seconds{99.5};
    const Settled settled = settle(input);
    ASSERT_THAT(settled.attempts, SizeIs(1));
    EXPECT_EQ(settled.attempts[0].test, at(0));
    EXPECT_EQ(settled.attempts[0].result.type, kTimeoutType);
    EXPECT_THAT(settled.attempts[0].result.message, HasSubstr("100 s"));
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(1), at(2)), ElementsAre(at(3))));
}

TEST(Settle, TestThatStartedLateGetsTheWholeLimitForItself) {  // TRAPS 18
    SettleInput input = broken(BatchEnd::TimedOut, 5, 3);
    input.starts_known = true;
    input.unfinished[0].running_for = Seconds{60};
    const Settled settled = settle(input);
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects,
                ElementsAre(ElementsAre(at(0)), ElementsAre(at(1)), ElementsAre(at(2))));
}

TEST(Settle, AloneInItsBatchTimesOutEvenWhereStartsAreUnknown) {
    const Settled settled = settle(broken(BatchEnd::TimedOut, 1, 1));
    ASSERT_THAT(settled.attempts, SizeIs(1));
    EXPECT_EQ(settled.attempts[0].result.duration, Seconds{100});
}

TEST(Settle, LastOneOfATimedOutBatchIsNotBlamedForTheOthersTime) {
    const Settled settled = settle(broken(BatchEnd::TimedOut, 4, 1));
    EXPECT_THAT(settled.attempts, IsEmpty());
    EXPECT_THAT(settled.suspects, ElementsAre(ElementsAre(at(0))));
}

TEST(Settle, LostSandboxIsNoAttemptOfAnyTest) {  // TRAPS 23
    for (const BatchEnd end : {BatchEnd::Infrastructure, BatchEnd::Cancelled}) {
        SettleInput input = broken(end, 2, 2);
        input.starts_known = true;
        input.unfinished[0].running_for = Seconds{1000};
        const Settled settled = settle(input);
        EXPECT_THAT(settled.attempts, IsEmpty());
        EXPECT_THAT(settled.requeue, ElementsAre(at(0), at(1)));
    }
}

TEST(Settle, ABatchThatDidNotFitRunsAgainInHalves) {  // TRAPS 28
    SettleInput input = broken(BatchEnd::Cancelled, 3, 3);
    input.ending = ending::DidNotFit{1000};
    EXPECT_THAT(settle(input).suspects, ElementsAre(ElementsAre(at(0), at(1)), ElementsAre(at(2))));
    SettleInput alone = broken(BatchEnd::Cancelled, 1, 1);
    alone.ending = ending::DidNotFit{1000};
    ASSERT_THAT(settle(alone).not_run, SizeIs(1));
    EXPECT_THAT(settle(alone).not_run[0].reason, HasSubstr("too long"));
}

TEST(Settle, EveryUnfinishedTestAppearsExactlyOnce) {
    for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
        SCOPED_TRACE(testing::Message() << "seed " << seed);
        std::mt19937 random(seed);
        const std::size_t left = random() % 12;
        SettleInput input = broken(static_cast<BatchEnd>(random() % 5),
                                   std::max<std::size_t>(left, 1) + random() % 3, left);
        input.starts_known = random() % 2 == 0;
        if (random() % 5 == 0) input.time_limit = Seconds{0};
        for (Unfinished& test : input.unfinished) {
            if (random() % 3 == 0) test.running_for = Seconds{static_cast<double>(random() % 120)};
            if (random() % 6 == 0) test.refusal = "no";
            test.missing_before = static_cast<int>(random() % 3);
        }
        const Settled settled = settle(input);
        std::vector<TestIndex> seen = settled.requeue;
        for (const auto& attempt : settled.attempts) seen.push_back(attempt.test);
        for (const auto& not_run : settled.not_run) seen.push_back(not_run.test);
        for (const auto& together : settled.suspects) {
            ASSERT_FALSE(together.empty());
            seen.insert(seen.end(), together.begin(), together.end());
        }
        std::sort(seen.begin(), seen.end());
        ASSERT_EQ(seen.size(), left);
        for (std::size_t i = 0; i < left; ++i) ASSERT_EQ(seen[i], at(i));
    }
}

// One hidden test breaks its batch each time. Batches are run one after the other until none is
// left.
struct Hunt {
    std::map<TestIndex, int> passes;
    std::map<TestIndex, int> blames;
    std::size_t execs = 0;
};

Hunt hunt(std::size_t tests, TestIndex culprit, BatchEnd end, bool streaming, int attempts) {
    Hunt hunt;
    std::deque<std::vector<TestIndex>> batches(1);
    for (std::size_t i = 0; i < tests; ++i) batches[0].push_back(at(i));
    while (!batches.empty() && hunt.execs < 100 * (tests + 1)) {
        const std::vector<TestIndex> batch = batches.front();
        batches.pop_front();
        ++hunt.execs;
        const auto found = std::find(batch.begin(), batch.end(), culprit);
        SettleInput input =
            broken(found == batch.end() ? BatchEnd::Completed : end, batch.size(), 0);
        input.starts_known = streaming;
        const bool results_arrive = streaming || found == batch.end();
        for (auto test = batch.begin(); test != batch.end(); ++test) {
            if (test < found && results_arrive) {
                ++hunt.passes[*test];
            } else {
                input.unfinished.push_back({*test, std::nullopt, 0, {}});
                // The tests before it take half of the limit.
                if (streaming && test == found) {
                    input.unfinished.back().running_for =
                        Seconds{test == batch.begin() ? 100.0 : 50.0};
                }
            }
        }
        const Settled settled = settle(input);
        for (const auto& attempt : settled.attempts) {
            if (++hunt.blames[attempt.test] < attempts) batches.push_back({attempt.test});
        }
        if (!settled.requeue.empty()) batches.push_back(settled.requeue);
        for (const auto& together : settled.suspects) batches.push_back(together);
    }
    return hunt;
}

TEST(Settle, HiddenCulpritIsFoundInLogarithmicallyManyExecs) {  // TRAPS 18, 19
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        std::mt19937 random(seed);
        const std::size_t tests = 1 + random() % 200;
        const TestIndex culprit = at(random() % tests);
        const BatchEnd end = random() % 2 == 0 ? BatchEnd::Abnormal : BatchEnd::TimedOut;
        const bool streaming = random() % 2 == 0;
        const int attempts = 1 + static_cast<int>(random() % 3);
        SCOPED_TRACE(testing::Message() << "seed " << seed << ", tests " << tests);
        const Hunt result = hunt(tests, culprit, end, streaming, attempts);
        ASSERT_EQ(result.blames, (std::map<TestIndex, int>{{culprit, attempts}}));
        ASSERT_EQ(result.passes.size(), tests - 1);
        for (const auto& [test, passes] : result.passes) ASSERT_EQ(passes, 1);
        const double levels = std::ceil(std::log2(static_cast<double>(tests)));
        ASSERT_LE(static_cast<double>(result.execs), 2 * levels + 2 + attempts);
    }
}

}  // namespace settle_test
}  // namespace offload::schedule

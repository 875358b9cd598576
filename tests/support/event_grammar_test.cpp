#include "offload/testing/event_grammar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const TestIndex kTest(0);
const SandboxNumber kSandbox(0);
const BatchNumber kBatch(0);

AttemptFinished attempt(Outcome outcome, bool will_retry = false) {
    AttemptFinished event;
    event.attempt.result.outcome = outcome;
    event.will_retry = will_retry;
    return event;
}

// As far as the one batch of a run with one test.
EventGrammar in_the_batch() {
    EventGrammar grammar;
    RunStarted started;
    started.max_parallel = 1;
    grammar.hear(started);
    grammar.hear(DiscoveryStarted{GroupIndex(0), "list"});
    grammar.hear(TestDiscovered{kTest, "t", GroupIndex(0), "", TestKind::Test});
    grammar.hear(DiscoveryFinished{GroupIndex(0), 1, Seconds{1}});
    grammar.hear(RunPlanned{1, false});
    grammar.hear(SandboxCreating{kSandbox, SlotNumber(0)});
    grammar.hear(SandboxReady{kSandbox, "s", Seconds{1}});
    grammar.hear(BatchStarted{kBatch, kSandbox, {kTest}, false});
    return grammar;
}

RunFinished finished(Status status, const std::vector<Attempt>& attempts) {
    RunFinished event;
    event.summary.verdicts = {{kTest, status, attempts, {}}};
    ++count_of(event.summary.counts, status);
    return event;
}

void end_sandbox(EventGrammar& grammar) {
    grammar.hear(BatchFinished{kBatch, kSandbox, BatchOutcome::Success, "", Seconds{1}});
    grammar.hear(SandboxDestroying{kSandbox});
    grammar.hear(SandboxEnded{kSandbox, "s", std::nullopt, false});
}

TEST(EventGrammar, AcceptsAWholeRun) {
    auto grammar = in_the_batch();
    grammar.hear(TestStarted{kTest, 1, kBatch, kSandbox});
    grammar.hear(attempt(Outcome::Passed));
    grammar.hear(TestDecided{kTest, Status::Passed});
    end_sandbox(grammar);
    grammar.hear(finished(Status::Passed, {attempt(Outcome::Passed).attempt}));
    EXPECT_THAT(grammar.violations(), IsEmpty());
    EXPECT_TRUE(grammar.finished());
}

TEST(EventGrammar, ALastAttemptIsFollowedByItsDecision) {
    auto grammar = in_the_batch();
    grammar.hear(attempt(Outcome::Failed));
    EXPECT_THAT(grammar.violations(), IsEmpty());
    grammar.hear(TestStarted{kTest, 2, kBatch, kSandbox});
    EXPECT_THAT(grammar.violations(), Contains(HasSubstr("undecided")));
}

TEST(EventGrammar, APassIsNotRetried) {
    auto grammar = in_the_batch();
    grammar.hear(attempt(Outcome::Passed, true));
    EXPECT_THAT(grammar.violations(), Contains(HasSubstr("no failure")));
}

TEST(EventGrammar, NothingIsTwoTimesInBatchesThatAreNoDuplicates) {
    auto grammar = in_the_batch();
    grammar.hear(BatchExtended{kBatch, {kTest}});
    EXPECT_THAT(grammar.violations(), Contains(HasSubstr("runs elsewhere already")));
}

TEST(EventGrammar, WhatARunnerHasRefusedMayRunElsewhere) {
    auto grammar = in_the_batch();
    grammar.know_refusal(kBatch, kTest);
    grammar.hear(BatchExtended{kBatch, {kTest}});
    EXPECT_THAT(grammar.violations(), IsEmpty());
}

TEST(EventGrammar, ABusySandboxIsNotDestroyed) {
    auto grammar = in_the_batch();
    grammar.hear(SandboxDestroying{kSandbox});
    EXPECT_THAT(grammar.violations(), Contains(HasSubstr("while a batch runs in it")));
}

TEST(EventGrammar, WhatIsLeftAtTheEndIsNamed) {
    auto grammar = in_the_batch();
    grammar.hear(finished(Status::NotRun, {}));
    EXPECT_THAT(grammar.violations(), Contains("sandbox 0 has not ended"));
    EXPECT_THAT(grammar.violations(), Contains("batch 0 has not ended"));
}

TEST(EventGrammar, AVerdictFollowsFromItsAttempts) {
    auto grammar = in_the_batch();
    grammar.hear(attempt(Outcome::Failed, true));
    end_sandbox(grammar);
    grammar.hear(finished(Status::Passed, {attempt(Outcome::Failed).attempt}));
    EXPECT_THAT(grammar.violations(), Contains(HasSubstr("does not follow")));
}

TEST(EventGrammar, EveryTestThatWasSelectedHasAVerdict) {
    auto grammar = in_the_batch();
    end_sandbox(grammar);
    grammar.hear(RunFinished{});
    EXPECT_THAT(grammar.violations(), Contains("1 tests were selected, and 0 have a verdict"));
}

}  // namespace
}  // namespace offload::test

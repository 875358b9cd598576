#include "offload/testing/event_grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace offload::test {
namespace {

template <class Number>
std::string name(const char* what, Number number) {
    return fmt::format("{} {}", what, number.value());
}

}  // namespace

void EventGrammar::expect(bool holds, const std::string& otherwise) {
    if (!holds) violations_.push_back(otherwise);
}

EventGrammar::TestState* EventGrammar::test(TestIndex index) {
    const bool known = index.value() < tests_.size();
    expect(known, name("test", index) + " was never discovered");
    return known ? &tests_[index.value()] : nullptr;
}

EventGrammar::SandboxState* EventGrammar::sandbox(SandboxNumber number) {
    const bool known = number.value() < sandboxes_.size();
    expect(known, name("sandbox", number) + " was never asked for");
    return known ? &sandboxes_[number.value()] : nullptr;
}

EventGrammar::BatchState* EventGrammar::running(BatchNumber number) {
    const auto found = batches_.find(number);
    const bool runs = found != batches_.end() && !found->second.finished;
    expect(runs, name("batch", number) + " is told of, and does not run");
    return runs ? &found->second : nullptr;
}

void EventGrammar::put_into(BatchNumber number, BatchState& batch,
                            const std::vector<TestIndex>& tests) {
    expect(!tests.empty(), name("batch", number) + " is given no tests");
    for (const auto index : tests) {
        auto* state = test(index);
        if (state == nullptr) continue;
        const auto what = fmt::format("test {} in batch {}: ", index.value(), number.value());
        expect(state->kind == TestKind::Test, what + "it cannot be run");
        expect(state->group == batch.group, what + "the batch is another group's");
        expect(!state->decided, what + "it is decided already");
        expect(state->batches.size() == (batch.hedge ? 1U : 0U),
               what + (batch.hedge ? "a duplicate of what does not run once elsewhere"
                                   : "it runs elsewhere already"));
        state->batches.insert(number);
    }
}

struct EventGrammar::Ear {
    EventGrammar& me;

    // --- The run

    void operator()(const RunStarted& event) const {
        me.expect(!me.started_, "the run starts twice");
        me.started_ = true;
        me.max_parallel_ = event.max_parallel;
        me.repeats_ = event.repetitions > 1;
    }
    void operator()(const RunPlanned& event) const {
        me.expect(!me.planned_, "the run is planned twice");
        me.planned_ = true;
        me.selected_ = event.selected;
        const auto runnable = std::ranges::count(me.tests_, TestKind::Test, &TestState::kind);
        for (const auto index : me.unexplained_) {
            me.violations_.push_back(name("test", index) + " is of a group that is not discovered");
        }
        me.expect(event.selected <= static_cast<std::size_t>(runnable),
                  "more tests are selected than there are");
    }
    void operator()(const TestCarried& event) const {
        const auto& verdict = event.verdict;
        auto* state = me.test(verdict.test);
        if (state == nullptr) return;
        me.expect(!me.planned_, name("test", verdict.test) + " is carried over after the plan");
        me.expect(!state->decided, name("test", verdict.test) + " is carried over twice");
        me.expect(verdict.carried_from.has_value(), "a result is carried over from nowhere");
        state->decided = verdict.status;
        state->carried = true;
        for (const auto& attempt : verdict.attempts) {
            state->attempts.push_back(attempt.result.outcome);
        }
        me.unexplained_.erase(verdict.test);
    }
    void operator()(const RunFinished& event) const { me.finish(event.summary); }
    void operator()(const Notice& event) const {
        me.expect(!event.text.empty(), "a notice without text");
    }

    // --- Discovery

    void operator()(const DiscoveryStarted& event) const {
        me.expect(me.groups_.try_emplace(event.group).second,
                  name("group", event.group) + " is discovered twice");
    }
    void operator()(const TestDiscovered& event) const {
        // What a runner says of itself becomes an entry of its own when it says so.
        const bool late = event.kind == TestKind::RunnerFailure;
        me.expect(me.planned_ == late, late ? "a runner has failed before the plan"
                                            : "a test is discovered after the plan");
        me.expect(event.test.value() == me.tests_.size(), "tests are told out of order");
        me.expect(me.ids_.insert(event.id).second, event.id + " is discovered twice");
        const auto group = me.groups_.find(event.group);
        if (group == me.groups_.end()) me.unexplained_.insert(event.test);
        if (group != me.groups_.end() && event.kind == TestKind::Test) ++group->second.tests;
        me.tests_.push_back({event.group, event.kind});
    }
    void operator()(const DiscoveryFinished& event) const {
        const auto found = me.groups_.find(event.group);
        const auto what = name("group", event.group);
        me.expect(!me.planned_, what + " is discovered after the plan");
        me.expect(found != me.groups_.end(), what + " is found, and was not looked for");
        if (found == me.groups_.end()) return;
        me.expect(!found->second.finished, what + " is found twice");
        me.expect(found->second.tests == event.tests, what + " has another number of tests");
        found->second.finished = true;
    }

    // --- Sandboxes

    void operator()(const SandboxCreating& event) const {
        const auto what = name("sandbox", event.sandbox);
        me.expect(event.sandbox.value() == me.sandboxes_.size(), what + " is out of order");
        me.expect(event.slot.value() < me.max_parallel_, what + " is in a slot that is not there");
        me.expect(std::ranges::none_of(me.sandboxes_,
                                       [&](const SandboxState& other) {
                                           return other.slot == event.slot &&
                                                  other.at != SandboxState::At::Ended;
                                       }),
                  what + " is in a slot that is taken");
        me.sandboxes_.push_back({event.slot});
    }
    void operator()(const SandboxReady& event) const {
        auto* state = me.sandbox(event.sandbox);
        if (state == nullptr) return;
        me.expect(state->at == SandboxState::At::Creating,
                  name("sandbox", event.sandbox) + " is ready, and was not being made");
        state->at = SandboxState::At::Ready;
        state->id = event.id;
    }
    void operator()(const SandboxDestroying& event) const {
        auto* state = me.sandbox(event.sandbox);
        if (state == nullptr) return;
        const auto what = name("sandbox", event.sandbox);
        me.expect(state->at == SandboxState::At::Ready, what + " is destroyed, and is not there");
        me.expect(!state->batch, what + " is destroyed while a batch runs in it");
        state->at = SandboxState::At::Destroying;
    }
    void operator()(const SandboxEnded& event) const {
        auto* state = me.sandbox(event.sandbox);
        if (state == nullptr) return;
        const auto what = name("sandbox", event.sandbox);
        me.expect(
            state->at == SandboxState::At::Destroying || state->at == SandboxState::At::Creating,
            what + " has ended without being destroyed, or twice");
        me.expect(event.id == state->id, what + " has ended under another name");
        me.expect(!event.maybe_leaked || event.trouble, what + " may be left for no reason");
        state->at = SandboxState::At::Ended;
    }

    // --- Batches

    void operator()(const BatchStarted& event) const {
        const auto what = name("batch", event.batch);
        me.expect(me.planned_, what + " starts before the plan");
        auto* place = me.sandbox(event.sandbox);
        if (place != nullptr) {
            me.expect(place->at == SandboxState::At::Ready,
                      what + " starts in a sandbox that is not there");
            me.expect(!place->batch, what + " starts in a sandbox that is busy");
            place->batch = event.batch;
        }
        const auto* first = event.tests.empty() ? nullptr : me.test(event.tests.front());
        const auto [entry, is_new] = me.batches_.try_emplace(
            event.batch,
            BatchState{event.sandbox, first != nullptr ? first->group : GroupIndex{}, event.hedge});
        me.expect(is_new, what + " starts twice");
        me.put_into(event.batch, entry->second, event.tests);
    }
    void operator()(const BatchExtended& event) const {
        auto* batch = me.running(event.batch);
        if (batch == nullptr) return;
        me.expect(!batch->hedge, name("batch", event.batch) + ", a duplicate, is extended");
        me.put_into(event.batch, *batch, event.tests);
    }
    void operator()(const BatchOutput& event) const { me.running(event.batch); }
    void operator()(const UnknownResult& event) const { me.running(event.batch); }
    void operator()(const BatchFinished& event) const {
        auto* batch = me.running(event.batch);
        if (batch == nullptr) return;
        me.expect(batch->sandbox == event.sandbox,
                  name("batch", event.batch) + " ends in another sandbox");
        batch->finished = true;
        if (auto* place = me.sandbox(event.sandbox)) place->batch.reset();
        for (auto& state : me.tests_) state.batches.erase(event.batch);
    }

    // --- Tests

    void operator()(const TestStarted& event) const {
        auto* state = me.test(event.test);
        const auto* batch = me.running(event.batch);
        if (state == nullptr || batch == nullptr) return;
        const auto what = name("test", event.test);
        me.expect(state->batches.contains(event.batch), what + " starts in a batch without it");
        me.expect(batch->sandbox == event.sandbox, what + " starts in another sandbox");
        me.expect(event.attempt == static_cast<int>(state->attempts.size()) + 1,
                  what + " starts another attempt than its next");
    }
    void operator()(const AttemptFinished& event) const {
        const auto& attempt = event.attempt;
        auto* state = me.test(attempt.test);
        if (state == nullptr) return;
        const auto what =
            fmt::format("attempt {} of test {}", attempt.number, attempt.test.value());
        me.expect(!state->decided, what + " comes after the decision");
        me.expect(attempt.number == static_cast<int>(state->attempts.size()) + 1,
                  what + " is not its next");
        me.expect(!event.will_retry || me.repeats_ || is_failure(attempt.result.outcome),
                  what + " is retried, and is no failure");
        if (state->kind == TestKind::Test) {
            const auto* batch = me.running(attempt.batch);
            me.expect(state->batches.contains(attempt.batch), what + " is of a batch without it");
            me.expect(batch == nullptr || batch->sandbox == attempt.sandbox,
                      what + " was in another sandbox");
        }
        // A duplicate of it has lost.
        state->batches.clear();
        state->attempts.push_back(attempt.result.outcome);
        if (!event.will_retry) me.owed_decision_ = attempt.test;
    }
    void operator()(const TestDecided& event) const {
        auto* state = me.test(event.test);
        if (state == nullptr) return;
        const auto what = name("test", event.test);
        me.expect(!state->attempts.empty(), what + " is decided without an attempt");
        me.expect(!state->decided, what + " is decided twice");
        state->decided = event.status;
        if (me.owed_decision_ == event.test) me.owed_decision_.reset();
    }
};

void EventGrammar::hear(const EventBody& event) {
    expect(!finished_, "an event after the last");
    expect(started_ || std::holds_alternative<RunStarted>(event), "an event before the first");
    const auto owed = owed_decision_;
    std::visit(Ear{*this}, event);
    if (owed && owed_decision_ == owed) {
        violations_.push_back(name("test", *owed) + " has had its last attempt, undecided");
        owed_decision_.reset();
    }
}

void EventGrammar::know_refusal(BatchNumber batch, TestIndex index) {
    if (auto* state = test(index)) state->batches.erase(batch);
}

// Whether a verdict of this status can follow from these outcomes.
static bool follows(Status status, const std::vector<Outcome>& attempts) {
    const bool any_failure = std::ranges::any_of(attempts, is_failure);
    switch (status) {
        case Status::NotRun:
            return attempts.empty();
        case Status::Passed:
            return !attempts.empty() && attempts.back() == Outcome::Passed;
        case Status::Flaky:
            return any_failure && attempts.back() == Outcome::Passed;
        case Status::Skipped:
            return !attempts.empty() && !any_failure && attempts.back() == Outcome::Skipped;
        case Status::Failed:
        case Status::Errored:
            return any_failure && attempts.back() != Outcome::Passed;
    }
    return false;
}

void EventGrammar::compare(const Verdict& verdict) {
    const auto* state = test(verdict.test);
    if (state == nullptr) return;
    const auto what = fmt::format("the verdict on test {} ", verdict.test.value());
    expect(!state->decided || *state->decided == verdict.status, what + "is not what was decided");
    expect(verdict.attempts.size() == state->attempts.size(),
           what + "has another number of attempts than were told");
    expect(verdict.carried_from.has_value() == state->carried, what + "is carried over, or is not");
    expect(repeats_ || state->carried || follows(verdict.status, state->attempts),
           what + "does not follow from its attempts");
}

void EventGrammar::finish(const RunSummary& summary) {
    finished_ = true;
    for (std::size_t i = 0; i < sandboxes_.size(); ++i) {
        expect(sandboxes_[i].at == SandboxState::At::Ended,
               fmt::format("sandbox {} has not ended", i));
    }
    for (const auto& [number, batch] : batches_) {
        expect(batch.finished, name("batch", number) + " has not ended");
    }
    Counts counts;
    std::optional<TestIndex> before;
    std::set<TestIndex> judged;
    for (const auto& verdict : summary.verdicts) {
        expect(!before || *before < verdict.test, "verdicts are out of order");
        before = verdict.test;
        judged.insert(verdict.test);
        ++count_of(counts, verdict.status);
        compare(verdict);
    }
    std::size_t runnable = 0;
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        const bool is_judged = judged.contains(TestIndex(i));
        const bool was_to_run = tests_[i].kind == TestKind::Test && !tests_[i].carried;
        if (is_judged && was_to_run) ++runnable;
        expect(is_judged || tests_[i].attempts.empty(),
               fmt::format("test {} was run, and has no verdict", i));
    }
    expect(runnable == selected_,
           fmt::format("{} tests were selected, and {} have a verdict", selected_, runnable));
    for (const auto status : {Status::Passed, Status::Flaky, Status::Skipped, Status::Failed,
                              Status::Errored, Status::NotRun}) {
        auto told = summary.counts;
        expect(count_of(counts, status) == count_of(told, status),
               fmt::format("the number of tests that are {} is another than the verdicts'",
                           name_of(status)));
    }
}

}  // namespace offload::test

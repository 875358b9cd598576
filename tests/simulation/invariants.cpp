#include "invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace offload::simulation {
namespace {

// Everything that was told of one test, and what it came to.
struct Course {
    std::vector<std::pair<BatchNumber, Outcome>> told;  // by its batches, the first of each
    std::size_t passes = 0;                             // of these
    std::size_t duplicates = 0;                         // batches that were a hedge
    std::size_t refusals = 0;
    std::size_t silences = 0;  // regular ends without it; 2: it need not be tried once more
};

class Judge {
  public:
    Judge(const World& world, const Record& record, const TestTable& tests)
        : world_(world), record_(record), tests_(tests), courses_(tests.size()) {
        for (const auto& [number, batch] : record.batches) follow(number, batch);
        for (const auto& started : record.all<BatchStarted>()) {
            if (!started.hedge) continue;
            for (const auto test : started.tests) ++courses_[test.value()].duplicates;
        }
    }

    std::vector<std::string> judge() && {
        sandboxes();
        flags();
        selection();
        conclusion();
        for (const auto& verdict : record_.summary.verdicts) {
            if (tests_[verdict.test].kind != TestKind::Test) continue;
            attempts_were_given(verdict);
            results_count(verdict);
            runs_no_more_than_needed(verdict);
            runs_as_often_as_it_may(verdict);
        }
        return std::move(broken_);
    }

  private:
    void follow(BatchNumber number, const BatchRecord& batch);
    void expect(bool holds, std::string otherwise) {
        if (!holds) broken_.push_back(std::move(otherwise));
    }
    const std::string& id(TestIndex test) const { return tests_[test].id; }
    bool stopped() const { return record_.stopped.has_value(); }

    void sandboxes();
    void flags();
    void selection();
    void conclusion();
    void attempts_were_given(const Verdict& verdict);
    void was_given(const Attempt& attempt);
    void blame_is_just(const Attempt& attempt, const BatchRecord& batch);
    void results_count(const Verdict& verdict);
    void runs_no_more_than_needed(const Verdict& verdict);
    void runs_as_often_as_it_may(const Verdict& verdict);

    const World& world_;
    const Record& record_;
    const TestTable& tests_;
    std::vector<Course> courses_;
    std::vector<std::string> broken_;
};

void Judge::follow(BatchNumber number, const BatchRecord& batch) {
    for (std::size_t i = 0; i < batch.tests.size(); ++i) {
        auto& course = courses_[batch.tests[i].test.value()];
        if (batch.refused[i]) ++course.refusals;
        if (batch.told[i]) {
            course.told.emplace_back(number, *batch.told[i]);
            if (*batch.told[i] == Outcome::Passed) ++course.passes;
        } else if (batch.ending &&
                   (is<ending::Completed>(*batch.ending) || is<ending::DidNotFit>(*batch.ending))) {
            course.silences += batch.tests.size() == 1                ? 2
                               : is<ending::Completed>(*batch.ending) ? 1
                                                                      : 0;
        }
    }
}

// Every sandbox that was asked for was destroyed, or never came to be.
void Judge::sandboxes() {
    using State = SandboxRecord::State;
    for (const auto& [number, sandbox] : record_.sandboxes) {
        expect(sandbox.state == State::Gone || sandbox.state == State::NeverCame,
               fmt::format("sandbox {} is left", number.value()));
    }
    for (const auto& [number, batch] : record_.batches) {
        expect(batch.ending.has_value(), fmt::format("batch {} still runs", number.value()));
    }
}

// What the summary says of the whole follows from what has happened.
void Judge::flags() {
    const auto& summary = record_.summary;
    expect(summary.interrupted_by.has_value() == record_.interrupted.has_value(),
           "the summary and the world do not agree about an interrupt");
    if (world_.settings.fail_fast && !record_.interrupted) {
        const auto decided = record_.all<TestDecided>();
        const bool failed = std::ranges::any_of(decided, [](const TestDecided& event) {
            return event.status == Status::Failed || event.status == Status::Errored;
        });
        expect(!failed || stopped(), "--fail-fast did not stop at a failure");
    }
    if (stopped() && !summary.failure && !record_.interrupted) {
        expect(world_.settings.fail_fast, "the run stopped without a reason");
    }
    if (!stopped()) {
        const auto notices = record_.all<Notice>();
        expect(std::ranges::none_of(notices,
                                    [](const Notice& n) { return n.severity == Severity::Error; }),
               "an error was told, and the run went on");
    }
    const auto strays = record_.all<UnknownResult>();
    expect(strays.empty() || summary.failure.has_value(),
           "a failed result of no known test does not fail the run");
}

// Each test that was found and is wanted has a verdict, and no other.
void Judge::selection() {
    if (record_.all<RunPlanned>().empty()) {
        expect(record_.summary.verdicts.empty(), "there are verdicts without a plan");
        return;
    }
    const auto& only = world_.settings.only_ids;
    std::set<std::string> expected;
    for (const auto& found : record_.all<DiscoveryFinished>()) {
        for (const auto& id : world_.groups[found.group.value()].ids) {
            if (only.empty() || std::ranges::find(only, id) != only.end()) expected.insert(id);
        }
    }
    std::set<std::string> judged;
    for (const auto& verdict : record_.summary.verdicts) {
        const auto& test = tests_[verdict.test];
        if (test.kind == TestKind::Test) judged.insert(test.id);
    }
    expect(judged == expected,
           fmt::format("{} tests have a verdict, where {} should", judged.size(), expected.size()));
}

void Judge::conclusion() {
    const bool due = world_.settings.abilities.same_machine && !record_.all<RunPlanned>().empty() &&
                     !record_.interrupted;
    expect(record_.conclusions <= 1, "the run is concluded twice");
    expect(!due || record_.conclusions == 1, "the run is not concluded");
    std::set<BatchNumber> discarded;
    for (const auto batch : record_.discarded) {
        expect(std::ranges::find(record_.fetched, batch) != record_.fetched.end(),
               fmt::format("files of batch {} are removed, and there are none", batch.value()));
        expect(discarded.insert(batch).second,
               fmt::format("files of batch {} are removed twice", batch.value()));
    }
}

// What counts as an attempt is what the world gave.
void Judge::attempts_were_given(const Verdict& verdict) {
    const auto retries = world_.groups[tests_[verdict.test].group.value()].settings.retry_count;
    expect(verdict.attempts.size() <= 1 + retries, id(verdict.test) + " has too many attempts");
    for (const auto& attempt : verdict.attempts) was_given(attempt);
}

void Judge::was_given(const Attempt& attempt) {
    const auto what = fmt::format("attempt {} of {}", attempt.number, id(attempt.test));
    const auto found = record_.batches.find(attempt.batch);
    if (found == record_.batches.end()) return expect(false, what + " is of no batch");
    const auto& batch = found->second;
    const auto place = std::ranges::find(batch.tests, attempt.test, &run::TestToRun::test);
    if (place == batch.tests.end()) return expect(false, what + " is of a batch without it");
    if (attempt.result.type == kCrashType || attempt.result.type == kTimeoutType) {
        return blame_is_just(attempt, batch);
    }
    // A worker may run the same test again.
    for (std::size_t i = 0; i < batch.tests.size(); ++i) {
        const bool told = batch.tests[i].test == attempt.test && batch.told[i].has_value() &&
                          *batch.told[i] == attempt.result.outcome &&
                          batch.tests[i].attempt == attempt.number;
        if (told) return;
    }
    expect(false,
           fmt::format("{} {}, and nobody told of it", what, name_of(attempt.result.outcome)));
}

// A crash or a timeout is the fault of the test that caused it, as far as its batch shows that.
void Judge::blame_is_just(const Attempt& attempt, const BatchRecord& batch) {
    const auto what = fmt::format("{} of {}", attempt.result.type, id(attempt.test));
    const bool crash = attempt.result.type == kCrashType;
    expect(batch.ending &&
               (crash ? is<ending::Died>(*batch.ending) : is<ending::TimedOut>(*batch.ending)),
           what + ": its batch has not ended so");
    if (batch.faulty) return;
    const bool guilty =
        batch.taken_down_by && batch.tests[*batch.taken_down_by].test == attempt.test;
    const auto& settings = world_.settings;
    const auto limit = std::min(settings.test_limit, settings.exec_limit);
    const bool slow = test_of(world_, id(attempt.test)).duration >= limit * 0.9;
    const bool alone = batch.tests.size() == 1;  // its runner may have said nothing of it
    expect(guilty || (!crash && (slow || alone)), what + ": it was another's fault");
}

// What was told counts, unless a duplicate was faster.
void Judge::results_count(const Verdict& verdict) {
    const auto& course = courses_[verdict.test.value()];
    std::size_t uncounted = 0;
    for (const auto& [batch, outcome] : course.told) {
        if (std::ranges::find(verdict.attempts, batch, &Attempt::batch) == verdict.attempts.end()) {
            ++uncounted;
        }
    }
    expect(uncounted <= course.duplicates,
           fmt::format("a result of {} was told, and does not count", id(verdict.test)));
    expect(course.told.size() <= verdict.attempts.size() + course.duplicates,
           fmt::format("{} has more results than attempts", id(verdict.test)));
}

void Judge::runs_no_more_than_needed(const Verdict& verdict) {
    const auto& course = courses_[verdict.test.value()];
    expect(course.passes <= 1 + course.duplicates,
           fmt::format("{} has passed {} times", id(verdict.test), course.passes));
}

// A run that was not stopped gives nothing up that it could still have tried.
void Judge::runs_as_often_as_it_may(const Verdict& verdict) {
    if (stopped()) return;
    const auto& course = courses_[verdict.test.value()];
    const bool unrunnable = course.refusals > 0 || course.silences >= 2;
    const auto retries = world_.groups[tests_[verdict.test].group.value()].settings.retry_count;
    if (verdict.status == Status::NotRun) {
        expect(unrunnable, id(verdict.test) + " was not run, for no reason");
        expect(!verdict.not_run_reason.empty(),
               id(verdict.test) + " was not run, and no reason is told");
    } else if (verdict.status == Status::Failed || verdict.status == Status::Errored) {
        expect(unrunnable || verdict.attempts.size() == 1 + retries ||
                   verdict.attempts.back().result.outcome == Outcome::Skipped,
               id(verdict.test) + " was not retried");
    }
}

}  // namespace

std::vector<std::string> broken_invariants(const World& world, const Record& record,
                                           const TestTable& tests) {
    auto broken = record.violations;
    if (!record.over) return broken;
    for (auto& more : Judge(world, record, tests).judge()) broken.push_back(std::move(more));
    return broken;
}

}  // namespace offload::simulation

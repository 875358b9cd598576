#include "invariants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "company.hpp"
#include "exit_status.hpp"
#include "resource_watch.hpp"

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
        for (const auto& extended : record.all<BatchExtended>()) {
            given_[extended.batch] += extended.tests.size();
        }
        for (const auto& started : record.all<BatchStarted>()) {
            given_[started.batch] += started.tests.size();
            if (!started.hedge) continue;
            for (const auto test : started.tests) ++courses_[test.value()].duplicates;
        }
        for (const auto& begun : record.all<TestStarted>()) begun_.insert(begun.batch);
    }

    std::vector<std::string> judge() && {
        sandboxes();
        flags();
        exit_status();
        ends_soon_after_a_stop();
        runner_failures();
        for (auto& more : overdrawn_resources(world_, record_, tests_)) {
            broken_.push_back(std::move(more));
        }
        for (auto& more : ill_assorted_batches(world_, record_, tests_)) {
            broken_.push_back(std::move(more));
        }
        selection();
        conclusion();
        scripts();
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
    void exit_status();
    void ends_soon_after_a_stop();
    void runner_failures();
    bool shows_a_runner_failure(BatchNumber number, const BatchRecord& batch) const;
    bool shows_a_death(BatchNumber number, const BatchRecord& batch) const;
    void selection();
    void conclusion();
    void scripts();
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
    std::set<BatchNumber> begun_;               // a test of it was heard to start
    std::map<BatchNumber, std::size_t> given_;  // so many tests, though it may have been over
    std::vector<std::string> broken_;
};

void Judge::follow(BatchNumber number, const BatchRecord& batch) {
    for (std::size_t i = 0; i < batch.tests.size(); ++i) {
        auto& course = courses_[batch.tests[i].test.value()];
        if (batch.refused[i]) ++course.refusals;
        if (batch.told[i]) {
            course.told.emplace_back(number, *batch.told[i]);
            if (*batch.told[i] == Outcome::Passed) ++course.passes;
        } else if (batch.ending) {
            const bool completed = is<ending::Completed>(*batch.ending) || batch.left_no_file;
            if (!completed && !is<ending::DidNotFit>(*batch.ending)) continue;
            course.silences += batch.tests.size() == 1 ? 2 : completed ? 1 : 0;
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
        // A death that is told when all is over has nothing left to stop.
        bool failed = false;
        bool at_the_end = false;
        for (const auto& event : record_.events) {
            if (std::holds_alternative<SandboxEnded>(event.body)) failed |= at_the_end;
            const auto* decided = std::get_if<TestDecided>(&event.body);
            if (decided == nullptr ||
                (decided->status != Status::Failed && decided->status != Status::Errored)) {
                continue;
            }
            const bool is_runner = tests_[decided->test].kind == TestKind::RunnerFailure;
            (is_runner ? at_the_end : failed) = true;
        }
        expect(!failed || stopped(), "--fail-fast did not stop at a failure");
    }
    if (stopped() && !summary.failure && !record_.interrupted) {
        expect(world_.settings.fail_fast, "the run stopped without a reason");
    }
    if (!stopped()) {
        const auto notices = record_.all<Notice>();
        // That a teardown has failed is told when nothing is left to be stopped.
        expect(std::ranges::none_of(notices,
                                    [](const Notice& n) {
                                        return n.severity == Severity::Error &&
                                               n.text != "teardown failed";
                                    }),
               "an error was told, and the run went on");
    }
    const auto strays = record_.all<UnknownResult>();
    const bool any_failed = std::ranges::any_of(strays, [this](const UnknownResult& stray) {
        return is_failure(stray.outcome) && tests_.find(stray.name) == nullptr;
    });
    expect(!any_failed || summary.failure.has_value(),
           "a failed result of no known test does not fail the run");
    // Where workers alone come to nothing, tests run without.
    const bool fruitless = summary.failure.value_or("").find("in a row ended") != std::string::npos;
    const bool any_plain = std::ranges::any_of(record_.batches, [](const auto& entry) {
        return !run::is_worker(entry.second.way) && is<ending::Died>(*entry.second.ending);
    });
    expect(!fruitless || any_plain, "the run gives up because of its workers alone");
    // And soon: as many may start at once as there are slots.
    std::size_t barren = 0;
    bool any_fruit = false;
    for (const auto& [number, batch] : record_.batches) {
        if (!run::is_worker(batch.way) || batch.tests.empty()) continue;
        any_fruit = any_fruit || batch.any_began;
        if (is<ending::Died>(*batch.ending)) ++barren;
    }
    constexpr std::size_t kEnough = 2;
    expect(any_fruit || barren <= kEnough + world_.settings.slots,
           fmt::format("{} workers came to nothing, one after the other", barren));
}

// It follows from the verdicts and from what else is known of the run, and nothing is well of which
// the world does not say so.
void Judge::exit_status() {
    const auto& summary = record_.summary;
    const auto any = [&](std::initializer_list<Status> of) {
        return std::ranges::any_of(summary.verdicts, [&](const Verdict& verdict) {
            return std::ranges::find(of, verdict.status) != of.end();
        });
    };
    const bool failed = any({Status::Failed, Status::Errored, Status::NotRun}) || summary.failure ||
                        summary.verdicts.empty();
    const bool flaky = any({Status::Flaky});
    constexpr int kOwn = 77;
    const auto expected = [&](int for_flaky) {
        if (record_.interrupted) return 128 + record_.interrupted_by;
        return failed ? 1 : flaky ? for_flaky : 0;
    };
    const auto status = app::exit_status(summary, {});
    expect(status == expected(2), fmt::format("the exit status is {}", status));
    expect(app::exit_status(summary, {.flaky = kOwn, .leak = {}}) == expected(kOwn),
           "--flaky-exit-code is not obeyed");
    if (status != 0 && status != 2) return;
    for (const auto& verdict : summary.verdicts) {
        if (tests_[verdict.test].kind == TestKind::RunnerFailure) continue;
        const auto& told = courses_[verdict.test.value()].told;
        expect(std::ranges::any_of(told, [](const auto& each) { return !is_failure(each.second); }),
               fmt::format("all is well, and {} has never passed", id(verdict.test)));
    }
    for (const auto& [number, batch] : record_.batches) {
        expect(!batch.only_runner_fails || !shows_a_runner_failure(number, batch),
               fmt::format("all is well, and the runner of batch {} has failed", number.value()));
        expect(status != 0 || !shows_a_death(number, batch),
               fmt::format("all is well, and batch {} has died", number.value()));
    }
}

// What was begun is called off, and waited for no longer than it takes at most.
void Judge::ends_soon_after_a_stop() {
    if (!stopped()) return;
    constexpr Seconds kSlack{10};  // until what was called off has ended
    Seconds longest_creation = world_.usual_creation.takes;
    for (const auto& [number, creation] : world_.creations) {
        longest_creation = std::max(longest_creation, creation.takes);
    }
    Seconds longest_destruction{1};
    for (const auto& [number, destruction] : world_.destructions) {
        longest_destruction = std::max(longest_destruction, destruction.takes);
    }
    Seconds limit = world_.scripts.teardown_takes + kSlack + longest_creation +
                    longest_destruction + world_.fetching;
    if (!record_.interrupted) {
        limit += std::max(world_.conclusion.takes, world_.settings.discovery_limit);
    }
    const auto last = std::max(*record_.stopped, record_.interrupted.value_or(Seconds{0}));
    expect(record_.events.back().since_start <= last + limit,
           "the run goes on for long after its stop");
}

// All tests have results, none of which explains how the runner ended.
bool Judge::shows_a_runner_failure(BatchNumber number, const BatchRecord& batch) const {
    if (world_.settings.abilities.verdict_source == VerdictSource::PerBatch) return false;
    if (!is<ending::Completed>(*batch.ending) && !is<ending::Died>(*batch.ending)) return false;
    const auto status = offload::exit_status(*batch.ending);
    if (status == 0 || batch.tests.empty()) return false;
    if (const auto given = given_.find(number);
        given == given_.end() || given->second > batch.tests.size()) {
        return false;
    }
    for (std::size_t i = 0; i < batch.tests.size(); ++i) {
        const bool shared = courses_[batch.tests[i].test.value()].duplicates > 0;
        if (!batch.told[i] || shared) return false;
    }
    if (!batch.told_of_failure) return true;
    return status && world_.only_one_means_failed_tests && *status != 1;
}

// It ended badly in the middle of its tests, for which nobody was blamed, and which all came to a
// good end elsewhere.
bool Judge::shows_a_death(BatchNumber number, const BatchRecord& batch) const {
    if (world_.settings.abilities.verdict_source == VerdictSource::PerBatch || stopped())
        return false;
    if (!is<ending::Died>(*batch.ending) || offload::exit_status(*batch.ending) == 0) return false;
    if (batch.way != run::Way::Plain && !begun_.contains(number)) return false;
    if (batch.told_of_failure) return false;
    bool unfinished = false;
    for (std::size_t i = 0; i < batch.tests.size(); ++i) {
        const auto test = batch.tests[i].test;
        const auto& course = courses_[test.value()];
        if (course.duplicates > 0) return false;
        if (batch.told[i] || batch.refused[i]) continue;
        unfinished = true;
        const auto& verdicts = record_.summary.verdicts;
        const auto verdict = std::ranges::find(verdicts, test, &Verdict::test);
        if (verdict == verdicts.end() ||
            (verdict->status != Status::Passed && verdict->status != Status::Skipped)) {
            return false;
        }
    }
    if (const auto given = given_.find(number);
        given == given_.end() || given->second > batch.tests.size()) {
        return false;
    }
    return unfinished;
}

// What the runner says of itself fails the run, and nothing else is told in its name.
void Judge::runner_failures() {
    std::set<std::string> told;
    for (const auto& verdict : record_.summary.verdicts) {
        const auto& entry = tests_[verdict.test];
        if (entry.kind != TestKind::RunnerFailure) continue;
        expect(verdict.status == Status::Errored || verdict.status == Status::Flaky,
               entry.id + " is no error");
        told.insert(entry.id.substr(entry.id.find(": ") + 2));
    }
    for (const auto& [number, batch] : record_.batches) {
        if (!shows_a_runner_failure(number, batch) && !shows_a_death(number, batch)) continue;
        expect(told.contains(describe(*batch.ending)),
               fmt::format("nobody tells of the runner of batch {}", number.value()));
    }
}

// Each test that was found and is wanted has a verdict, and no other.
void Judge::selection() {
    if (record_.all<RunPlanned>().empty()) {
        expect(record_.summary.verdicts.empty(), "there are verdicts without a plan");
        return;
    }
    const auto& only = world_.settings.selection.what;
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

// The user's own commands run once each, and what the first one has not prepared is not begun.
void Judge::scripts() {
    const int due = world_.scripts.any ? 1 : 0;
    expect(record_.setups == due, fmt::format("the run is set up {} times", record_.setups));
    expect(record_.teardowns == due,
           fmt::format("the run is torn down {} times", record_.teardowns));
    if (due == 0) return;
    const auto& summary = record_.summary;
    expect(record_.set_up || record_.sandboxes.empty(), "there are sandboxes without setup");
    expect(record_.set_up || summary.failure || summary.interrupted_by,
           "setup has failed, and the run has not");
    expect(!world_.scripts.teardown_fails || summary.failure,
           "teardown has failed, and the run has not");
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
    const auto& test = test_of(world_, id(attempt.test));
    const bool dawdles = std::ranges::any_of(test.acts, [](Act act) {
        return act == Act::Dawdle || act == Act::CrashLate || act == Act::Mumble;
    });
    const bool slow = test.duration * (dawdles ? kDawdling : 1) >= limit * 0.9;
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

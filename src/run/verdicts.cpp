#include "verdicts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace offload::run {
namespace {

std::vector<std::size_t> retry_counts(const Settings& settings) {
    std::vector<std::size_t> counts;
    for (const auto& group : settings.groups) counts.push_back(group.retry_count);
    return counts;
}

}  // namespace

Verdicts::Verdicts(const Settings& settings, TestTable& tests, Outbox& out, Stop& stop)
    : settings_(settings),
      tests_(tests),
      out_(out),
      stop_(stop),
      ledger_(retry_counts(settings), settings.abilities.verdict_source, settings.repetition) {}

void Verdicts::begin(Plan& plan) {
    missing_.resize(tests_.size());
    selected_ = plan.selected;
    carried_ = std::move(plan.carried);
    for (const auto& verdict : carried_) out_.tell(TestCarried{verdict});
    auto broken = plan.broken.begin();
    auto selected = plan.selected.begin();
    // The ledger wants table order.
    for (const auto& test : tests_) {
        if (selected != plan.selected.end() && *selected == test.index) {
            ledger_.add(test);
            ++selected;
        } else if (broken != plan.broken.end() && broken->first == test.index) {
            add_errored(test, broken->second);
            ++broken;
        }
    }
}

// What is no test has its verdict at once.
void Verdicts::add_errored(const Test& entry, TestResult result, bool mended) {
    ledger_.add(entry);
    ledger_.record_error(entry.index, std::move(result), mended);
    const auto verdict = ledger_.verdict(entry.index);
    for (const auto& attempt : verdict.attempts) {
        out_.tell(AttemptFinished{attempt, attempt.number < std::ssize(verdict.attempts)});
    }
    out_.tell(TestDecided{entry.index, verdict.status});
}

Verdicts::Again Verdicts::record(const Batch& batch, TestIndex test, TestResult result) {
    using Decision = schedule::Ledger::Decision;
    const bool took_its_runner_down = result.type == kCrashType || result.type == kTimeoutType;
    // The ledger keeps no output of passing tests; the sinks are told all of it.
    AttemptFinished told{{test, 0, batch.number(), batch.sandbox(), batch.started(), result}};
    const auto recorded =
        ledger_.record(test, std::move(result), batch.number(), batch.sandbox(), batch.started());
    if (recorded.decision == Decision::Ignored) return Again::No;
    told.attempt.number = recorded.attempt;
    told.will_retry = recorded.decision == Decision::Retry && !stop_.stopping();
    const bool retry = told.will_retry;
    out_.tell(std::move(told));
    if (retry) {
        if (settings_.abilities.verdict_source == VerdictSource::PerBatch) return Again::Together;
        return took_its_runner_down ? Again::Alone : Again::Loose;
    }
    const auto status = ledger_.status(test);
    out_.tell(TestDecided{test, status});
    if (settings_.fail_fast && (status == Status::Failed || status == Status::Errored)) {
        stop_.stop(fmt::format("--fail-fast: {} failed", tests_[test].id));
    }
    return Again::No;
}

void Verdicts::unknown(const Batch& batch, UnknownCase& result) {
    // A runner that tells which tests it was not asked for: those of other batches.
    if (result.outcome == Outcome::Skipped && tests_.find(result.name) != nullptr) return;
    ++unknown_results_;
    // Another batch's test reports for itself; anything else has no one to fail for it.
    if (is_failure(result.outcome) && tests_.find(result.name) == nullptr && !unknown_failure_) {
        unknown_failure_ = result.name;
    }
    out_.tell(UnknownResult{batch.number(), std::move(result.name), result.outcome,
                            std::move(result.closest), std::move(result.matching_format)});
}

void Verdicts::runner_failed(const Batch& batch, const BatchOver& over) {
    const auto how = describe(over.ending);
    TestResult result;
    result.message = fmt::format(
        "batch {} ended with {}{}: the runner says that something besides its tests is wrong. A "
        "check at the end of a session sees the tests of its batch alone.",
        batch.number().value(), how,
        batch.tests().told_of_failure() ? "" : " although all its tests passed");
    result.details = over.last_output;
    if (!add_runner_entry(batch.number(), batch.group(), how, std::move(result), false)) return;
    if (settings_.fail_fast) {
        stop_.stop(fmt::format("--fail-fast: batch {} ended with {}", batch.number().value(), how));
    }
}

bool Verdicts::add_runner_entry(BatchNumber batch, GroupIndex group, const std::string& how,
                                TestResult result, bool mended) {
    if (runner_failures_[how]++ > 0) return false;
    const auto [entry, is_new] = tests_.add(fmt::format("batch {}: {}", batch.value(), how), group,
                                            {}, TestKind::RunnerFailure);
    if (!is_new) return false;
    result.outcome = Outcome::Errored;
    result.type = "runner";
    out_.tell(TestDiscovered{entry.index, entry.id, entry.group, entry.file, entry.kind});
    add_errored(entry, std::move(result), mended);
    return true;
}

void Verdicts::died(const Batch& batch, const BatchOver& over, std::vector<TestIndex> unfinished) {
    deaths_.add({batch.number(), batch.group(), describe(over.ending), over.last_output,
                 std::move(unfinished)});
}

void Verdicts::tell_of_deaths() {
    if (stop_.stopping()) return;  // which says enough
    const auto ended_well = [this](TestIndex test) {
        if (!ledger_.decided(test)) return false;
        const auto status = ledger_.status(test);
        return status == Status::Passed || status == Status::Skipped;
    };
    for (auto& death : deaths_.take_unexplained(ended_well)) {
        const bool may_retry = settings_.groups[death.group.value()].retry_count > 0;
        TestResult result;
        result.message = fmt::format(
            "the batch died with {} of its tests still to do, and nothing says which of them is to "
            "blame: in smaller batches all of them passed{}",
            death.tests.size(), may_retry ? "" : ", which does not count without a retry_count");
        result.details = std::move(death.last_output);
        add_runner_entry(death.batch, death.group, death.how, std::move(result), may_retry);
    }
}

void Verdicts::warn_of_repetitions() {
    for (const auto& [how, batches] : runner_failures_) {
        if (batches < 2) continue;
        out_.warn(
            fmt::format("{} batches ended with {}, and the first one stands for all in the "
                        "reports; their output is in their logs",
                        batches, how));
    }
}

void Verdicts::give_up(TestIndex test, std::string reason) {
    ledger_.give_up(test, std::move(reason));
}

std::vector<TestToRun> Verdicts::next_attempts(const std::vector<TestIndex>& tests) const {
    std::vector<TestToRun> attempts;
    attempts.reserve(tests.size());
    for (const auto test : tests) attempts.push_back(next_attempt(test));
    return attempts;
}

bool Verdicts::any_failure() const {
    const auto counts = ledger_.counts();
    return counts.failed + counts.errored + counts.not_run > 0 ||
           std::ranges::any_of(selected_,
                               [this](TestIndex test) { return !ledger_.decided(test); });
}

void Verdicts::close(const std::string& reason, RunSummary& summary) {
    for (const auto test : selected_) {
        if (!ledger_.decided(test)) ledger_.give_up(test, reason);
    }
    if (unknown_failure_) {
        stop_.fail(fmt::format("a result that belongs to no discovered test failed: {}",
                               *unknown_failure_));
    }
    summary.counts = ledger_.counts();
    summary.verdicts = ledger_.take_verdicts();
    summary.unknown_results = unknown_results_;
    for (const auto& verdict : summary.verdicts) {
        Seconds chain{0};
        for (const auto& attempt : verdict.attempts) chain += attempt.result.duration;
        summary.work += chain;
        summary.longest = std::max(summary.longest, chain);
    }
    if (carried_.empty()) return;
    for (const auto& verdict : carried_) ++count_of(summary.counts, verdict.status);
    std::ranges::move(carried_, std::back_inserter(summary.verdicts));
    std::ranges::sort(summary.verdicts, {}, &Verdict::test);
}

}  // namespace offload::run

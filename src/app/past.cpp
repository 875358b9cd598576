#include "past.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "offload/report/journal_reader.hpp"
#include "offload/report/kept_runs.hpp"

namespace offload::app {
namespace {

using select::Past;
using select::PastResult;

// One run, as far as its journal tells.
class PastRun {
  public:
    void hear(Event&& event) {
        if (auto* started = std::get_if<RunStarted>(&event.body)) {
            run_id_ = std::move(started->run_id);
            groups_ = std::move(started->groups);
        } else if (auto* found = std::get_if<TestDiscovered>(&event.body)) {
            runner_failed_ = runner_failed_ || found->kind == TestKind::RunnerFailure;
            auto& test = at(found->test);
            test.id = std::move(found->id);
            test.is_test = found->kind == TestKind::Test;
            test.result.file = std::move(found->file);
            const auto group = found->group.value();
            if (group < groups_.size()) test.result.group = groups_[group];
        } else if (auto* carried = std::get_if<TestCarried>(&event.body)) {
            auto& test = at(carried->verdict.test);
            // Nobody ever ran it: to the next run it is as new as to this one.
            test.told = !carried->verdict.carried_from.value_or("").empty();
            test.unknown = !test.told;
            take(test, std::move(carried->verdict));
        } else if (const auto* planned = std::get_if<RunPlanned>(&event.body)) {
            plan(*planned);
        } else if (auto* attempt = std::get_if<AttemptFinished>(&event.body)) {
            auto& done = attempt->attempt;
            forget_output_of_pass(done);
            results_of_[done.batch].push_back(done.test);
            at(done.test).result.attempts.push_back(std::move(done));
        } else if (const auto* decided = std::get_if<TestDecided>(&event.body)) {
            at(decided->test).decided = decided->status;
        } else if (const auto* begun = std::get_if<BatchStarted>(&event.body)) {
            add(begun->tests, tests_of_[begun->batch]);
        } else if (const auto* extended = std::get_if<BatchExtended>(&event.body)) {
            add(extended->tests, tests_of_[extended->batch]);
        } else if (const auto* batch = std::get_if<BatchFinished>(&event.body)) {
            if (batch->outcome != BatchOutcome::Success) bad_batches_.push_back(batch->batch);
            // What one had to do that has died may have been the reason.
            if (batch->outcome != BatchOutcome::Error) tests_of_.erase(batch->batch);
        } else if (auto* finished = std::get_if<RunFinished>(&event.body)) {
            failure_ = finished->summary.failure.value_or("");
            for (auto& verdict : finished->summary.verdicts) {
                auto& test = at(verdict.test);
                test.decided = verdict.status;
                test.result.not_run_reason = std::move(verdict.not_run_reason);
            }
        }
    }

    // Adds what `past` does not know; true when no earlier run can tell more.
    bool add_to(Past& past) && {
        if (runner_failed_) doubt();
        bool complete = planned_;
        bool any_bad = runner_failed_;
        for (auto& test : tests_) {
            if (!test.is_test || test.unknown) continue;
            if (!test.told) {
                complete = false;
                continue;
            }
            test.result.status = status_of(test);
            if (test.result.run_id.empty()) test.result.run_id = run_id_;
            any_bad = any_bad || select::is_owed(&test.result);
            past.results.try_emplace(std::move(test.id), std::move(test.result));
        }
        if (!any_bad) past.unexplained_failure = failure_;
        return complete;
    }

  private:
    struct KnownTest {
        std::string id;
        PastResult result;
        std::optional<Status> decided;
        bool is_test = false;
        bool told = false;     // it was to run, or its result was carried over
        bool unknown = false;  // carried over, and no run had known it
    };

    KnownTest& at(TestIndex test) {
        if (test.value() >= tests_.size()) tests_.resize(test.value() + std::size_t{1});
        return tests_[test.value()];
    }
    static void add(const std::vector<TestIndex>& tests, std::vector<TestIndex>& all) {
        all.insert(all.end(), tests.begin(), tests.end());
    }
    static void forget_output_of_pass(Attempt& attempt) {
        if (attempt.result.outcome != Outcome::Passed) return;
        attempt.result.system_out = {};
        attempt.result.system_err = {};
        attempt.result.details = {};
    }
    static void take(KnownTest& test, Verdict&& verdict) {
        test.decided = verdict.status;
        test.result.attempts = std::move(verdict.attempts);
        test.result.not_run_reason = std::move(verdict.not_run_reason);
        test.result.run_id = verdict.carried_from.value_or("");
    }
    void plan(const RunPlanned& planned) {
        planned_ = !planned.refused;
        if (planned.refused || planned.selected == 0) return;
        for (const auto test : planned.tests) at(test).told = true;
        if (!planned.tests.empty()) return;
        for (auto& test : tests_) test.told = true;
    }
    static Status status_of(const KnownTest& test) {
        if (test.decided) return *test.decided;
        if (test.result.attempts.empty()) return Status::NotRun;
        // The run ended before it could be tried again.
        return is_failure(test.result.attempts.back().result.outcome) ? Status::Failed
                                                                      : Status::Passed;
    }
    // Where a runner says that something else is wrong, its tests' results do not tell the whole.
    void doubt() {
        for (const auto batch : bad_batches_) {
            for (const auto test : results_of_[batch]) at(test).result.in_doubt = true;
            for (const auto test : tests_of_[batch]) at(test).result.in_doubt = true;
        }
    }

    std::string run_id_;
    std::vector<std::string> groups_;
    std::vector<KnownTest> tests_;
    std::map<BatchNumber, std::vector<TestIndex>> results_of_;
    std::map<BatchNumber, std::vector<TestIndex>> tests_of_;  // that it was to run
    std::vector<BatchNumber> bad_batches_;
    std::string failure_;
    bool planned_ = false;
    bool runner_failed_ = false;
};

}  // namespace

Past read_past(const std::filesystem::path& output_dir, const std::string& config) {
    Past past;
    const report::ReadOptions options{
        .kinds = report::EventKinds::of<RunStarted, TestDiscovered, TestCarried, RunPlanned,
                                        BatchStarted, BatchExtended, AttemptFinished, TestDecided,
                                        BatchFinished, RunFinished>(),
        .attempts = report::VerdictAttempts::NumbersOnly};
    bool newest = true;
    for (const auto& kept : report::kept_runs(output_dir)) {
        if (std::filesystem::path(kept.config_file).filename() != config) continue;
        PastRun run;
        const auto end = report::read_journal(
            kept.journal, options,
            [&](Event&& event, report::LinePlace) { run.hear(std::move(event)); });
        if (!end) continue;
        const auto failure = past.unexplained_failure;
        const bool complete = std::move(run).add_to(past);
        if (!std::exchange(newest, false)) past.unexplained_failure = failure;
        if (complete) break;
    }
    return past;
}

}  // namespace offload::app

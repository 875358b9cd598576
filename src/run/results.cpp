#include "results.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

namespace offload::run {
namespace {

std::vector<TestIndex> tests_again(const schedule::Settled& settled) {
    auto tests = settled.requeue;
    for (const auto& suspects : settled.suspects) {
        tests.insert(tests.end(), suspects.begin(), suspects.end());
    }
    return tests;
}

}  // namespace

// --- While a batch runs ------------------------------------------------------------------------

struct Results::Hearing {
    Results& results;
    Batch& batch;
    schedule::Scheduler& scheduler;
    const Now& now;

    void operator()(const TestBegan& signal) {
        auto& tests = batch.tests();
        if (tests.superseded(signal.position)) return;
        tests.began(signal.position, now.since_start);
        batch.began_a_test();
        const auto [test, attempt] = results.rooms_.verdicts.next_attempt(tests[signal.position]);
        results.rooms_.out.tell(TestStarted{test, attempt, batch.number(), batch.sandbox()});
    }
    void operator()(TestEnded& signal) {
        if (!batch.tests().ended(signal.position, signal.result)) return;
        const auto test = batch.tests()[signal.position];
        results.health_.result();
        results.finish(batch, test, signal.result.duration, scheduler, now);
        results.end_if_obsolete(batch);
        results.record(batch, test, std::move(signal.result), scheduler);
    }
    void operator()(TestRefused& signal) {
        scheduler.refused(batch.sandbox(), batch.tests()[signal.position], now.since_start);
        batch.tests().refused(signal.position, std::move(signal.reason));
        results.end_if_obsolete(batch);
    }
    void operator()(UnknownCase& signal) {
        if (batch.tests().obsolete()) return;
        if (is_failure(signal.outcome)) batch.tests().tell_of_failure();
        results.rooms_.verdicts.unknown(batch, signal);
    }
    void operator()(RunnerNotice& signal) {
        results.rooms_.out.tell(Notice{signal.severity, std::move(signal.text)});
    }
    void operator()(const WorkerUnfit& signal) {
        batch.unfit();
        results.rooms_.streaming.rule_out(signal.reason, &scheduler);
    }
    // Of workers without tests alone: these have been heard of it before.
    void operator()(const WorkerWillStay& /*signal*/) {}
    void operator()(const TestsFound& /*signal*/) {}
};

void Results::hear(Batch& batch, Signals& signals, schedule::Scheduler& scheduler, const Now& now) {
    Hearing hearing{*this, batch, scheduler, now};
    for (auto& signal : signals) std::visit(hearing, signal);
}

// A result of the test came; a duplicate of it has lost.
void Results::finish(Batch& batch, TestIndex test, std::optional<Seconds> took,
                     schedule::Scheduler& scheduler, const Now& now) {
    const auto other = scheduler.finished(batch.sandbox(), test, now.since_start, took);
    if (!other) return;
    auto& loser = rooms_.crew.in(*other);
    loser.tests().supersede(test);
    end_if_obsolete(loser);
}

// A batch that works on nothing but what was done elsewhere is cancelled.
void Results::end_if_obsolete(Batch& batch) {
    if (!batch.tests().obsolete()) return;
    // What of it counts has its files, too.
    using How = EndBatch::How;
    rooms_.fleet.end_batch(batch.sandbox(),
                           batch.tests().results() > 0 ? How::CancelAndFetch : How::Cancel);
}

void Results::record(Batch& batch, TestIndex test, TestResult result,
                     schedule::Scheduler& scheduler) {
    health_.attempt();
    switch (rooms_.verdicts.record(batch, test, std::move(result))) {
        case Verdicts::Again::No:
            break;
        case Verdicts::Again::Loose:
            scheduler.retry(test, batch.sandbox());
            break;
        case Verdicts::Again::Alone:
            scheduler.requeue_together({test}, batch.sandbox());
            break;
        case Verdicts::Again::Together:
            batch.keep_for_retry(test);
            break;
    }
}

// --- When it is over ---------------------------------------------------------------------------

void Results::over(BatchOver message, schedule::Scheduler& scheduler, const Now& now) {
    auto& batch = rooms_.crew.at(message.batch);
    classify(batch, message, scheduler);
    settle(batch, message, scheduler, now);
    if (auto retries = batch.take_retries(); !retries.empty() && !rooms_.stop.stopping()) {
        scheduler.retry_whole(std::move(retries), batch.sandbox());
    }
    const bool runner_failed = runner_has_failed(batch, message.ending);
    if (runner_failed) rooms_.verdicts.runner_failed(batch, message);
    artefacts_.fetched(message.batch, message.artefacts);

    auto how = describe(message.ending);
    if (!message.trouble.empty()) how += "; " + message.trouble;
    rooms_.out.tell(
        BatchFinished{batch.number(), batch.sandbox(),
                      runner_failed ? BatchOutcome::Failure : batch.outcome(message.ending),
                      std::move(how), message.wall});
    rooms_.crew.remove(message.batch, message.sandbox_usable);
    watch_health(message);
}

// What its ending means: a batch that has lost, and a worker that cannot be one, are nobody's
// trouble, however they ended.
void Results::classify(const Batch& batch, BatchOver& over, schedule::Scheduler& scheduler) {
    using Why = ending::Cancelled::Why;
    if (batch.tests().obsolete() || batch.tests().lost_all()) {
        over.ending = ending::Cancelled{Why::DoneElsewhere};
        over.trouble.clear();
        if (batch.tests().results() == 0) discard_artefacts(batch, over);
        return;
    }
    // A runner that is content and has left no results has not crashed: nobody is to blame.
    const auto* died = std::get_if<ending::Died>(&over.ending);
    if (died != nullptr && over.no_result_file && exit_status(over.ending) == 0) {
        over.ending = ending::Completed{died->process};
    }
    if (!batch.is_worker()) return;
    if (batch.is_unfit()) {
        over.ending = ending::Cancelled{Why::NoWorkerPossible};
        over.trouble.clear();
        return;
    }
    rooms_.streaming.ended(batch, over, &scheduler);
    if (is<ending::TimedOut>(over.ending) && batch.tests().unfinished() == 0) {
        rooms_.out.warn(
            fmt::format("batch {} did not end within {:g} s of its last test, and was ended: does "
                        "the teardown of a session fixture hang?",
                        batch.number().value(), rooms_.settings.test_limit.count()));
    }
}

void Results::settle(Batch& batch, const BatchOver& over, schedule::Scheduler& scheduler,
                     const Now& now) {
    auto& verdicts = rooms_.verdicts;
    const auto sandbox = batch.sandbox();
    const auto limit = batch.is_worker() ? rooms_.settings.test_limit : rooms_.settings.exec_limit;
    auto settled = schedule::settle(
        batch.settle_input(over, limit, now.since_start - over.since, verdicts.missing()));
    for (auto& [test, result] : settled.attempts) {
        finish(batch, test, std::nullopt, scheduler, now);
    }
    scheduler.ended(sandbox, now.since_start, batch.time(over));
    for (auto& [test, result] : settled.attempts) {
        record(batch, test, std::move(result), scheduler);
    }
    for (auto& [test, reason] : settled.not_run) {
        if (!scheduler.has(test)) verdicts.give_up(test, std::move(reason));
    }
    if (rooms_.stop.stopping()) return;
    if (blames_nobody(batch, over, settled)) verdicts.died(batch, over, tests_again(settled));
    if (is<ending::Completed>(over.ending)) {
        for (const auto test : settled.requeue) verdicts.left_out(test);
    }
    const bool elsewhere = is<ending::Lost>(over.ending);
    scheduler.requeue(settled.requeue, elsewhere ? std::optional(sandbox) : std::nullopt);
    for (auto& suspects : settled.suspects) scheduler.requeue_together(std::move(suspects));
}

// A failure in it says enough. A worker that ends before its first test is one that cannot be:
// batches will tell.
bool Results::blames_nobody(const Batch& batch, const BatchOver& over,
                            const schedule::Settled& settled) const {
    return is<ending::Died>(over.ending) && exit_status(over.ending) != 0 &&
           settled.attempts.empty() && !(settled.requeue.empty() && settled.suspects.empty()) &&
           !batch.tests().told_of_failure() && (!batch.is_worker() || batch.any_began()) &&
           rooms_.settings.abilities.verdict_source == VerdictSource::PerTest;
}

// The runner says of itself that something is wrong, and no test's failure explains it.
bool Results::runner_has_failed(const Batch& batch, const Ending& ending) const {
    const auto& abilities = rooms_.settings.abilities;
    if (abilities.verdict_source == VerdictSource::PerBatch) return false;
    if (!is<ending::Completed>(ending) && !is<ending::Died>(ending)) return false;
    const auto status = exit_status(ending);
    if (status == 0) return false;
    // Where tests are without a result, what becomes of them says enough.
    const auto& tests = batch.tests();
    if (tests.size() == 0 || !tests.complete()) return false;
    if (!tests.told_of_failure()) return true;
    return status && abilities.says_tests_failed && !abilities.says_tests_failed(*status);
}

// It ended before it could be told that it had lost.
void Results::discard_artefacts(const Batch& batch, const BatchOver& over) {
    if (!over.artefacts.tried) return;
    rooms_.out.add(
        DiscardArtefacts{batch.sandbox(), rooms_.fleet.at(batch.sandbox()).id, batch.number()});
}

void Results::watch_health(const BatchOver& over) {
    if (rooms_.stop.stopping()) return;
    if (const auto* lost = std::get_if<ending::Lost>(&over.ending)) {
        rooms_.out.warn(fmt::format("batch {} could not be run: {}; its tests run elsewhere",
                                    over.batch.value(), lost->error.to_string()));
    }
    if (auto reason = health_.batch_over(over)) rooms_.stop.give_up(*std::move(reason));
}

}  // namespace offload::run

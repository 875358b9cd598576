// The dispatcher's answers to what the other threads tell it.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dispatcher.hpp"
#include "offload/base/glob.hpp"
#include "offload/base/text.hpp"

namespace offload::engine {
namespace {

// So many batches in a row that end without a single attempt mean that none ever will.
constexpr std::size_t kFruitlessLimit = 20;
constexpr std::size_t kInfrastructureSlack = 5;
constexpr std::size_t kFailedStarts = 2;

// What a shell says of a command that it does not find or may not run.
bool could_not_start(const BatchOver& over) {
    return over.end == schedule::BatchEnd::Abnormal &&
           (over.exit_status == 126 || over.exit_status == 127);
}

}  // namespace

void Dispatcher::handle(GroupDiscovered& message) {
    auto untold = keep(message, config(), groups_);
    discoveries_pending_ -= 1 + message.companions.size();
    if (!stopping_) {
        discoveries_pending_ += untold.size();
        discovery_->add(std::move(untold));
    }
    // While the provider prepares, nothing can be made for them yet; the last one plans anyhow.
    if (prepared_ && discoveries_pending_ > 0 && !stopping_) foreseen_batches_ = batches_so_far();
}

void Dispatcher::handle(Prepared& message) {
    prepared_ = true;
    const bool any =
        std::ranges::any_of(groups_, [](const auto& g) { return g.discovered.has_value(); });
    if (any && !planned_ && !stopping_) foreseen_batches_ = batches_so_far();
    if (!message.result && !stopping_) give_up(message.result.error().to_string());
}

void Dispatcher::handle(ProviderSaid& message) { emitter_.note(std::move(message.line)); }

void Dispatcher::handle(SandboxUp& message) {
    fleet_.creation_succeeded(message.sandbox);
    auto& sandbox = *fleet_.find(message.sandbox);
    sandbox.id = message.id;
    sandbox.phase = sandbox.told_to_stop ? Phase::Ending : Phase::Idle;
    emitter_.emit(SandboxReady{message.sandbox, std::move(message.id), message.creation});
}

void Dispatcher::handle(SandboxNotCreated& message) {
    const bool unwanted = stopping_ || fleet_.find(message.sandbox)->told_to_stop;
    emitter_.emit(SandboxEnded{.sandbox = message.sandbox,
                               .id = {},
                               // What was ended with the run is told only where it says that
                               // something may be left.
                               .trouble = unwanted && message.error.hint.empty()
                                              ? std::nullopt
                                              : std::optional(message.error),
                               .maybe_leaked = false});
    if (unwanted) {
        fleet_.remove(message.sandbox);
        return;
    }
    fleet_.creation_failed(message.sandbox, std::chrono::steady_clock::now(),
                           std::move(message.error));
}

void Dispatcher::handle(SandboxGoing& message) {
    emitter_.emit(SandboxDestroying{message.sandbox});
}

void Dispatcher::handle(SandboxGone& message) {
    SandboxEnded ended{.sandbox = message.sandbox,
                       .id = fleet_.find(message.sandbox)->id,
                       .trouble = std::move(message.trouble),
                       .maybe_leaked = false};
    ended.maybe_leaked = ended.trouble.has_value();
    fleet_.remove(message.sandbox);
    emitter_.emit(std::move(ended));
}

void Dispatcher::handle(Interrupted& message) {
    if (interrupted_by_) return;
    interrupted_by_ = message.signal;
    conclusion_cancel_.cancel();
    emitter_.warn(
        "interrupted: ending what runs and destroying the sandboxes (interrupt again to "
        "end at once, without that)");
    stop("the run was interrupted");
}

void Dispatcher::handle(BatchBegan& message) {
    scheduler_->began(batches_.at(message.batch).sandbox(), now());
}

void Dispatcher::handle(BatchSaid& message) {
    if (const auto early = early_.find(message.batch); early != early_.end()) {
        early->second.hold({message.batch, message.stream, std::move(message.bytes)});
        return;
    }
    emitter_.emit(BatchOutput{message.batch, message.stream, std::move(message.bytes)});
}

void Dispatcher::handle(BatchTold& message) {
    if (const auto early = early_.find(message.batch); early != early_.end()) {
        hear(early->second, message.signals);
        return;
    }
    auto& batch = batches_.at(message.batch);
    for (auto& signal : message.signals) {
        std::visit([&](auto& body) { handle_signal(batch, body); }, signal);
    }
    if (!batch.is_worker()) return;
    batch.stirred(std::chrono::steady_clock::now());
    feed(batch);
}

void Dispatcher::handle(BatchOver& message) {
    if (auto early = early_.extract(message.batch)) {
        end_early_worker(std::move(early.mapped()), message);
        return;
    }
    auto& batch = batches_.at(message.batch);
    auto& sandbox = *fleet_.find(batch.sandbox());
    if (batch.obsolete() || batch.lost_all()) {
        // However it ended: it lost to another batch, and that is nobody's trouble.
        message.end = schedule::BatchEnd::Cancelled;
        message.how = "cancelled: its tests were done elsewhere first";
        message.trouble.clear();
        if (batch.results() == 0) discard_artefacts(batch.sandbox(), message);
    } else if (batch.is_worker()) {
        note_end_of_worker(batch, message);
    }
    settle(batch, message);
    if (auto retries = batch.take_retries(); !retries.empty() && !stopping_) {
        scheduler_->retry_whole(std::move(retries), batch.sandbox());
    }
    warn_of_odd_exit(batch, message);
    note_artefacts(message);

    std::string how = message.how;
    if (!message.trouble.empty()) how += "; " + message.trouble;
    emitter_.emit(BatchFinished{batch.number(), batch.sandbox(), batch.outcome(message),
                                std::move(how), message.wall});
    sandbox.phase = message.sandbox_usable && !sandbox.told_to_stop ? Phase::Idle : Phase::Ending;
    watch_infrastructure(message);
    batches_.erase(message.batch);
}

// --- results -----------------------------------------------------------------------------------

void Dispatcher::handle_signal(RunningBatch& batch, const framework::TestBegan& signal) {
    if (batch.superseded(signal.position)) return;
    batch.began(signal.position, std::chrono::steady_clock::now());
    const auto test = batch.test(signal.position);
    emitter_.emit(TestStarted{test, ledger_.attempts(test) + 1, batch.number(), batch.sandbox()});
}

void Dispatcher::handle_signal(RunningBatch& batch, framework::TestEnded& signal) {
    if (!batch.ended(signal.position, signal.result)) return;
    const auto test = batch.test(signal.position);
    any_result_ = true;
    finish(batch, test, signal.result.duration);
    end_if_obsolete(batch);
    record(batch, test, std::move(signal.result));
}

void Dispatcher::handle_signal(RunningBatch& batch, framework::TestRefused& signal) {
    scheduler_->refused(batch.sandbox(), batch.test(signal.position), now());
    batch.refused(signal.position, std::move(signal.reason));
    end_if_obsolete(batch);
}

void Dispatcher::handle_signal(RunningBatch& batch, framework::UnknownCase& signal) {
    if (batch.obsolete()) return;
    ++unknown_results_;
    // Another batch's test reports for itself; anything else has no one to fail for it.
    if (is_failure(signal.outcome) && tests_.find(signal.name) == nullptr && !unknown_failure_) {
        unknown_failure_ = signal.name;
    }
    emitter_.emit(UnknownResult{batch.number(), std::move(signal.name), signal.outcome,
                                std::move(signal.closest), std::move(signal.matching_format)});
}

void Dispatcher::handle_signal(RunningBatch& /*batch*/, framework::RunnerNotice& signal) {
    emitter_.emit(Notice{signal.severity, std::move(signal.text)});
}

void Dispatcher::record(RunningBatch& batch, TestIndex test, TestResult result) {
    infrastructure_in_a_row_ = 0;
    fruitless_in_a_row_ = 0;
    using Decision = schedule::Ledger::Decision;
    // What took its runner down once may do so again: its next attempt shares no batch.
    const bool alone = result.type == kCrashType || result.type == kTimeoutType;
    // The ledger keeps no output of passing tests; the sinks are told all of it.
    AttemptFinished told{{test, 0, batch.number(), batch.sandbox(), batch.started(), result}};
    const auto recorded =
        ledger_.record(test, std::move(result), batch.number(), batch.sandbox(), batch.started());
    if (recorded.decision == Decision::Ignored) return;
    told.attempt.number = recorded.attempt;
    const bool retry = recorded.decision == Decision::Retry && !stopping_;
    told.will_retry = retry;
    emitter_.emit(std::move(told));
    if (retry) {
        if (framework_.verdict_source() == VerdictSource::PerBatch) {
            batch.keep_for_retry(test);
        } else if (alone) {
            scheduler_->requeue_together({test}, batch.sandbox());
        } else {
            scheduler_->retry(test, batch.sandbox());
        }
        return;
    }
    const auto status = ledger_.status(test);
    emitter_.emit(TestDecided{test, status});
    if (request_.fail_fast && (status == Status::Failed || status == Status::Errored)) {
        stop(fmt::format("--fail-fast: {} failed", tests_[test].id));
    }
}

void Dispatcher::finish(RunningBatch& batch, TestIndex test, std::optional<Seconds> took) {
    const auto other = scheduler_->finished(batch.sandbox(), test, now(), took);
    if (!other) return;
    auto& loser = batches_.at(fleet_.find(*other)->batch);
    loser.supersede(test);
    end_if_obsolete(loser);
}

void Dispatcher::end_if_obsolete(RunningBatch& batch) {
    auto& sandbox = *fleet_.find(batch.sandbox());
    if (!batch.obsolete() || sandbox.told_to_stop) return;
    // What of it counts has its files, too.
    using Artefacts = Executor::Artefacts;
    sandbox.executor->cancel(batch.results() > 0 ? Artefacts::Fetch : Artefacts::Leave);
    Fleet::retire(sandbox);
}

void Dispatcher::settle(RunningBatch& batch, const BatchOver& over) {
    if (over.too_long) {
        scheduler_->ended(batch.sandbox(), now(), std::nullopt);
        requeue_too_long(batch);
        return;
    }
    auto settled = schedule::settle(
        batch.settle_input(over, over.starts_known,
                           batch.is_worker() ? config().offload.test_timeout : exec_limit(config()),
                           std::chrono::steady_clock::now(), missing_));
    for (auto& [test, result] : settled.attempts) finish(batch, test, std::nullopt);
    scheduler_->ended(batch.sandbox(), now(), batch.time(over));
    for (auto& [test, result] : settled.attempts) record(batch, test, std::move(result));
    for (auto& [test, reason] : settled.not_run) {
        if (!scheduler_->runs(test)) ledger_.give_up(test, std::move(reason));
    }
    if (stopping_) return;
    if (over.end == schedule::BatchEnd::Completed) {
        for (const auto test : settled.requeue) ++missing_[test.value()];
    }
    const bool elsewhere = over.end == schedule::BatchEnd::Infrastructure;
    scheduler_->requeue(settled.requeue, elsewhere ? std::optional(batch.sandbox()) : std::nullopt);
    for (auto& suspects : settled.suspects) scheduler_->requeue_together(std::move(suspects));
}

void Dispatcher::requeue_too_long(RunningBatch& batch) {
    std::vector<TestIndex> tests;
    for (std::size_t i = 0; i < batch.size(); ++i) tests.push_back(batch.test(i));
    if (tests.size() == 1) {
        ledger_.give_up(tests.front(),
                        "its ID alone makes a command that is too long for the operating system");
        return;
    }
    if (stopping_) return;
    const auto middle = tests.begin() + static_cast<std::ptrdiff_t>(tests.size() / 2);
    scheduler_->requeue_together({tests.begin(), middle});
    scheduler_->requeue_together({middle, tests.end()});
}

void Dispatcher::watch_infrastructure(const BatchOver& over) {
    if (stopping_ || over.too_long) return;
    if (over.end == schedule::BatchEnd::Infrastructure) {
        const std::string words = over.error ? over.error->to_string() : over.how;
        emitter_.warn(fmt::format("batch {} could not be run: {}; its tests run elsewhere",
                                  over.batch.value(), words));
        if (++infrastructure_in_a_row_ >= kInfrastructureSlack + slots_) {
            give_up(fmt::format("{} batches in a row could not be run, the last one: {}",
                                infrastructure_in_a_row_, words));
        }
        return;
    }
    if (could_not_start(over) && !any_result_ && ++failed_starts_ >= kFailedStarts) {
        give_up(fmt::format("the command that runs the tests cannot be started: {}\n{}", over.how,
                            over.last_output));
        return;
    }
    if (over.end == schedule::BatchEnd::Abnormal &&
        ++fruitless_in_a_row_ >= kFruitlessLimit + slots_) {
        give_up(
            fmt::format("{} batches in a row ended without any test result; the last one: "
                        "{}{}{}\n{}",
                        fruitless_in_a_row_, over.how, over.trouble.empty() ? "" : "; ",
                        over.trouble, over.last_output));
    }
}

void Dispatcher::warn_of_odd_exit(const RunningBatch& batch, const BatchOver& over) {
    const bool odd = over.end == schedule::BatchEnd::Completed && over.exit_status != 0 &&
                     batch.outcome(over) == BatchOutcome::Success;
    if (!odd) return;
    emitter_.warn(
        fmt::format("batch {} ended with {} although all its tests passed; its output is "
                    "in the log batch-{}.success",
                    over.batch.value(), over.how, over.batch.value()));
}

// It ended before it could be told that it had lost.
void Dispatcher::discard_artefacts(SandboxNumber sandbox, const BatchOver& over) {
    if (!over.artefacts_wanted) return;
    const auto folder = artefact_folder(config(), fleet_.find(sandbox)->id, sandbox, over.batch);
    std::error_code trouble;
    std::filesystem::remove_all(folder, trouble);
    std::filesystem::remove(folder.parent_path(), trouble);  // unless it holds other batches' files
}

void Dispatcher::note_artefacts(const BatchOver& over) {
    if (over.artefact_trouble) {
        emitter_.warn(fmt::format("the files of batch {} could not be downloaded: {}",
                                  over.batch.value(), over.artefact_trouble->to_string()));
        return;
    }
    artefacts_tried_ = artefacts_tried_ || over.artefacts_wanted;
    const auto& globs = config().report.download_globs;
    glob_matched_.resize(globs.size());
    for (std::size_t i = 0; i < globs.size(); ++i) {
        if (glob_matched_[i]) continue;
        glob_matched_[i] = std::ranges::any_of(
            over.artefacts, [&](const auto& path) { return glob_match(globs[i], path); });
    }
}

void Dispatcher::warn_of_idle_globs() {
    if (!artefacts_tried_) return;
    for (std::size_t i = 0; i < glob_matched_.size(); ++i) {
        if (glob_matched_[i]) continue;
        emitter_.warn(fmt::format("[report] download_globs: {} matched no file of any batch",
                                  config().report.download_globs[i]));
    }
}

}  // namespace offload::engine

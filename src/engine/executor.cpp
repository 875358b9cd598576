#include "executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iterator>
#include <type_traits>
#include <utility>

#include "destruction.hpp"
#include "offload/base/tail.hpp"
#include "sandbox_discovery.hpp"

namespace offload::engine {
namespace {

using run::BatchOver;

constexpr std::size_t kTailBytes = 16 * 1024;
constexpr std::size_t kTailLines = 40;
// The stacks of a worker's threads come last, and each is long.
constexpr std::size_t kStackLines = 250;
// A worker is watched test by test. As a whole it may take as long as any sandbox lives; should it
// take longer, its tests go on elsewhere.
constexpr std::chrono::hours kWorkerLife{24};
constexpr std::chrono::seconds kDownloadLimit{300};

// How it ended by itself, as far as the exec's end alone can say: a runner whose results are whole
// has completed, whatever its status.
Ending ending_of(const provider::ExecReply& reply, std::chrono::seconds limit) {
    using provider::ExecReply;
    struct Words {
        std::chrono::seconds limit;
        Ending operator()(const ExecReply::Exited& end) const {
            return ending::Died{ending::Exited{end.status}};
        }
        Ending operator()(const ExecReply::Signalled& end) const {
            return ending::Died{ending::Signalled{end.signal}};
        }
        Ending operator()(const ExecReply::TimedOut& /*end*/) const {
            return ending::TimedOut{limit};
        }
        Ending operator()(const ExecReply::Cancelled& /*end*/) const { return ending::Cancelled{}; }
        Ending operator()(const ExecReply::TransportFailure& end) const {
            return ending::Lost{end.error};
        }
    };
    return std::visit(Words{limit}, reply.end);
}

// Nothing was heard of the command: nobody's tests can be blamed.
ending::Lost never_began(std::chrono::seconds limit) {
    return {Error{fmt::format("had not begun after {} s", limit.count())}.with_kind(
        ErrorKind::TimedOut)};
}

bool tells_failure(const framework::Signals& signals) {
    return std::ranges::any_of(signals, [](const auto& signal) {
        const auto* ended = std::get_if<framework::TestEnded>(&signal);
        return ended != nullptr && is_failure(ended->result.outcome);
    });
}

// What a lack of memory or threads throws is an error of the step, and never ends the program while
// sandboxes live.
template <class Step>
auto guarded(Step step) -> decltype(step()) {
    try {
        return step();
    } catch (const std::exception& error) {
        return fail(Error{fmt::format("an unexpected exception: {}", error.what())});
    }
}

// Where only the batch's time is known, each of its tests has its part of it.
void share_time(framework::Signals& signals, Seconds wall, std::size_t tests) {
    for (auto& signal : signals) {
        auto* ended = std::get_if<framework::TestEnded>(&signal);
        if (ended != nullptr) ended->result.duration = wall / static_cast<double>(tests);
    }
}

}  // namespace

std::chrono::seconds exec_limit(const config::Config& config) {
    const auto limit = config.offload.test_timeout;
    return std::min(limit, config.provider.options->exec_limit().value_or(limit));
}

Executor::Executor(ExecutorShared& shared, provider::SandboxSpec spec,
                   const process::CancelSource& creation_cancel)
    : shared_(shared),
      spec_(std::move(spec)),
      creation_cancel_(creation_cancel.token()),
      shipping_(shared_.shipments),
      thread_([this] { main(); }) {}

Executor::~Executor() = default;

void Executor::run(BatchJob job) { orders_.push(std::move(job)); }

void Executor::cancel(Artefacts artefacts) {
    fetch_when_cancelled_ = artefacts == Artefacts::Fetch;
    batch_cancel_.cancel();
}

void Executor::expire() {
    expired_ = true;
    batch_cancel_.cancel();
}

void Executor::stop() { orders_.push(Stop{}); }

void Executor::main() {
    const auto begin = steady_now();
    auto created = guarded([this] { return shared_.provider.create(spec_, creation_cancel_); });
    if (!created) {
        shared_.inbox.push(run::SandboxNotCreated{spec_.number, std::move(created).error()});
        return;
    }
    const auto sandbox = *std::move(created);
    shared_.inbox.push(run::SandboxUp{spec_.number, sandbox->id(), steady_now() - begin});

    bool usable = true;
    while (usable) {
        const Order order = orders_.pop();
        const auto* job = std::get_if<BatchJob>(&order);
        if (job == nullptr) break;
        try {
            usable = run_batch(*sandbox, *job);
        } catch (const std::exception& error) {
            usable = false;
            shared_.inbox.push(BatchOver{
                .batch = job->batch,
                .ending = ending::Lost{{fmt::format("running it failed: {}", error.what())}},
                .sandbox_usable = false});
        }
    }

    shared_.destructions.acquire();
    shared_.inbox.push(run::SandboxGoing{spec_.number});
    auto destroyed = destroy_patiently(*sandbox);
    shared_.destructions.release();
    run::SandboxGone gone{spec_.number, std::nullopt};
    if (!destroyed) gone.trouble = std::move(destroyed).error();
    shared_.inbox.push(std::move(gone));
}

provider::ExecRequest Executor::exec_request(const BatchJob& job,
                                             framework::BatchCommand command) const {
    const auto now = steady_now();
    provider::Variables env;
    if (shared_.variables) env = shared_.variables(*job.group);
    std::ranges::move(command.env, std::back_inserter(env));
    provider::ExecRequest exec{
        .command = std::move(command.command),
        .env = std::move(env),
        .files = {},
        .result_file = std::move(command.result_file),
        .keeps_track_of_files = !shared_.config.report.download_globs.empty(),
        .deadline = now + exec_limit(shared_.config),
        .cancel = batch_cancel_.token(),
        .input = nullptr,
        .on_start = [this, batch = job.batch] { shared_.inbox.push(run::BatchBegan{batch}); }};
    if (job.orders) {
        exec.deadline = now + kWorkerLife;
        exec.on_start = {};  // it waits for tests first
    }
    exec.env.emplace_back("OFFLOAD_BATCH", std::to_string(job.batch.value()));
    exec.env.emplace_back("OFFLOAD_ATTEMPT", std::to_string(job.attempt));
    if (command.fork) {
        exec.fork = {std::move(command.fork->socket), std::move(command.fork->plan)};
    }
    for (auto& file : command.files) {
        exec.files.push_back({std::move(file.path), std::move(file.content)});
    }
    return exec;
}

struct Executor::Plan {
    framework::BatchCommand command;
    std::unique_ptr<framework::BatchReader> reader;
    framework::WorkerTalk* talk = nullptr;  // the reader, where it is a worker's
};

Result<Executor::Plan> Executor::plan_of(const BatchJob& job,
                                         const framework::BatchRequest& request) const {
    const auto& framework = shared_.framework;
    if (!job.orders) {
        OFFLOAD_TRY(auto command, framework.batch(request));
        return Plan{std::move(command), framework.reader(request)};
    }
    const auto* const workers = framework.workers();
    const bool by_worker = shared_.provider.traits().passes_stdin && workers != nullptr &&
                           workers->has_discovering_worker();
    if (job.start == framework::WorkerStart::ToDiscover && !by_worker) {
        framework::DiscoveryRequest discovery{*job.group, request.context, job.companions};
        OFFLOAD_TRY(auto command, discovery_as_batch(framework, discovery));
        return Plan{std::move(command),
                    std::make_unique<DiscoveryReader>(framework, std::move(discovery))};
    }
    OFFLOAD_TRY(auto command, workers->worker(request, shared_.config.offload.test_timeout));
    auto talk = workers->worker_talk(request);
    auto* const teller = talk.get();
    return Plan{std::move(command), std::move(talk), teller};
}

// True: the sandbox can run another batch.
bool Executor::run_batch(provider::Sandbox& sandbox, const BatchJob& job) {
    const auto traits = shared_.provider.traits();
    const framework::BatchRequest request{
        *job.group,
        job.tests,
        {sandbox.folder(), shared_.nonce, fmt::format("batch-{}", job.batch.value()),
         // A runner that stops at a failure that is to be run again would leave out its other
         // tests.
         traits.same_machine, shared_.fail_fast && job.group->retry_count == 0, shared_.run_folder,
         sandbox.common_folder()},
        job.carry,
        job.start,
        job.companions};

    BatchOver over{.batch = job.batch, .ending = {}};
    const auto test_limit = shared_.config.offload.test_timeout;
    auto plan = plan_of(job, request);
    if (!plan) {
        over.ending = ending::Lost{std::move(plan).error()};
        shared_.inbox.push(std::move(over));
        return true;
    }
    const auto& shipped = plan->command.shipped;
    if (auto sent = shipping_.ship(sandbox, shipped, batch_cancel_.token()); !sent) {
        const bool cancelled = batch_cancel_.token().cancelled();
        over.ending =
            cancelled ? Ending(ending::Cancelled{}) : Ending(ending::Lost{std::move(sent).error()});
        over.sandbox_usable = false;
        shared_.inbox.push(std::move(over));
        return false;
    }
    auto exec = exec_request(job, std::move(plan->command));
    const auto limit_bytes = traits.command_bytes;
    const bool too_long =
        limit_bytes > 0 && shared_.provider.quoted_bytes(exec.command) > limit_bytes;
    if (too_long || !sandbox.fits(exec)) {
        over.ending = ending::DidNotFit{limit_bytes};
        shared_.inbox.push(std::move(over));
        return true;
    }

    const auto& reader = plan->reader;
    std::optional<WorkerInput> input;
    if (plan->talk != nullptr) exec.input = &input.emplace(*job.orders, *plan->talk);
    Tail tail{kTailBytes};
    bool any_failure = false;
    const auto tell = [&](framework::Signals&& signals, Stream stream, std::string&& visible) {
        any_failure = any_failure || tells_failure(signals);
        if (!visible.empty()) {
            tail.add(visible);
            shared_.inbox.push(run::BatchSaid{job.batch, stream, std::move(visible)});
        }
        if (!signals.empty()) shared_.inbox.push(run::BatchTold{job.batch, std::move(signals)});
    };
    const auto reply = sandbox.exec(exec, [&](Stream stream, std::string_view bytes) {
        framework::Signals signals;
        std::string visible;
        reader->feed(stream, bytes, signals, visible);
        tell(std::move(signals), stream, std::move(visible));
    });

    over.ending = ending_of(reply, exec_limit(shared_.config));
    if (expired_ && is<ending::Cancelled>(over.ending)) {
        over.ending = reply.begun ? Ending(ending::TimedOut{test_limit, ending::TimedOut::Of::Test})
                                  : Ending(never_began(test_limit));
    }
    framework::Signals signals;
    std::string visible;
    const auto reading = reader->finish({exit_status(over.ending), describe(over.ending)},
                                        reply.result_file, signals, visible);
    // Nobody has said that there are no tests: another sandbox may tell them.
    if (is<ending::Lost>(over.ending)) {
        std::erase_if(signals, [](const auto& signal) {
            const auto* found = std::get_if<framework::TestsFound>(&signal);
            return found != nullptr && !found->discovered;
        });
    }
    if (shared_.framework.verdict_source() == VerdictSource::PerBatch) {
        share_time(signals, reply.wall, job.tests.size());
    }
    tell(std::move(signals), Stream::Out, std::move(visible));

    if (const auto* died = std::get_if<ending::Died>(&over.ending); died && reading.complete) {
        over.ending = ending::Completed{died->process};
    }
    over.trouble = reading.trouble;
    over.starts_known = reader->tells_starts();
    over.no_result_file = reading.no_result_file;
    const bool may_hold_stack = expired_ || is<ending::Died>(over.ending);
    over.last_output = tail.lines(may_hold_stack ? kStackLines : kTailLines);
    over.wall = reply.wall;
    const auto ended = steady_now();
    over.artefacts =
        fetch_artefacts(sandbox, over, any_failure || !is<ending::Completed>(over.ending));
    over.since = steady_now() - ended;
    over.sandbox_usable =
        reply.reusable && !is<ending::Lost>(over.ending) && !batch_cancel_.token().cancelled();
    const bool usable = over.sandbox_usable;
    shared_.inbox.push(std::move(over));
    return usable;
}

// Only of batches that count: a cancelled one leaves none, unless it had results of its own, and a
// lost sandbox cannot be asked.
run::Fetched Executor::fetch_artefacts(provider::Sandbox& sandbox, const BatchOver& over,
                                       bool any_failure) {
    const auto& report = shared_.config.report;
    const bool counts = is<ending::Cancelled>(over.ending) ? fetch_when_cancelled_.load()
                                                           : !is<ending::Lost>(over.ending);
    if (report.download_globs.empty() || !counts) return {};
    if (report.download_globs_failure_only && !any_failure) return {};
    const auto target = shared_.artefact_folders.make(sandbox.id(), spec_.number, over.batch);
    auto fetched =
        sandbox.download({.globs = report.download_globs,
                          .target = target.string(),
                          .standing = !report.download_globs_changed_only && !has_fetched_,
                          .deadline = steady_now() + kDownloadLimit});
    if (!fetched) return {.tried = true, .files = {}, .trouble = std::move(fetched).error()};
    has_fetched_ = true;
    return {.tried = true,
            .files = std::move(fetched->files),
            .trouble = {},
            .across_folders = std::move(fetched->across_folders)};
}

}  // namespace offload::engine

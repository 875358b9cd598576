#include "dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace offload::engine {
namespace {

constexpr std::size_t kMessagesPerTurn = 1000;

std::vector<std::size_t> retry_counts(const config::Config& config) {
    std::vector<std::size_t> counts;
    for (const auto& group : config.groups) counts.push_back(group.retry_count);
    return counts;
}

std::vector<std::string> group_names(const config::Config& config) {
    std::vector<std::string> names;
    for (const auto& group : config.groups) names.push_back(group.name);
    return names;
}

// Locally, batches that leave their results in one and the same file run one at a time.
std::size_t usable_slots(const config::Config& config, const framework::Framework& framework,
                         const provider::Traits& traits) {
    if (!traits.same_machine || config.groups.empty()) return config.offload.max_parallel;
    const Test probe{TestIndex(0), "probe", GroupIndex(0), {}, TestKind::Test};
    const std::vector<const Test*> tests{&probe};
    const auto command =
        framework.batch({config.groups.front(), tests, {"/nonexistent", "0", "probe"}, nullptr});
    return command && command->shared_result_file ? 1 : config.offload.max_parallel;
}

}  // namespace

Dispatcher::Dispatcher(const RunRequest& request, TestTable& tests, Emitter& emitter,
                       const framework::Framework& framework, provider::Provider& provider,
                       Inbox& inbox)
    : request_(request),
      tests_(tests),
      emitter_(emitter),
      framework_(framework),
      provider_(provider),
      inbox_(inbox),
      traits_(provider.traits()),
      destructions_(
          static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, traits_.concurrent_destructions))),
      shared_{provider,       framework,         request.config, request.run_id,
              random_hex(16), request.fail_fast, inbox,          destructions_},
      groups_(request.config.groups.size()),
      ledger_(retry_counts(request.config), framework.verdict_source()),
      slots_(usable_slots(request.config, framework, traits_)),
      fleet_(shared_, slots_, traits_.concurrent_creations) {}

// --- stages ------------------------------------------------------------------------------------

RunSummary Dispatcher::run() {
    emitter_.emit(RunStarted{.run_id = request_.run_id,
                             .version = request_.version,
                             .config_file = config().file.string(),
                             .provider = std::string(provider_.name()),
                             .framework = std::string(framework_.name()),
                             .groups = group_names(config()),
                             .max_parallel = config().offload.max_parallel,
                             .verdict_source = framework_.verdict_source()});
    for (auto& warning : framework_.warnings()) emitter_.warn(std::move(warning));
    if (slots_ < config().offload.max_parallel) {
        emitter_.warn(
            "run_command writes one and the same result_file in every batch, so batches run one "
            "at a time; put {result_file} into run_command to run them in parallel");
    }
    start_discovery();
    start_preparation();

    auto next_tick = std::chrono::steady_clock::now() + kTick;
    while (!over()) {
        advance();
        if (over()) break;
        auto message = inbox_.pop_until(next_tick);
        for (std::size_t i = 0; message && i < kMessagesPerTurn; ++i) {
            std::visit([this](auto& body) { handle(body); }, *message);
            message = inbox_.pop_until({});
        }
        if (message) std::visit([this](auto& body) { handle(body); }, *message);
        if (std::chrono::steady_clock::now() >= next_tick) {
            watch_workers();
            watch_early_workers();
            forecast();
            emitter_.tick();
            next_tick = std::chrono::steady_clock::now() + kTick;
        }
    }
    conclude();
    return summarise();
}

void Dispatcher::start_discovery() {
    auto created = Discovery::create(
        {framework_, config(), request_.working_folder, request_.run_id, shared_.nonce}, inbox_);
    if (!created) {
        give_up(created.error().to_string());
        return;
    }
    discovery_ = *std::move(created);
    shared_.run_folder = discovery_->folder();

    const std::size_t at_once = std::min(slots_, parallel_discoveries(config()));
    std::vector<Family> in_no_worker;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        const auto& group = config().groups[i];
        if (!is_wanted(group, request_.only_groups)) continue;
        const GroupIndex index(i);
        const auto joins = [&](auto& families) {
            return join(families, index, framework_, config());
        };
        if (awaiting_discovery_.size() < at_once && may_discover_in_worker(group)) {
            awaiting_discovery_.push_back({index});
        } else if (!joins(awaiting_discovery_) && !joins(in_no_worker)) {
            in_no_worker.push_back({index});
        }
        ++discoveries_pending_;
        const auto command = framework_.discovery({group});
        emitter_.emit(DiscoveryStarted{index, command ? command->shown : ""});
    }
    if (in_no_worker.empty()) foreseen_batches_ = 0;
    discovery_->add(std::move(in_no_worker));
}

void Dispatcher::start_preparation() {
    preparation_ = std::jthread([this, cancel = preparation_cancel_.token()] {
        std::string rest;
        auto result = provider_.prepare(cancel, [&](Stream, std::string_view bytes) {
            rest += bytes;
            for (std::size_t end = rest.find('\n'); end != std::string::npos;
                 end = rest.find('\n')) {
                inbox_.push(ProviderSaid{rest.substr(0, end)});
                rest.erase(0, end + 1);
            }
        });
        if (!rest.empty()) inbox_.push(ProviderSaid{std::move(rest)});
        inbox_.push(Prepared{std::move(result)});
    });
}

bool Dispatcher::over() const {
    if (discoveries_pending_ > 0 || !prepared_ || fleet_.alive() > 0) return false;
    return stopping_ || (planned_ && !scheduler_->has_queued() && !scheduler_->has_running());
}

RunSummary Dispatcher::summarise() {
    for (const auto test : selected_) {
        if (!ledger_.decided(test)) ledger_.give_up(test, stop_reason_);
    }
    warn_of_idle_globs();
    if (unknown_failure_ && !failure_) {
        failure_ = fmt::format("a result that belongs to no discovered test failed: {}",
                               *unknown_failure_);
    }
    const Counts all = ledger_.counts();
    RunSummary summary{.verdicts = ledger_.take_verdicts(),
                       .counts = all,
                       .wall = now(),
                       .slots = slots_,
                       .unknown_results = unknown_results_,
                       .hedges = hedges_,
                       .failure = failure_,
                       .runner_report = runner_report_,
                       .interrupted_by = interrupted_by_};
    for (const auto& verdict : summary.verdicts) {
        Seconds chain{0};
        for (const auto& attempt : verdict.attempts) chain += attempt.result.duration;
        summary.work += chain;
        summary.longest = std::max(summary.longest, chain);
    }
    const auto& counts = summary.counts;
    if (interrupted_by_) {
        summary.exit_status = 128 + *interrupted_by_;
    } else if (failure_ || counts.failed + counts.errored + counts.not_run > 0) {
        summary.exit_status = 1;
    } else {
        summary.exit_status = counts.flaky > 0 ? 2 : 0;
    }
    return summary;
}

// --- moving work -------------------------------------------------------------------------------

void Dispatcher::advance() {
    if (!planned_ && discoveries_pending_ == 0 && !stopping_) plan();
    if (stopping_ || !prepared_) return;
    if (!planned_) {
        start_early_workers();
        create_sandboxes(std::max(foreseen_batches_, awaiting_discovery_.size() + spare_workers()));
        if (!awaiting_discovery_.empty()) give_up_without_sandboxes();
        return;
    }
    employ_early_workers();
    feed_workers();
    assign_batches();
    create_sandboxes(scheduler_->startable(slots_ - fleet_.count(Phase::Busy)));
    retire_idle();
    if (scheduler_->has_queued()) give_up_without_sandboxes();
}

void Dispatcher::give_up_without_sandboxes() {
    if (fleet_.alive() > 0 || !fleet_.creation_hopeless()) return;
    give_up(
        fmt::format("no sandbox could be created: {}", fleet_.last_creation_error()->to_string()));
}

void Dispatcher::assign_batches() {
    if (now() < scheduler_->work_from()) return;
    for (auto* sandbox : fleet_.in_phase(Phase::Idle)) {
        if (auto assignment = scheduler_->next(sandbox->number, now())) {
            start_batch(*sandbox, *std::move(assignment));
        }
    }
}

void Dispatcher::create_sandboxes(std::size_t useful) {
    const auto time = std::chrono::steady_clock::now();
    while (fleet_.count(Phase::Idle) + fleet_.count(Phase::Creating) < useful &&
           fleet_.may_create(time)) {
        // The intention is told before the act, so that a killed run leaves a trace of it.
        const auto spec = fleet_.next_spec();
        emitter_.emit(SandboxCreating{spec.number, spec.slot});
        if (auto created = fleet_.create(); !created) {
            emitter_.emit(SandboxEnded{spec.number, {}, created.error(), false});
            fleet_.creation_not_begun(time, std::move(created).error());
        }
    }
}

// An idle sandbox is worth its cost only while a running batch could still need it for a retry.
void Dispatcher::retire_idle() {
    if (scheduler_->has_queued()) return;
    auto idle = fleet_.in_phase(Phase::Idle);
    const std::size_t keep = fleet_.count(Phase::Busy);
    for (std::size_t i = keep; i < idle.size(); ++i) Fleet::retire(*idle[i]);
    if (keep == 0) fleet_.stop_all();
}

void Dispatcher::start_batch(SandboxState& sandbox, schedule::Assignment assignment) {
    const BatchNumber number(next_batch_++);
    BatchJob job{.batch = number,
                 .group = &config().groups[assignment.group.value()],
                 .tests = {},
                 .carry = (*groups_[assignment.group.value()].discovered)->carry,
                 .attempt = ledger_.attempts(assignment.tests.front()) + 1,
                 .orders = orders_for(assignment)};
    for (const auto index : assignment.tests) {
        job.tests.push_back(&tests_[index]);
        job.attempt = std::min(job.attempt, ledger_.attempts(index) + 1);
    }
    if (job.orders) {
        job.orders->push(order_for(assignment.tests));
        job.tests.clear();
    }
    if (assignment.hedge) hedges_ += assignment.tests.size();
    emitter_.emit(BatchStarted{number, sandbox.number, assignment.tests, assignment.hedge});
    batches_.try_emplace(number, number, sandbox.number, std::move(assignment.tests),
                         std::chrono::system_clock::now(), job.orders);
    sandbox.phase = Phase::Busy;
    sandbox.batch = number;
    sandbox.executor->run(std::move(job));
}

void Dispatcher::stop(std::string reason) {
    if (std::exchange(stopping_, true)) return;
    stop_reason_ = std::move(reason);
    if (discovery_) discovery_->cancel();
    for (const auto& family : awaiting_discovery_) discoveries_pending_ -= family.size();
    awaiting_discovery_.clear();
    preparation_cancel_.cancel();
    if (scheduler_) scheduler_->clear();
    fleet_.cancel_all();
}

void Dispatcher::give_up(std::string reason) {
    if (!failure_) failure_ = reason;
    emitter_.error(reason);
    stop(std::move(reason));
}

}  // namespace offload::engine

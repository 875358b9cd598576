// Discovery and the first workers overlap: where the framework has a worker that discovers, and
// sandboxes are on this machine, the process that finds a group's tests goes on as the first
// worker, and others start meanwhile. What is imported and collected once need not be again.

#include "early_workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "dispatcher.hpp"
#include "offload/base/text.hpp"

namespace offload::engine {

using framework::WorkerStart;

namespace {

constexpr std::size_t kHeldBytes = 1 << 20;

}  // namespace

// --- One of them -------------------------------------------------------------------------------

EarlyWorker::EarlyWorker(SandboxNumber sandbox, Family family, std::shared_ptr<WorkerOrders> orders,
                         std::optional<std::string> shown)
    : sandbox_(sandbox),
      family_(std::move(family)),
      orders_(std::move(orders)),
      shown_(std::move(shown)),
      takes_tests_(!shown_.has_value()) {}

GroupDiscovered EarlyWorker::discovered(Result<framework::Discovered> tests,
                                        const std::string& how) {
    found_ = true;
    return {.group = family_.group,
            .companions = family_.companions,
            .discovered = std::move(tests),
            .report = report(how),
            .duration = std::chrono::steady_clock::now() - begun_};
}

std::string EarlyWorker::report(const std::string& how) const {
    std::string out;
    std::string err;
    for (const auto& piece : held_) (piece.stream == Stream::Out ? out : err) += piece.bytes;
    return discovery_report(*shown_, how, {std::string_view(out), err});
}

void EarlyWorker::tell_to_stop() {
    told_to_stop_ = std::chrono::steady_clock::now();
    orders_->push(StopWorker{});
}

void EarlyWorker::hold(BatchOutput output) {
    held_bytes_ += output.bytes.size();
    held_.push_back(std::move(output));
    auto kept = held_.begin();
    while (held_bytes_ > kHeldBytes && std::next(kept) != held_.end()) {
        held_bytes_ -= kept->bytes.size();
        dropped_bytes_ += kept->bytes.size();
        ++kept;
    }
    held_.erase(held_.begin(), kept);
}

std::vector<BatchOutput> EarlyWorker::take_held(BatchNumber batch) {
    if (dropped_bytes_ > 0) {
        held_.insert(held_.begin(),
                     {batch, Stream::Out,
                      fmt::format("[the first {} bytes of this are left out]\n", dropped_bytes_)});
    }
    return std::exchange(held_, {});
}

bool EarlyWorker::expires(SteadyTime now, std::chrono::seconds discovery_limit,
                          std::chrono::seconds silence_limit) {
    const bool over = (owes_discovery() && now - begun_ > discovery_limit) ||
                      (told_to_stop_ && now - *told_to_stop_ > silence_limit);
    return over && !std::exchange(expired_, true);
}

// --- The dispatcher's part ---------------------------------------------------------------------

bool Dispatcher::may_discover_in_worker(const config::Group& group) const {
    return traits_.same_machine && traits_.passes_stdin && framework_.has_discovering_worker() &&
           !group.schedule_individual;
}

// Of use while discovery goes on, besides those that there are: this machine's cores are idle then.
std::size_t Dispatcher::spare_workers() const {
    if (!staying_group_ || unfit_) return 0;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    std::size_t wanted = std::min(slots_, cores);
    if (!request_.only_ids.empty()) wanted = std::min(wanted, request_.only_ids.size());
    const std::size_t taken = early_.size() + awaiting_discovery_.size();
    return wanted > taken ? wanted - taken : 0;
}

void Dispatcher::start_early_workers() {
    for (auto* sandbox : fleet_.in_phase(Phase::Idle)) {
        if (!awaiting_discovery_.empty()) {
            auto family = std::move(awaiting_discovery_.front());
            awaiting_discovery_.erase(awaiting_discovery_.begin());
            start_early_worker(*sandbox, std::move(family), WorkerStart::ToDiscover);
        } else if (spare_workers() > 0) {
            start_early_worker(*sandbox, {*staying_group_}, WorkerStart::DuringDiscovery);
        }
        if (stopping_) return;
    }
}

void Dispatcher::start_early_worker(SandboxState& sandbox, Family family, WorkerStart start) {
    const bool discovers = start == WorkerStart::ToDiscover;
    auto orders = WorkerOrders::create();
    if (!orders) {
        if (discovers) discoveries_pending_ -= family.size();
        give_up(orders.error().to_string());
        return;
    }
    const auto& group = config().groups[family.group.value()];
    std::optional<std::string> shown;
    if (discovers) {
        const auto command = framework_.discovery({group});
        shown = command ? command->shown : "";
    }
    const BatchNumber number(next_batch_++);
    auto companions = groups_of(family.companions, config());
    early_.try_emplace(number, sandbox.number, std::move(family), *orders, std::move(shown));
    sandbox.phase = Phase::Busy;
    sandbox.batch = number;
    sandbox.executor->run({.batch = number,
                           .group = &group,
                           .tests = {},
                           .carry = nullptr,
                           .attempt = 1,
                           .orders = *orders,
                           .start = start,
                           .companions = std::move(companions)});
}

void Dispatcher::employ_early_workers() {
    for (auto entry = early_.begin(); entry != early_.end();) {
        auto& [number, worker] = *entry;
        if (!worker.takes_tests()) {
            ++entry;
            continue;
        }
        std::optional<schedule::Assignment> assignment;
        if (streaming_ && !units_need_room()) {
            assignment = scheduler_->next_of(worker.group(), worker.sandbox(), now());
        }
        if (!assignment) {
            worker.tell_to_stop();
            ++entry;
            continue;
        }
        worker.orders()->push(order_for(assignment->tests));
        emitter_.emit(BatchStarted{number, worker.sandbox(), assignment->tests, false});
        for (auto& output : worker.take_held(number)) emitter_.emit(std::move(output));
        batches_.try_emplace(number, number, worker.sandbox(), std::move(assignment->tests),
                             std::chrono::system_clock::now(), worker.orders());
        entry = early_.erase(entry);
    }
}

void Dispatcher::watch_early_workers() {
    for (auto& [number, worker] : early_) {
        if (!worker.expires(std::chrono::steady_clock::now(), config().offload.discovery_timeout,
                            config().offload.test_timeout)) {
            continue;
        }
        fleet_.find(worker.sandbox())->executor->expire();
        if (!worker.owes_discovery()) continue;
        auto error = discovery_timeout(config(), config().groups[worker.group().value()],
                                       worker.report("still running"));
        auto message = worker.discovered(fail(std::move(error)), "ended after its time was over");
        handle(message);
    }
}

void Dispatcher::hear(EarlyWorker& worker, framework::Signals& signals) {
    for (auto& signal : signals) {
        if (auto* found = std::get_if<framework::TestsFound>(&signal)) {
            if (!worker.owes_discovery()) continue;
            if (found->stays) worker.takes_tests_from_now_on();
            auto message = worker.discovered(std::move(found->discovered), found->how);
            handle(message);
        } else if (std::holds_alternative<framework::WorkerWillStay>(signal)) {
            if (!staying_group_) staying_group_ = worker.group();
        } else if (auto* unfit = std::get_if<framework::WorkerUnfit>(&signal)) {
            worker.unfit();
            stop_streaming(unfit->reason);
        } else if (auto* notice = std::get_if<framework::RunnerNotice>(&signal)) {
            emitter_.emit(Notice{notice->severity, std::move(notice->text)});
        }
    }
}

void Dispatcher::end_early_worker(EarlyWorker worker, const BatchOver& over) {
    if (worker.owes_discovery()) {
        auto error = over.error.value_or(Error{fmt::format("discovery failed: {}", over.how)});
        auto message = worker.discovered(fail(std::move(error)), over.how);
        handle(message);
    } else if (!worker.is_unfit() && !worker.told_to_stop()) {
        note_barren_worker(over);
    }
    auto& sandbox = *fleet_.find(worker.sandbox());
    discard_artefacts(sandbox.number, over);
    sandbox.phase = over.sandbox_usable && !sandbox.told_to_stop ? Phase::Idle : Phase::Ending;
}

}  // namespace offload::engine

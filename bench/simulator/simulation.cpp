#include "offload/simulator/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>

#include "offload/model/test_table.hpp"
#include "offload/schedule/ledger.hpp"
#include "offload/schedule/settle.hpp"
#include "offload/simulator/agenda.hpp"
#include "policy.hpp"

namespace offload::simulator {
namespace {

enum class BatchEnd { Completed, Abnormal, TimedOut, Infrastructure, Cancelled };

Ending ending_of(BatchEnd end) {
    switch (end) {
        case BatchEnd::Completed:
            return ending::Completed{};
        case BatchEnd::Abnormal:
            return ending::Died{};
        case BatchEnd::TimedOut:
            return ending::TimedOut{};
        case BatchEnd::Infrastructure:
            return ending::Lost{};
        case BatchEnd::Cancelled:
            break;
    }
    return ending::Cancelled{};
}
using schedule::Ledger;

struct Done {
    TestIndex test;
    Seconds duration{0};
    bool passed = true;
};

// What a sandbox will do with its batch, known from the start to the simulation alone.
struct Batch {
    std::vector<TestIndex> tests;
    std::vector<Done> results;  // those that arrive
    BatchEnd end = BatchEnd::Completed;
    std::optional<TestIndex> running;  // when it broke
    Seconds running_for{0};
    schedule::BatchTime measured;
    GroupIndex group;
    bool closed = false;  // of a worker: it is given no more
    Seconds started{0};
    Seconds lost{0};  // when its sandbox is, if it still lives then
    double speed = 1;
    std::size_t planned = 0;  // tests whose course is known
    Seconds planned_until{0};
    std::set<TestIndex> reported;  // here, or as the winner elsewhere
};

struct Happening {
    enum class Kind { Ready, Result, End, LookAgain } kind;
    SandboxNumber sandbox;
    std::size_t result = 0;
};

class Simulation {
  public:
    explicit Simulation(const World& world);
    Report run();

  private:
    void dispatch();
    Seconds varied(Seconds least, double spread);
    bool start_batch(SandboxNumber sandbox);
    void begin(SandboxNumber sandbox, Batch& batch);
    void plan(SandboxNumber sandbox, Batch& batch);
    bool extend(SandboxNumber sandbox, Batch& batch);
    void take_result(SandboxNumber sandbox, Batch& batch, const Done& done);
    void finish(SandboxNumber sandbox, TestIndex test, std::optional<Seconds> took);
    void supersede(SandboxNumber sandbox, TestIndex test);
    void end_batch(SandboxNumber sandbox);
    void apply(const schedule::Settled& settled, SandboxNumber sandbox);
    void count_attempt(TestIndex test, Seconds duration);
    void check(const schedule::Assignment& assignment);
    bool may_run_now(TestIndex test) const;
    void check_resources();
    void check_end();
    void schedule_at(Seconds at, Happening::Kind kind, SandboxNumber sandbox,
                     std::size_t result = 0);
    void violation(std::string text);
    const Case& of(TestIndex test) const { return world_.cases[test.value()]; }

    const World& world_;
    std::unique_ptr<Policy> policy_;
    Ledger ledger_;
    std::mt19937_64 random_;
    Agenda<Happening> agenda_;
    std::unordered_map<SandboxNumber, Batch> busy_;
    std::set<SandboxNumber> idle_;
    std::size_t creating_ = 0;
    Seconds now_{0};
    Seconds last_result_{0};
    Seconds next_forecast_{0};
    Seconds next_look_at_{std::numeric_limits<double>::infinity()};
    std::vector<int> missing_;
    std::vector<Seconds> chains_;
    std::vector<std::uint8_t> running_;  // how often
    bool shares_;                        // some test needs more than a slot
    std::size_t most_batches_ = 0;
    Report report_;
};

Simulation::Simulation(const World& world)
    : world_(world),
      policy_(make_policy(world)),
      ledger_(world.retry_counts),
      random_(world.seed),
      missing_(world.cases.size()),
      chains_(world.cases.size()),
      running_(world.cases.size()),
      shares_(std::ranges::any_of(world.cases,
                                  [](const Case& test) { return test.needs != Needs{}; })) {
    report_.executions.resize(world.cases.size());
    std::size_t attempts = 0;
    for (std::size_t i = 0; i < world.cases.size(); ++i) {
        const Case& test = world.cases[i];
        ledger_.add({TestIndex(i), {}, test.group, {}, TestKind::Test});
        attempts += 1 + world.retry_counts[test.group.value()];
    }
    // Losses aside, each attempt is looked for in halves at worst.
    most_batches_ = 1000 + 100 * attempts;
}

void Simulation::violation(std::string text) { report_.violations.push_back(std::move(text)); }

void Simulation::schedule_at(Seconds at, Happening::Kind kind, SandboxNumber sandbox,
                             std::size_t result) {
    agenda_.add(at, {kind, sandbox, result});
}

Report Simulation::run() {
    dispatch();
    while (!agenda_.empty()) {
        now_ = agenda_.next_at();
        const Happening happening = agenda_.take();
        switch (happening.kind) {
            case Happening::Kind::Ready:
                --creating_;
                idle_.insert(happening.sandbox);
                break;
            case Happening::Kind::Result: {
                const auto batch = busy_.find(happening.sandbox);
                if (batch == busy_.end()) break;  // it was cancelled
                const Done done = batch->second.results[happening.result];
                take_result(happening.sandbox, batch->second, done);
                extend(happening.sandbox, batch->second);
                break;
            }
            case Happening::Kind::End: {
                const auto batch = busy_.find(happening.sandbox);
                if (batch == busy_.end()) break;
                const bool cancelled = batch->second.end == BatchEnd::Cancelled;
                if (!cancelled && now_ < batch->second.planned_until) break;  // it was given more
                if (!extend(happening.sandbox, batch->second)) end_batch(happening.sandbox);
                break;
            }
            case Happening::Kind::LookAgain:
                next_look_at_ = Seconds{std::numeric_limits<double>::infinity()};
                break;
        }
        if (report_.batches > most_batches_) {
            violation("the run does not end");
            break;
        }
        // All sandboxes that come up at one moment ask at that moment.
        const bool more_ready = !agenda_.empty() && agenda_.next_at() == now_ &&
                                agenda_.next().kind == Happening::Kind::Ready;
        if (!more_ready) dispatch();
        if (world_.forecast_interval > Seconds{0} && now_ >= next_forecast_) {
            if (const auto left = policy_->remaining(now_)) {
                report_.forecasts.push_back({now_, *left});
            }
            next_forecast_ = now_ + world_.forecast_interval;
        }
    }
    check_end();
    report_.makespan = last_result_;
    report_.batch_costs = policy_->batch_costs();
    report_.verdicts = ledger_.verdicts();
    report_.counts = ledger_.counts();
    for (const Seconds chain : chains_) report_.longest = std::max(report_.longest, chain);
    return std::move(report_);
}

void Simulation::dispatch() {
    if (now_ >= policy_->work_from()) {
        const std::set<SandboxNumber> asking = idle_;
        for (const SandboxNumber sandbox : asking) {
            if (start_batch(sandbox)) idle_.erase(sandbox);
            if (now_ < policy_->work_from()) break;
        }
    }
    const Seconds next_look = policy_->work_from();
    if (!idle_.empty() && next_look > now_ && next_look < next_look_at_) {
        next_look_at_ = next_look;
        if (std::isfinite(next_look.count())) {
            schedule_at(next_look, Happening::Kind::LookAgain, SandboxNumber{});
        }
    }
    const std::size_t useful = policy_->startable(world_.slots - busy_.size());
    while (busy_.size() + idle_.size() + creating_ < world_.slots &&
           idle_.size() + creating_ < useful) {
        ++creating_;
        schedule_at(now_ + varied(world_.creation, world_.creation_spread), Happening::Kind::Ready,
                    SandboxNumber(report_.sandboxes++));
    }
}

// Uniformly up to `spread` times as much again.
Seconds Simulation::varied(Seconds least, double spread) {
    if (spread <= 0) return least;
    return least * (1 + std::uniform_real_distribution<double>(0, spread)(random_));
}

bool Simulation::start_batch(SandboxNumber sandbox) {
    const auto assignment = policy_->next(sandbox, now_);
    if (!assignment) return false;
    check(*assignment);
    ++report_.batches;
    if (assignment->hedge) ++report_.hedges;
    Batch& batch = busy_[sandbox];
    batch.tests = assignment->tests;
    batch.group = assignment->group;
    batch.closed = assignment->closed;
    begin(sandbox, batch);
    plan(sandbox, batch);
    check_resources();
    return true;
}

// Batch by batch and from nothing but what their tests need, unlike the scheduler's own book.
void Simulation::check_resources() {
    if (world_.policy != PolicyKind::Ours) return;
    std::map<std::string, std::size_t> held;
    std::size_t slots = 0;
    // Each has one slot otherwise, and to look at all of them each time takes longest of all.
    if (!shares_ && busy_.size() <= world_.slots) return;
    for (const auto& [sandbox, batch] : busy_) {
        std::map<std::string, std::size_t> needed;
        std::size_t most = 1;
        for (const TestIndex test : batch.tests) {
            most = std::max(most, std::min(of(test).needs.slots, world_.slots));
            std::map<std::string, std::size_t> own;
            for (const auto& [resource, units] : of(test).needs.claims) own[resource] += units;
            for (const auto& [resource, units] : own) {
                needed[resource] = std::max(needed[resource], units);
            }
        }
        slots += most;
        for (const auto& [resource, units] : needed) {
            const auto found = world_.capacities.find(resource);
            const std::size_t capacity = found == world_.capacities.end() ? 1 : found->second;
            held[resource] += std::min(units, capacity);
            if (held[resource] > capacity) violation("more of " + resource + " than there is");
        }
    }
    if (slots > world_.slots) violation("more slots than there are");
}

// True when a worker was given more. One that is going to break does not know it.
bool Simulation::extend(SandboxNumber sandbox, Batch& batch) {
    const bool broken = batch.end == BatchEnd::Cancelled ||
                        (batch.end != BatchEnd::Completed && now_ >= batch.planned_until);
    if (world_.ahead <= Seconds{0} || batch.closed || broken) return false;
    auto tests = policy_->more(sandbox, now_, world_.slots - busy_.size());
    if (tests.empty()) return false;
    check({batch.group, tests, false});
    for (const TestIndex test : tests) {
        if (batch.reported.erase(test) == 0) continue;
        std::erase(batch.tests, test);  // it has failed here, and is tried once more
        --batch.planned;
    }
    batch.tests.insert(batch.tests.end(), tests.begin(), tests.end());
    check_resources();
    if (batch.end == BatchEnd::Completed) {
        batch.planned_until = std::max(batch.planned_until, now_);
        plan(sandbox, batch);
    }
    return true;
}

void Simulation::check(const schedule::Assignment& assignment) {
    std::size_t bytes = 0;
    if (assignment.tests.empty()) violation("an empty batch");
    if (assignment.hedge) {
        const bool ours = world_.policy == PolicyKind::Ours;
        if (ours && !world_.hedges) violation("a hedge where none is wanted");
        for (const TestIndex test : assignment.tests) {
            if (ours && !world_.measured && may_run_now(test))
                violation("a hedge without evidence");
        }
        if (policy_->has_queued()) violation("a hedge before the last queued test");
    }
    for (const TestIndex test : assignment.tests) {
        const bool fits = running_[test.value()]++ == (assignment.hedge ? 1 : 0);
        if (!fits) violation(fmt::format("test {} runs too often", test.value()));
        if (of(test).group != assignment.group) violation("a batch of two groups");
        if (of(test).alone && assignment.tests.size() > 1) violation("not alone in its batch");
        if (ledger_.decided(test)) violation("a decided test runs again");
        bytes += of(test).command_bytes;
    }
    if (world_.command_bytes > 0 && bytes > world_.command_bytes && assignment.tests.size() > 1) {
        violation("a command is too long");
    }
}

// Or the sandbox has not told yet that the one before it is done.
bool Simulation::may_run_now(TestIndex test) const {
    return std::ranges::any_of(busy_, [&](const auto& entry) {
        const Batch& batch = entry.second;
        const auto first = std::ranges::find_if(
            batch.tests, [&](TestIndex other) { return !batch.reported.contains(other); });
        return first != batch.tests.end() && *first == test;
    });
}

constexpr Seconds kNever{std::numeric_limits<double>::infinity()};

void Simulation::begin(SandboxNumber sandbox, Batch& batch) {
    batch.lost = kNever;
    if (world_.losses_per_hour > 0) {
        std::exponential_distribution<double> life(world_.losses_per_hour / 3600);
        batch.lost = now_ + Seconds{life(random_)};
    }
    batch.started = now_;
    // The same for each batch of a sandbox.
    std::mt19937_64 host(world_.seed * 1'000'003 + sandbox.value());
    batch.speed = 1 + world_.slowness * std::uniform_real_distribution<double>(0, 1)(host);
    batch.measured.overhead = varied(world_.overhead, world_.overhead_spread);
    batch.planned_until = now_ + batch.measured.overhead;
}

// The course of the tests that are new in the batch.
void Simulation::plan(SandboxNumber sandbox, Batch& batch) {
    const bool worker = world_.ahead > Seconds{0};
    const Seconds lost = batch.lost;
    Seconds at = batch.planned_until;
    for (; batch.planned < batch.tests.size(); ++batch.planned) {
        const TestIndex test = batch.tests[batch.planned];
        const Case& the_case = of(test);
        if (the_case.fate == Fate::LeftOut) continue;
        const Seconds limit = (worker ? at : batch.started) + world_.time_limit;
        Seconds duration = the_case.duration * batch.speed;
        if (world_.straggling > 0 && std::bernoulli_distribution(world_.straggling)(random_)) {
            duration *= world_.straggling_factor;
        }
        const Seconds until =
            the_case.fate == Fate::Hangs ? kNever : at + world_.overhead_per_test + duration;
        const Seconds broken = std::min(lost, limit);
        if (at < broken) ++report_.executions[test.value()];
        if (until > broken || the_case.fate == Fate::Crashes) {
            const Seconds end = std::min(until, broken);
            batch.end = until <= broken ? BatchEnd::Abnormal
                        : lost < limit  ? BatchEnd::Infrastructure
                                        : BatchEnd::TimedOut;
            if (at < end || batch.end == BatchEnd::Abnormal) {
                batch.running = test;
                batch.running_for = end - at;
            }
            at = end;
            break;
        }
        const bool passed = static_cast<std::size_t>(ledger_.attempts(test)) >= the_case.failures;
        batch.results.push_back({test, duration, passed});
        batch.measured.work += duration;
        batch.measured.overhead += world_.overhead_per_test;
        if (world_.streaming) {
            schedule_at(until, Happening::Kind::Result, sandbox, batch.results.size() - 1);
        }
        at = until;
    }
    if (!world_.streaming && batch.end != BatchEnd::Completed) batch.results.clear();
    batch.planned_until = at;
    schedule_at(at, Happening::Kind::End, sandbox);
}

void Simulation::count_attempt(TestIndex test, Seconds duration) {
    chains_[test.value()] += duration;
    report_.work += duration;
    ++report_.attempts;
    last_result_ = now_;
}

// The test is decided for now; a duplicate of it has lost.
void Simulation::finish(SandboxNumber sandbox, TestIndex test, std::optional<Seconds> took) {
    --running_[test.value()];
    if (const auto other = policy_->finished(sandbox, test, now_, took)) supersede(*other, test);
}

void Simulation::supersede(SandboxNumber sandbox, TestIndex test) {
    Batch& batch = busy_.at(sandbox);
    --running_[test.value()];
    batch.reported.insert(test);
    if (batch.reported.size() < batch.tests.size()) return;
    batch.end = BatchEnd::Cancelled;
    // At this very moment, but not in the middle of another batch's message.
    schedule_at(now_, Happening::Kind::End, sandbox);
}

void Simulation::take_result(SandboxNumber sandbox, Batch& batch, const Done& done) {
    if (!batch.reported.insert(done.test).second) return;
    finish(sandbox, done.test, done.duration);
    TestResult result;
    result.outcome = done.passed ? Outcome::Passed : Outcome::Failed;
    result.duration = done.duration;
    count_attempt(done.test, done.duration);
    const auto recorded = ledger_.record(done.test, result, BatchNumber{}, sandbox, {});
    if (recorded.decision == Ledger::Decision::Ignored) violation("a result of a decided test");
    if (recorded.decision == Ledger::Decision::Retry) policy_->retry(done.test, sandbox);
}

void Simulation::end_batch(SandboxNumber sandbox) {
    auto node = busy_.extract(sandbox);
    Batch& batch = node.mapped();
    report_.busy += now_ - batch.started;
    if (!world_.streaming && batch.end != BatchEnd::Cancelled) {
        for (const Done& done : batch.results) take_result(sandbox, batch, done);
    }
    if (batch.end == BatchEnd::Cancelled) ++report_.cancelled;
    schedule::SettleInput input;
    input.ending = ending_of(batch.end);
    input.batch_size = batch.tests.size();
    input.starts_known = world_.streaming;
    input.worker = world_.ahead > Seconds{0};
    input.time_limit = world_.time_limit;
    for (const TestIndex test : batch.tests) {
        if (batch.reported.contains(test)) continue;
        schedule::Unfinished unfinished{test, std::nullopt, missing_[test.value()], {}};
        if (batch.end == BatchEnd::Completed) ++missing_[test.value()];
        if (world_.streaming && batch.running == test) unfinished.running_for = batch.running_for;
        input.unfinished.push_back(std::move(unfinished));
    }
    auto settled = settle(input);
    for (const auto& failed : settled.attempts) {
        finish(sandbox, failed.test, std::nullopt);
    }
    for (const auto& unfinished : input.unfinished) {
        const bool failed = std::ranges::any_of(
            settled.attempts, [&](const auto& each) { return each.test == unfinished.test; });
        if (!failed) --running_[unfinished.test.value()];
    }
    const bool whole = !input.worker && batch.end == BatchEnd::Completed &&
                       batch.reported.size() == batch.tests.size();
    policy_->ended(sandbox, now_, whole ? std::optional(batch.measured) : std::nullopt);
    apply(settled, sandbox);
    if (batch.end == BatchEnd::Completed) idle_.insert(sandbox);
    if (batch.end == BatchEnd::Infrastructure) {
        ++report_.lost;
        most_batches_ += 2;
    }
}

void Simulation::apply(const schedule::Settled& settled, SandboxNumber sandbox) {
    for (const auto& [test, result] : settled.attempts) {
        const Seconds duration = result.duration;
        count_attempt(test, duration);
        if (ledger_.record(test, result, BatchNumber{}, sandbox, {}).decision ==
            Ledger::Decision::Retry) {
            policy_->requeue_together({test}, sandbox);
        }
    }
    policy_->requeue(settled.requeue);
    for (const auto& tests : settled.suspects) policy_->requeue_together(tests, std::nullopt);
    for (const auto& [test, reason] : settled.not_run) {
        if (!policy_->runs(test)) ledger_.give_up(test, reason);
    }
}

void Simulation::check_end() {
    if (!report_.violations.empty()) return;
    if (policy_->has_queued()) violation("tests are queued at the end");
    if (policy_->has_running()) violation("a batch runs at the end");
    if (ledger_.undecided() > 0) {
        violation(fmt::format("{} tests are undecided", ledger_.undecided()));
    }
    if (ledger_.counts().total() != world_.cases.size()) violation("the totals do not add up");
}

}  // namespace

Seconds Report::lower_bound(const World& world) const {
    const Seconds all = work + world.overhead_per_test * static_cast<double>(attempts);
    return world.creation + world.overhead +
           std::max(longest + world.overhead_per_test,
                    all / static_cast<double>(std::max<std::size_t>(world.slots, 1)));
}

Report simulate(const World& world) { return Simulation(world).run(); }

}  // namespace offload::simulator

#include "offload/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "crew.hpp"
#include "fleet.hpp"
#include "foresight.hpp"
#include "intake.hpp"
#include "offload/run/gathering.hpp"
#include "offload/run/plan.hpp"
#include "outbox.hpp"
#include "results.hpp"
#include "stop.hpp"
#include "streaming.hpp"
#include "verdicts.hpp"

namespace offload::run {
namespace {

constexpr Seconds kForecastInterval{1};

}  // namespace

// Each room has its own subject and keeps its state to itself; what follows is who asks whom when.
struct Run::Rooms {
    Rooms(Settings given, TestTable& table)
        : settings(std::move(given)),
          tests(table),
          stop(out),
          gathering(settings),
          durations(durations_of(settings)),
          foresight(settings, durations),
          fleet(settings, out),
          crew(settings, fleet, out),
          verdicts(settings, tests, out, stop),
          streaming(settings, fleet, crew, verdicts, out),
          results({settings, out, stop, fleet, crew, verdicts, streaming}) {}

    enum class Concluding { NotYet, Asked, Done };

    const Settings settings;
    TestTable& tests;
    Outbox out;
    Stop stop;
    Gathering gathering;
    const schedule::Durations durations;
    Foresight foresight;
    Fleet fleet;
    Crew crew;
    Verdicts verdicts;
    Streaming streaming;
    Results results;
    std::optional<schedule::Scheduler> scheduler;  // from the plan on
    bool prepared = false;
    std::optional<std::string>
        unprepared;  // why there can be no sandbox: the run ends once planned
    Concluding concluding = Concluding::NotYet;
    std::string runner_report;
    Seconds next_forecast{0};

    schedule::Scheduler* scheduler_or_null() { return scheduler ? &*scheduler : nullptr; }

    void start();
    void discover(std::vector<Family> families);
    void gathered(GroupDiscovered message);
    void plan();
    void advance(const Now& now);
    void cannot_prepare(std::string reason);
    void advance_discovery(const Now& now);
    void assign_batches(const Now& now);
    void give_up_without_sandboxes();
    void watch(const Now& now);
    void forecast(const Now& now);
    void carry_out_stop();
    bool work_is_done() const;
    void conclude_when_done();
    void take_conclusion(Result<Conclusion>& conclusion);
    void finish();

    void hear(Message& message, const Now& now);
    void hear_hired(Batch& worker, Signals& signals, const Now& now);
    void end_hired(Batch& worker, const BatchOver& over, const Now& now);
};

Run::Run(Settings settings, TestTable& tests)
    : rooms_(std::make_unique<Rooms>(std::move(settings), tests)) {}
Run::~Run() = default;

Actions Run::start(const Now& now) {
    rooms_->start();
    rooms_->advance(now);
    return rooms_->out.take();
}

Actions Run::on(std::vector<Message> messages, const Now& now) {
    for (auto& message : messages) {
        rooms_->hear(message, now);
        rooms_->carry_out_stop();
    }
    rooms_->advance(now);
    return rooms_->out.take();
}

Actions Run::tick(const Now& now) {
    rooms_->watch(now);
    rooms_->advance(now);
    rooms_->forecast(now);
    return rooms_->out.take();
}

bool Run::over() const { return rooms_->concluding == Rooms::Concluding::Done; }

RunSummary Run::summary(const Now& now) {
    auto& rooms = *rooms_;
    RunSummary summary;
    rooms.verdicts.close(rooms.stop.reason(), summary);
    summary.wall = now.since_start;
    summary.slots = rooms.settings.slots;
    summary.hedges = rooms.crew.hedges();
    summary.failure = rooms.stop.failure();
    summary.runner_report = std::move(rooms.runner_report);
    summary.interrupted_by = rooms.stop.interrupted_by();
    return summary;
}

// --- From the start to the plan ----------------------------------------------------------------

void Run::Rooms::start() {
    out.tell(settings.told);
    for (const auto& warning : settings.warnings) out.warn(warning);
    auto by_command = gathering.begin(std::min(settings.slots, settings.discoveries_at_once));
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        if (!settings.groups[i].wanted) continue;
        out.tell(DiscoveryStarted{GroupIndex(i), settings.groups[i].shown});
    }
    if (!by_command.empty()) foresight.expect_some();
    discover(std::move(by_command));
    out.add(Prepare{});
}

void Run::Rooms::discover(std::vector<Family> families) {
    if (!families.empty()) out.add(Discover{std::move(families)});
}

void Run::Rooms::gathered(GroupDiscovered message) {
    auto groups = message.companions;
    groups.push_back(message.group);
    discover(gathering.take(std::move(message)));
    if (gathering.over()) return;  // the plan is next, and says all
    foresight.expect_some();
    for (const auto group : groups) {
        if (const auto* found = gathering.found(group)) foresight.add(group, *found);
    }
}

void Run::Rooms::plan() {
    const Plan plan = make_plan(settings.groups, gathering.groups(), settings.only_ids, tests);
    for (const auto& test : tests) {
        out.tell(TestDiscovered{test.index, test.id, test.group, test.file, test.kind});
    }
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        if (gathering.found(GroupIndex(i)) == nullptr) continue;
        out.tell(DiscoveryFinished{GroupIndex(i), plan.tests_of_group[i],
                                   gathering.groups()[i].duration});
    }
    for (const auto& text : plan.notes) out.note(text);
    for (const auto& text : plan.warnings) out.warn(text);
    verdicts.begin(plan);

    const bool workers = streaming.possible(gathering);
    Intake intake(settings, durations);
    scheduler.emplace(scheduler_options(settings, workers), settings.capacities);
    intake.add(plan.selected, tests, *scheduler);
    streaming.begin(workers, *scheduler);
    out.tell(RunPlanned{plan.selected.size(), intake.durations_known()});
    gathering.forget_tests();
    if (!plan.errors.empty()) {
        std::string text;
        for (const auto& error : plan.errors) {
            text += (text.empty() ? "" : "\n") + error.to_string();
        }
        stop.give_up(std::move(text));
    }
    // A run that knows its modules are broken has its first failures.
    if (settings.fail_fast && !plan.broken.empty()) {
        stop.stop("--fail-fast: a module could not be collected");
    }
}

// --- Moving work -------------------------------------------------------------------------------

void Run::Rooms::advance(const Now& now) {
    if (!scheduler && gathering.over() && !stop.stopping()) plan();
    if (unprepared && (scheduler || gathering.awaiting_worker() > 0)) stop.stop(*unprepared);
    carry_out_stop();
    if (!stop.stopping() && prepared && !unprepared) {
        if (!scheduler) {
            advance_discovery(now);
        } else {
            streaming.employ(*scheduler, now);
            streaming.feed_all(*scheduler, now);
            assign_batches(now);
            fleet.want(scheduler->startable(settings.slots - fleet.count(Phase::Busy)),
                       now.since_start);
            if (!scheduler->has_queued()) {
                fleet.retire_surplus();
            } else {
                give_up_without_sandboxes();
            }
        }
    }
    carry_out_stop();
    conclude_when_done();
}

// The reports name every test that is not run for it, as soon as tests are known without a sandbox.
void Run::Rooms::cannot_prepare(std::string reason) {
    stop.despair(reason);
    if (!gathering.over() && gathering.awaiting_worker() == 0) {
        out.note("the reports need the names of the tests: collecting goes on");
    }
    unprepared = std::move(reason);
}

// Where there can be one, a worker finds a group's tests and goes on to run them, and others start
// meanwhile.
void Run::Rooms::advance_discovery(const Now& now) {
    for (const auto sandbox : fleet.idle()) {
        if (gathering.awaiting_worker() > 0) {
            crew.hire(sandbox, Way::ToDiscover, gathering.take_for_worker(), now);
        } else if (streaming.spare_workers(0) > 0) {
            crew.hire(sandbox, Way::WhileDiscovery, {*streaming.staying_group()}, now);
        }
    }
    const std::size_t awaiting = gathering.awaiting_worker();
    fleet.want(std::max(foresight.batches(), awaiting + streaming.spare_workers(awaiting)),
               now.since_start);
    if (awaiting == 0 || !fleet.failing()) return;
    give_up_without_sandboxes();
    // A worker that has discovered waits for the others' discoveries and keeps its sandbox.
    if (!stop.stopping()) discover(gathering.take_for_commands());
}

void Run::Rooms::assign_batches(const Now& now) {
    if (now.since_start < scheduler->work_from()) return;
    for (const auto sandbox : fleet.idle()) {
        const auto assignment = scheduler->next(sandbox, now.since_start);
        if (!assignment) continue;
        crew.start(sandbox, streaming.way_of(*assignment), *assignment,
                   verdicts.next_attempts(assignment->tests), gathering.carry(assignment->group),
                   now);
    }
}

void Run::Rooms::give_up_without_sandboxes() {
    if (fleet.alive() > 0 || !fleet.hopeless()) return;
    stop.give_up(
        fmt::format("no sandbox could be created: {}", fleet.last_creation_error()->to_string()));
}

// Ends workers in which a test takes too long, or that hang without one.
void Run::Rooms::watch(const Now& now) {
    std::vector<GroupDiscovered> too_late;
    for (auto& [number, batch] : crew.batches()) {
        if (!batch.expires(settings, now)) continue;
        fleet.end_batch(batch.sandbox(), EndBatch::How::Expire);
        auto* prelude = batch.prelude();
        if (prelude == nullptr || !prelude->owes_discovery()) continue;
        auto error = discovery_timeout(settings.groups[batch.group().value()].name,
                                       settings.discovery_limit, prelude->report("still running"));
        too_late.push_back(prelude->discovered(fail(std::move(error)),
                                               "ended after its time was over", now.since_start));
    }
    for (auto& message : too_late) gathered(std::move(message));
}

void Run::Rooms::forecast(const Now& now) {
    if (!scheduler || stop.stopping() || now.since_start < next_forecast) return;
    next_forecast = now.since_start + kForecastInterval;
    if (const auto left = scheduler->remaining(now.since_start)) out.add(Forecast{*left});
}

// --- The end -----------------------------------------------------------------------------------

void Run::Rooms::carry_out_stop() {
    if (!stop.fresh()) return;
    out.add(CancelDiscoveries{});
    gathering.abandon();
    out.add(CancelPreparation{});
    if (scheduler) scheduler->clear();
    fleet.cancel_all();
}

bool Run::Rooms::work_is_done() const {
    if (!gathering.over() || !prepared || fleet.alive() > 0) return false;
    return stop.stopping() || (scheduler && !scheduler->has_queued() && !scheduler->has_running());
}

void Run::Rooms::conclude_when_done() {
    if (concluding != Concluding::NotYet || !work_is_done()) return;
    // What batches on this machine left is made one.
    if (!settings.abilities.same_machine || !scheduler || stop.interrupted_by()) {
        finish();
        return;
    }
    Conclude conclude{.groups = {}, .any_failure = verdicts.any_failure()};
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        const GroupIndex group(i);
        if (const auto* found = gathering.found(group)) {
            conclude.groups.push_back({group, found->carry});
        }
    }
    concluding = Concluding::Asked;
    out.add(std::move(conclude));
}

void Run::Rooms::take_conclusion(Result<Conclusion>& conclusion) {
    if (!conclusion) {
        out.warn(conclusion.error().to_string());
        return;
    }
    for (auto& text : conclusion->warnings) out.warn(std::move(text));
    if (conclusion->failure) stop.fail(*std::move(conclusion->failure));
    runner_report = std::move(conclusion->report);
}

void Run::Rooms::finish() {
    results.warn_of_idle_globs();
    verdicts.warn_of_repetitions();
    concluding = Concluding::Done;
}

// --- Messages ----------------------------------------------------------------------------------

void Run::Rooms::hear(Message& message, const Now& now) {
    struct Ear {
        Rooms& rooms;
        const Now& now;

        void operator()(GroupDiscovered& body) { rooms.gathered(std::move(body)); }
        void operator()(ProviderSaid& body) { rooms.out.note(std::move(body.line)); }
        void operator()(Prepared& body) {
            rooms.prepared = true;
            if (!body.result && !rooms.stop.stopping()) {
                rooms.cannot_prepare(body.result.error().to_string());
            }
        }
        void operator()(SandboxUp& body) { rooms.fleet.hear(body); }
        void operator()(SandboxNotCreated& body) {
            rooms.fleet.hear(body, rooms.stop.stopping(), now.since_start);
        }
        void operator()(const SandboxGoing& body) { rooms.fleet.hear(body); }
        void operator()(SandboxGone& body) { rooms.fleet.hear(body); }
        void operator()(const BatchBegan& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() == nullptr) {
                rooms.scheduler->began(batch.sandbox(), now.since_start);
            }
        }
        void operator()(BatchSaid& body) {
            BatchOutput output{body.batch, body.stream, std::move(body.bytes)};
            if (auto* prelude = rooms.crew.at(body.batch).prelude()) {
                prelude->hold(std::move(output));
            } else {
                rooms.out.tell(std::move(output));
            }
        }
        void operator()(BatchTold& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() != nullptr) {
                rooms.hear_hired(batch, body.signals, now);
                return;
            }
            rooms.results.hear(batch, body.signals, *rooms.scheduler, now);
            if (!batch.is_worker()) return;
            batch.stirred(now);
            if (!rooms.stop.stopping()) rooms.streaming.feed(batch, *rooms.scheduler, now);
        }
        void operator()(BatchOver& body) {
            auto& batch = rooms.crew.at(body.batch);
            if (batch.prelude() != nullptr) {
                rooms.end_hired(batch, body, now);
            } else {
                rooms.results.over(std::move(body), *rooms.scheduler, now);
            }
        }
        void operator()(Concluded& body) {
            if (!rooms.stop.interrupted_by()) rooms.take_conclusion(body.conclusion);
            rooms.finish();
        }
        void operator()(const Interrupted& body) {
            if (rooms.stop.interrupted_by()) return;
            if (rooms.concluding == Concluding::Asked) rooms.out.add(CancelConclusion{});
            rooms.out.warn(
                "interrupted: ending what runs and destroying the sandboxes (interrupt again to "
                "end at once, without that)");
            rooms.stop.interrupt(body.signal);
        }
    };
    std::visit(Ear{*this, now}, message);
}

void Run::Rooms::hear_hired(Batch& worker, Signals& signals, const Now& now) {
    auto& prelude = *worker.prelude();
    for (auto& signal : signals) {
        if (auto* found = std::get_if<TestsFound>(&signal)) {
            if (!prelude.owes_discovery()) continue;
            if (found->stays) prelude.takes_tests_from_now_on();
            gathered(prelude.discovered(std::move(found->discovered), found->how, now.since_start));
        } else if (std::holds_alternative<WorkerWillStay>(signal)) {
            streaming.will_stay(worker.group());
        } else if (auto* unfit = std::get_if<WorkerUnfit>(&signal)) {
            worker.unfit();
            streaming.rule_out(unfit->reason, scheduler_or_null());
        } else if (auto* notice = std::get_if<RunnerNotice>(&signal)) {
            out.tell(Notice{notice->severity, std::move(notice->text)});
        }
    }
}

void Run::Rooms::end_hired(Batch& worker, const BatchOver& over, const Now& now) {
    auto& prelude = *worker.prelude();
    if (prelude.owes_discovery()) {
        const auto how = describe(over.ending);
        const auto* lost = std::get_if<ending::Lost>(&over.ending);
        auto error =
            lost != nullptr ? lost->error : Error{fmt::format("discovery failed: {}", how)};
        gathered(prelude.discovered(fail(std::move(error)), how, now.since_start));
    } else if (!worker.is_unfit() && !worker.leaving()) {
        streaming.ended(worker, over, scheduler_or_null());
    }
    results.discard_artefacts(worker, over);
    crew.remove(worker.number(), over.sandbox_usable);
}

}  // namespace offload::run

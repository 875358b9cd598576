#include "offload/run/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "intake.hpp"
#include "offload/run/plan.hpp"
#include "rooms.hpp"

namespace offload::run {

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

bool Run::over() const { return rooms_->closing.over(); }

RunSummary Run::summary(const Now& now) {
    auto& rooms = *rooms_;
    RunSummary summary;
    rooms.verdicts.close(rooms.stop.reason(), summary);
    summary.wall = now.since_start;
    summary.slots = rooms.settings.slots;
    summary.hedges = rooms.crew.hedges();
    summary.failure = rooms.stop.failure();
    summary.runner_report = rooms.closing.take_report();
    summary.leaked_sandboxes = rooms.fleet.leaked();
    if (rooms.scheduler) summary.batch_costs = rooms.scheduler->batch_costs();
    summary.interrupted_by = rooms.stop.interrupted_by();
    return summary;
}

// --- From the start to the plan ----------------------------------------------------------------

void Run::Rooms::start() {
    out.tell(settings.told);
    for (const auto& warning : settings.warnings) out.warn(warning);
    if (settings.sets_up) {
        scripts.begin_setup();
        out.add(SetUp{});
    } else {
        begin(std::min(settings.slots, settings.discoveries_at_once));
        out.add(Prepare{});
    }
}

// What it has built, discovery and the provider may need. Where it has failed, there is nothing to
// run; but the reports name the tests, if they can be found in spite of it.
void Run::Rooms::end_setup(const Result<>& result) {
    scripts.end_setup();
    if (stop.stopping()) {
        preparation.end();
    } else if (!result) {
        begin(0);
        cannot_prepare(result.error().to_string());
    } else {
        begin(std::min(settings.slots, settings.discoveries_at_once));
        out.add(Prepare{});
    }
}

void Run::Rooms::begin(std::size_t discovering_workers) {
    auto by_command = gathering.begin(discovering_workers);
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        if (!settings.groups[i].wanted) continue;
        out.tell(DiscoveryStarted{GroupIndex(i), settings.groups[i].shown});
    }
    // Others are made while the first one discovers, as many as there was work for before.
    if (settings.abilities.discovers_in_sandbox) {
        foresight.expect(std::min(settings.slots, settings.known_durations.size()));
    } else if (!by_command.empty()) {
        foresight.expect(1);
    }
    discover(std::move(by_command));
}

void Run::Rooms::discover(std::vector<Family> families) {
    if (!families.empty()) out.add(Discover{std::move(families)});
}

void Run::Rooms::gathered(GroupDiscovered message) {
    auto groups = message.companions;
    groups.push_back(message.group);
    discover(gathering.take(std::move(message)));
    if (gathering.over()) return;  // the plan is next, and says all
    foresight.expect(1);
    for (const auto group : groups) {
        if (const auto* found = gathering.found(group)) foresight.add(group, *found);
    }
}

void Run::Rooms::plan() {
    Plan plan = make_plan(settings.groups, gathering.groups(), settings.selection, tests);
    const bool workers = streaming.possible(gathering);
    gathering.forget_tests();
    for (const auto& test : tests) {
        out.tell(TestDiscovered{test.index, test.id, test.group, test.file, test.kind});
    }
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        if (gathering.found(GroupIndex(i)) == nullptr) continue;
        out.tell(DiscoveryFinished{GroupIndex(i), plan.tests_of_group[i],
                                   gathering.groups()[i].duration});
    }
    for (const auto& text : plan.details) out.detail(text);
    for (const auto& text : plan.notes) out.note(text);
    for (const auto& text : plan.warnings) out.warn(text);
    verdicts.begin(plan);

    Intake intake(settings, foresight.durations());
    scheduler.emplace(scheduler_options(settings, workers), settings.capacities);
    intake.add(plan.selected, tests, *scheduler);
    streaming.begin(workers, *scheduler);
    out.tell(
        RunPlanned{plan.selected.size(), intake.durations_known(),
                   settings.selection.is_everything() ? std::vector<TestIndex>{} : plan.selected,
                   !plan.errors.empty(), std::move(plan.shard)});
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
    if (scripts.setting_up()) return carry_out_stop();
    if (!scheduler && gathering.over() && !stop.stopping()) plan();
    if (preparation.trouble() && (scheduler || gathering.awaiting_worker() > 0)) {
        stop.stop(*preparation.trouble());
    }
    carry_out_stop();
    if (!stop.stopping() && preparation.succeeded()) {
        if (!scheduler) {
            advance_discovery(now);
        } else {
            streaming.employ(*scheduler, now);
            streaming.feed_all(*scheduler, now);
            // Who has just begun is told as well if nothing follows: it would wait for that.
            if (assign_batches(now)) streaming.feed_all(*scheduler, now);
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
    preparation.fail(std::move(reason));
}

// Where there can be one, a worker finds a group's tests and goes on to run them, and others start
// meanwhile.
void Run::Rooms::advance_discovery(const Now& now) {
    for (const auto sandbox : fleet.idle()) {
        if (gathering.awaiting_worker() > 0) {
            crew.hire(sandbox, Way::ToDiscover, gathering.take_for_worker(), now);
        } else if (streaming.has_spare_place()) {
            crew.hire(sandbox, Way::WhileDiscovery, {*streaming.staying_group()}, now);
        }
    }
    const bool in_sandboxes = settings.abilities.discovers_in_sandbox;
    const std::size_t awaiting = gathering.awaiting_worker();
    const std::size_t spare = in_sandboxes ? 0 : streaming.spare_workers(awaiting);
    fleet.want(std::max(foresight.batches(), awaiting + spare), now.since_start);
    const bool crowded = fleet.alive() >= settings.slots || fleet.failing();
    if (in_sandboxes && awaiting > 0 && crowded && fleet.count(Phase::Idle) == 0 &&
        fleet.count(Phase::Creating) == 0) {
        streaming.make_room_for_discovery(now);
    }
    if (awaiting == 0 || !fleet.failing()) return;
    give_up_without_sandboxes();
    if (in_sandboxes) return;
    // A worker that has discovered waits for the others' discoveries and keeps its sandbox.
    if (!stop.stopping()) discover(gathering.take_for_commands());
}

bool Run::Rooms::assign_batches(const Now& now) {
    if (now.since_start < scheduler->work_from()) return false;
    bool any = false;
    for (const auto sandbox : fleet.idle()) {
        const auto assignment = scheduler->next(sandbox, now.since_start);
        if (!assignment) continue;
        crew.start(sandbox, streaming.way_of(*assignment), *assignment,
                   verdicts.next_attempts(assignment->tests), gathering.carry(assignment->group),
                   now);
        any = true;
    }
    return any;
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
    if (!scheduler || stop.stopping()) return;
    if (const auto forecast = foresight.forecast(*scheduler, now.since_start)) out.add(*forecast);
}

// --- The end -----------------------------------------------------------------------------------

void Run::Rooms::carry_out_stop() {
    if (!stop.fresh()) return;
    if (scripts.setting_up()) out.add(CancelSetup{});
    out.add(CancelDiscoveries{});
    gathering.abandon();
    out.add(CancelPreparation{});
    if (scheduler) scheduler->clear();
    fleet.cancel_all();
}

bool Run::Rooms::work_is_done() const {
    if (!gathering.over() || !preparation.over() || fleet.alive() > 0) return false;
    return stop.stopping() || (scheduler && !scheduler->has_queued() && !scheduler->has_running());
}

void Run::Rooms::conclude_when_done() {
    if (closing.begun() || !work_is_done()) return;
    // What batches on this machine left is made one.
    if (!settings.abilities.same_machine || !scheduler || stop.interrupted_by()) {
        tear_down_or_finish();
        return;
    }
    Conclude conclude{.groups = {}, .any_failure = verdicts.any_failure()};
    for (std::size_t i = 0; i < settings.groups.size(); ++i) {
        const GroupIndex group(i);
        if (const auto* found = gathering.found(group)) {
            conclude.groups.push_back({group, found->carry});
        }
    }
    closing.ask();
    out.add(std::move(conclude));
}

void Run::Rooms::take_conclusion(Result<Conclusion>& conclusion) {
    if (!conclusion) {
        out.warn(conclusion.error().to_string());
        return;
    }
    for (auto& text : conclusion->warnings) out.warn(std::move(text));
    if (conclusion->failure) stop.fail(*std::move(conclusion->failure));
    closing.keep_report(std::move(conclusion->report));
}

void Run::Rooms::tear_down_or_finish() {
    if (!scripts.owes_teardown()) return finish();
    scripts.begin_teardown();
    closing.await_teardown();
    out.add(TearDown{});
}

void Run::Rooms::end_teardown(const std::vector<Error>& troubles) {
    for (const auto& trouble : troubles) stop.despair(trouble.to_string());
    finish();
}

void Run::Rooms::finish() {
    results.warn_of_idle_globs();
    verdicts.tell_of_deaths();
    verdicts.warn_of_repetitions();
    closing.finish();
}

}  // namespace offload::run

#include "process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "commands.hpp"

namespace offload::simulation {
namespace {

constexpr Seconds kUntilEnded{0.05};
constexpr int kSegmentationFault = 11;
constexpr int kKilled = 9;

using Way = Exec::Way;

// It may break what is nobody's fault, or hide what is.
bool is_faulty(Way way) {
    return way != Way::Regular && way != Way::TellsTwice && way != Way::TellsStrays &&
           way != Way::WearsOut && way != Way::LosesFiles && way != Way::RunnerFails;
}

TestResult result_of(Outcome outcome, Seconds duration) {
    TestResult result;
    result.outcome = outcome;
    result.duration = duration;
    result.system_out = "what it printed\n";
    return result;
}

bool is_slow(Act act) { return act == Act::Dawdle || act == Act::CrashLate || act == Act::Mumble; }

Outcome outcome_of(Act act) {
    return act == Act::Pass || is_slow(act) ? Outcome::Passed
           : act == Act::Skip               ? Outcome::Skipped
                                            : Outcome::Failed;
}

}  // namespace

Process::Process(const Surroundings& around, run::StartBatch order,
                 std::function<void(run::BatchOver)> over)
    : around_(around),
      order_(std::move(order)),
      over_(std::move(over)),
      exec_(around.world.usual_exec),
      owes_discovery_(order_.way == run::Way::ToDiscover) {
    const auto planned = around.world.execs.find(order_.batch.value());
    if (planned != around.world.execs.end()) exec_ = planned->second;
}

void Process::later(Seconds time, void (Process::*what)()) {
    around_.stage.after(time, [this, what, alive = std::weak_ptr(alive_)] {
        if (!alive.expired() && !over_already_) (this->*what)();
    });
}

void Process::tell(Signal signal) {
    if (over_already_) return;
    Signals signals;
    signals.push_back(std::move(signal));
    around_.stage.tell(run::BatchTold{order_.batch, std::move(signals)});
}

void Process::say(std::string text) {
    around_.stage.tell(run::BatchSaid{order_.batch, Stream::Out, std::move(text)});
}

Act Process::next_act(const std::string& id) {
    const auto turn = static_cast<std::size_t>(around_.record.turns[id]++);
    const auto& acts = test_of(around_.world, id).acts;
    return acts.empty() ? Act::Pass : acts[std::min(turn, acts.size() - 1)];
}

// --- From its start to its first test ----------------------------------------------------------

void Process::begin() {
    began_ = around_.stage.now;
    BatchRecord made;
    made.sandbox = order_.sandbox;
    made.way = order_.way;
    made.faulty = is_faulty(exec_.way);
    made.only_runner_fails = exec_.way == Way::RunnerFails;
    around_.stage.expect(around_.record.batches.try_emplace(order_.batch, std::move(made)).second,
                         fmt::format("batch {} starts twice", order_.batch.value()));
    around_.stage.expect(order_.tests.empty() || order_.carry,
                         "a batch is not handed what its discovery has found out");
    take(std::exchange(order_.tests, {}));
    if (!is_worker()) later(around_.world.settings.exec_limit, &Process::run_out_of_time);
    later(around_.world.start_up, &Process::start_up);
}

void Process::start_up() {
    using namespace ending;
    if (exec_.way == Way::NeverBegins) return;
    if (exec_.way == Way::CannotBeWorded) return end(Lost{Error{"it cannot be worded"}});
    if (exec_.way == Way::DoesNotFit && !is_worker()) return end(DidNotFit{1000});
    if (exec_.way == Way::CannotStart) {
        say("sh: 1: pytest: not found\n");
        return end(Died{Exited{127}});
    }
    if (order_.way == run::Way::ToDiscover) return collect();
    if (exec_.way == Way::IsDeaf && is_worker()) return end(Died{Exited{3}});
    if (exec_.way == Way::IsUnfit && is_worker()) {
        tell(WorkerUnfit{"it says so"});
        return end(Died{Exited{0}});
    }
    if (!is_worker()) around_.stage.tell(run::BatchBegan{order_.batch});
    work();
}

void Process::collect() {
    if (exec_.way == Way::Lost) return end(ending::Lost{Error{"connection lost"}});
    around_.record.discoveries.push_back(group().settings.name);
    say("collecting\n");
    const auto finding = how_it_finds();
    if (finding != Finding::LeavesAsUnfit && discovers_as_worker()) tell(WorkerWillStay{});
    if (finding == Finding::Hangs) return;
    later(group().discovery.takes, &Process::tell_what_was_found);
}

// Else it is the framework's command, which ends when it has told.
bool Process::discovers_as_worker() const {
    const auto& abilities = around_.world.settings.abilities;
    return abilities.worker_discovers && abilities.passes_stdin;
}

Finding Process::how_it_finds() const {
    const auto finding = group().finding;
    const bool leaves = finding == Finding::Stays || finding == Finding::LeavesAsUnfit;
    return leaves && !discovers_as_worker() ? Finding::Leaves : finding;
}

void Process::tell_what_was_found() {
    using namespace ending;
    const auto finding = how_it_finds();
    if (finding == Finding::Dies) return end(Died{Signalled{kSegmentationFault}});
    if (finding == Finding::IsLost) return end(Lost{Error{"connection lost"}});
    if (finding == Finding::LeavesAsUnfit) tell(WorkerUnfit{"it says so"});
    owes_discovery_ = false;
    const bool stays = finding == Finding::Stays;
    tell(TestsFound{found_in(around_.world, order_.group, order_.companions), stays,
                    stays ? "still running" : "exit status 0"});
    if (!stays) return end(Died{Exited{0}});
    work();
}

// --- Its tests ---------------------------------------------------------------------------------

void Process::take(const std::vector<run::TestToRun>& tests) {
    auto& mine = record();
    around_.stage.expect(!leaving_, "a worker that was told to leave is given tests");
    for (const auto& each : tests) {
        queue_.push_back(mine.tests.size());
        mine.tests.push_back(each);
        mine.told.emplace_back();
        mine.refused.push_back(false);
    }
    no_more_ = false;
    if (std::exchange(waits_, false)) work();
}

void Process::know_no_more() {
    no_more_ = true;
    if (std::exchange(waits_, false)) work();
}

void Process::be_told_to_leave() {
    around_.stage.expect(!leaving_, "a worker is told to leave twice");
    leaving_ = true;
    if (std::exchange(waits_, false)) work();
}

// A worker looks one test ahead, as far as there can be one.
bool Process::knows_what_is_next() const {
    return !is_worker() || queue_.size() > 1 || leaving_ || (no_more_ && !queue_.empty());
}

bool Process::breaks_off() {
    if (results_ != exec_.after) return false;
    switch (exec_.way) {
        case Way::Lost:
            end(ending::Lost{Error{"connection lost"}});
            return true;
        case Way::Dies:
            end(ending::Died{ending::Signalled{kKilled}});
            return true;
        case Way::Stalls:
            stalled_ = true;
            return true;
        default:
            return false;
    }
}

void Process::work() {
    if (over_already_ || stalled_ || breaks_off()) return;
    if (!knows_what_is_next()) {
        waits_ = true;
    } else if (queue_.empty()) {
        complete();
    } else {
        run_next();
    }
}

void Process::run_next() {
    const auto position = queue_.front();
    queue_.pop_front();
    const auto& test = around_.tests[record().tests[position].test];
    const Act act = next_act(test.id);
    if (act == Act::Refuse || act == Act::LeaveOut) {
        // Where an exit status says all, it says nothing of a single test.
        if (act == Act::Refuse && !is_per_batch()) {
            record().refused[position] = true;
            tell(TestRefused{position, "no"});
        }
        return later(Seconds{0.01}, &Process::work);
    }
    ++around_.record.executions[test.id];
    record().any_began = true;
    if (around_.world.tells_starts) tell(TestBegan{position});
    if (act == Act::Hang) {
        record().taken_down_by = position;
        stalled_ = true;
        return;
    }
    const auto usual = test_of(around_.world, test.id).duration;
    around_.stage.after(is_slow(act) ? kDawdling * usual : usual,
                        [this, position, act, alive = std::weak_ptr(alive_)] {
                            if (!alive.expired() && !over_already_) end_test(position, act);
                        });
}

void Process::end_test(std::size_t position, Act act) {
    if (act == Act::Crash || act == Act::CrashLate) {
        record().taken_down_by = position;
        return end(ending::Died{ending::Signalled{kSegmentationFault}});
    }
    ++results_;
    any_failure_ = any_failure_ || act == Act::Fail;
    // It seems to run on, and may be blamed for what comes after it.
    if (act == Act::Mumble) record().faulty = true;
    const bool withheld =
        act == Act::Mumble || (exec_.way == Way::Withholds && position == exec_.after);
    if (!withheld && !is_per_batch()) tell_result(position, outcome_of(act));
    work();
}

void Process::tell_result(std::size_t position, Outcome outcome) {
    auto& mine = record();
    const auto& test = around_.tests[mine.tests[position].test];
    const auto duration = test_of(around_.world, test.id).duration;
    if (exec_.way == Way::LeavesNoFile && !is_worker()) return;
    if (exec_.way == Way::TellsLate) {
        late_.insert(late_.begin(), TestEnded{position, result_of(outcome, duration)});
        return;
    }
    if (!mine.told[position]) mine.told[position] = outcome;
    mine.told_of_failure = mine.told_of_failure || is_failure(outcome);
    tell(TestEnded{position, result_of(outcome, duration)});
    if (exec_.way != Way::TellsTwice) return;
    tell(TestEnded{position, result_of(Outcome::Passed, duration)});
}

// Of nothing that is known, or of a test that another batch runs.
void Process::tell_stray() {
    constexpr std::array kOutcomes{Outcome::Failed, Outcome::Passed, Outcome::Skipped};
    const auto outcome = kOutcomes.at(exec_.after % kOutcomes.size());
    record().told_of_failure = record().told_of_failure || is_failure(outcome);
    const bool unknown = exec_.after < 4 || around_.tests.size() == 0;
    tell(UnknownCase{unknown ? "elsewhere" : around_.tests[TestIndex(0)].id, outcome, {}, {}});
}

void Process::complete() {
    if (is_worker() && exec_.way == Way::IsStubborn) {
        stalled_ = true;
        return;
    }
    if (exec_.way == Way::TellsStrays) tell_stray();
    exec_.way = exec_.way == Way::TellsLate ? Way::Regular : exec_.way;
    for (auto& signal : std::exchange(late_, {})) {
        const auto& ended = std::get<TestEnded>(signal);
        tell_result(ended.position, ended.result.outcome);
    }
    if (is_per_batch()) {
        const auto outcome = any_failure_ ? Outcome::Failed : Outcome::Passed;
        for (std::size_t i = 0; i < record().tests.size(); ++i) tell_result(i, outcome);
    }
    if (is_worker()) ++around_.record.workers_ended_by_themselves;
    if (exec_.way == Way::RunnerFails) return end(ending::Completed{ending::Exited{3}});
    if (exec_.way == Way::LeavesNoFile && !is_worker()) {
        record().left_no_file = true;
        return end(ending::Died{ending::Exited{0}});
    }
    end(ending::Completed{ending::Exited{any_failure_ ? 1 : 0}});
}

// --- Its end -----------------------------------------------------------------------------------

void Process::be_ended(run::EndBatch::How how) {
    around_.stage.expect(
        how != run::EndBatch::How::Expire || !waits_ || owes_an_answer(),
        fmt::format("batch {} waits for a word, and is ended for it", order_.batch.value()));
    ended_by_run_ = how;
    record().ended_by_run = true;
    later(kUntilEnded + exec_.ends_late, &Process::obey);
}

bool Process::owes_an_answer() {
    const auto& mine = record();
    for (std::size_t i = 0; i < mine.tests.size(); ++i) {
        if (!mine.told[i] && !mine.refused[i]) return true;
    }
    return false;
}

void Process::obey() {
    if (ended_by_run_ != run::EndBatch::How::Expire) return end(ending::Cancelled{});
    if (exec_.way == Way::NeverBegins) return end(ending::Lost{Error{"it had not begun"}});
    end(ending::TimedOut{around_.world.settings.test_limit, ending::TimedOut::Of::Test});
}

void Process::run_out_of_time() {
    if (exec_.way == Way::NeverBegins) return end(ending::Lost{Error{"it had not begun"}});
    end(ending::TimedOut{around_.world.settings.exec_limit});
}

void Process::lose() {
    record().faulty = true;
    later(kUntilEnded, &Process::lose_connection);
}

void Process::lose_connection() { end(ending::Lost{Error{"connection lost"}}); }

void Process::end(const Ending& ending) {
    if (over_already_) return;
    const bool lost = is<ending::Lost>(ending);
    if (owes_discovery_ && !lost) {
        const auto how = describe(ending);
        tell(TestsFound{fail("discovery broke off: " + how), false, how});
    }
    over_already_ = true;
    record().ending = ending;
    const bool whole = !lost || exec_.way == Way::CannotBeWorded;
    const bool usable =
        whole && !ended_by_run_ && !is<ending::TimedOut>(ending) && exec_.way != Way::WearsOut;
    const bool complete = is<ending::Completed>(ending) || is<ending::DidNotFit>(ending);
    run::BatchOver over{
        .batch = order_.batch,
        .ending = ending,
        .trouble = complete ? "" : "it broke off",
        .last_output = exec_.way == Way::CannotStart ? "sh: 1: pytest: not found" : "",
        .starts_known = around_.world.tells_starts,
        .no_result_file = record().left_no_file,
        .sandbox_usable = usable,
        .wall = around_.stage.now - began_,
        .artefacts = fetch(ending)};
    if (!over.artefacts.tried || around_.world.fetching <= Seconds{0})
        return over_(std::move(over));
    over.since = around_.world.fetching;
    around_.stage.after(around_.world.fetching,
                        [this, over = std::move(over)]() mutable { over_(std::move(over)); });
}

run::Fetched Process::fetch(const Ending& ending) const {
    const bool fetched = is<ending::Cancelled>(ending)
                             ? ended_by_run_ == run::EndBatch::How::CancelAndFetch
                             : !is<ending::Lost>(ending) && !is<ending::DidNotFit>(ending);
    if (!fetched || around_.world.settings.artefact_globs.empty()) return {};
    around_.record.fetched.push_back(order_.batch);
    if (exec_.way == Way::LosesFiles) {
        return {.tried = true, .files = {}, .trouble = Error{"disk full"}};
    }
    return {.tried = true, .files = around_.world.artefacts};
}

}  // namespace offload::simulation

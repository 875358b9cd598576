#include "html_data.hpp"

#include <algorithm>

#include "offload/base/text.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kMostUnknown = 200;
constexpr std::size_t kMostNotices = 500;
constexpr std::size_t kLongestMessage = 240;

// What stands in a list beside the test.
std::string headline(const TestResult& result) {
    if (result.outcome == Outcome::Passed) return {};
    auto line = std::string_view(result.message);
    line = text::trim(line.substr(0, line.find('\n')));
    if (line.empty()) line = result.type;
    return text::shorten(line, kLongestMessage);
}

}  // namespace

void HtmlData::consume(const Event& event) {
    if (!any_event_) {
        started_ = event.at - std::chrono::duration_cast<SystemTime::duration>(event.since_start);
        any_event_ = true;
    }
    last_event_ = std::max(last_event_, event.since_start);
    std::visit([&](const auto& body) { on(body, event.since_start); }, event.body);
}

HtmlData::TestRow& HtmlData::test_row(TestIndex test) {
    if (test.value() >= tests_.size()) tests_.resize(test.value() + std::size_t{1});
    return tests_[test.value()];
}

HtmlData::BatchRow* HtmlData::batch_row(BatchNumber batch) {
    const auto found = batch_places_.find(batch);
    return found == batch_places_.end() ? nullptr : &batches_[found->second];
}

HtmlData::SandboxRow* HtmlData::sandbox_row(SandboxNumber sandbox) {
    const auto found = sandbox_places_.find(sandbox);
    return found == sandbox_places_.end() ? nullptr : &sandboxes_[found->second];
}

void HtmlData::on(const RunStarted& event, Seconds /*now*/) { run_ = event; }

void HtmlData::on(const DiscoveryStarted& event, Seconds now) {
    discoveries_.push_back({.group = event.group, .start = now, .command = event.command});
}

void HtmlData::on(const TestDiscovered& event, Seconds /*now*/) {
    TestRow& row = test_row(event.test);
    row.id = texts_.add(event.id);
    row.group = event.group;
    row.kind = event.kind;
    const auto [place, added] =
        file_numbers_.try_emplace(event.file, static_cast<std::uint32_t>(files_.size()));
    if (added) files_.push_back(event.file);
    row.file = place->second;
}

void HtmlData::on(const DiscoveryFinished& event, Seconds now) {
    const auto found = std::find_if(
        discoveries_.begin(), discoveries_.end(),
        [&](const DiscoveryRow& row) { return row.group == event.group && row.end == kUnknown; });
    if (found == discoveries_.end()) {
        discoveries_.push_back({.group = event.group,
                                .start = std::max(now - event.duration, Seconds{0}),
                                .end = now,
                                .tests = event.tests,
                                .command = {}});
        return;
    }
    found->end = now;
    found->tests = event.tests;
}

void HtmlData::on(const RunPlanned& event, Seconds /*now*/) {
    durations_known_ = event.durations_known;
}

void HtmlData::on(const SandboxCreating& event, Seconds now) {
    sandbox_places_[event.sandbox] = sandboxes_.size();
    SandboxRow row;
    row.number = event.sandbox;
    row.slot = event.slot;
    row.creating = now;
    sandboxes_.push_back(std::move(row));
}

void HtmlData::on(const SandboxReady& event, Seconds now) {
    if (auto* row = sandbox_row(event.sandbox)) {
        row->id = event.id;
        row->ready = now;
    }
}

void HtmlData::on(const SandboxDestroying& event, Seconds now) {
    if (auto* row = sandbox_row(event.sandbox)) row->destroying = now;
}

void HtmlData::on(const SandboxEnded& event, Seconds now) {
    auto* row = sandbox_row(event.sandbox);
    if (row == nullptr) return;
    row->ended = now;
    row->maybe_leaked = event.maybe_leaked;
    if (event.trouble) row->trouble = event.trouble->message;
}

void HtmlData::on(const BatchStarted& event, Seconds now) {
    batch_places_[event.batch] = batches_.size();
    BatchRow row;
    row.number = event.batch;
    row.sandbox = event.sandbox;
    row.start = now;
    row.hedge = event.hedge;
    row.tests = event.tests.size();
    row.last = now;
    batches_.push_back(std::move(row));
}

void HtmlData::on(const BatchExtended& event, Seconds /*now*/) {
    if (auto* row = batch_row(event.batch)) row->tests += event.tests.size();
}

void HtmlData::on(const TestStarted& event, Seconds now) {
    if (auto* row = batch_row(event.batch)) row->begun.insert_or_assign(event.test, now);
}

void HtmlData::on(const AttemptFinished& event, Seconds now) { add_attempt(event.attempt, now); }

void HtmlData::add_attempt(const Attempt& attempt, Seconds end) {
    TestRow& test = test_row(attempt.test);
    test.attempts = std::max(test.attempts, attempt.number);
    AttemptRow row;
    row.test = attempt.test;
    row.number = attempt.number;
    row.outcome = attempt.result.outcome;
    row.batch = attempt.batch;
    row.duration = attempt.result.duration;
    row.end = end;
    row.output = outputs_.add(attempt.result);
    row.message = texts_.add(headline(attempt.result));
    if (auto* batch = end == kUnknown ? nullptr : batch_row(attempt.batch)) {
        row.in_batch = true;
        const auto begun = batch->begun.find(attempt.test);
        row.start =
            begun != batch->begun.end() ? begun->second : std::max(batch->last, end - row.duration);
        if (begun != batch->begun.end()) batch->begun.erase(begun);
        batch->last = end;
    }
    attempts_.push_back(std::move(row));
}

void HtmlData::on(const TestDecided& event, Seconds /*now*/) {
    TestRow& row = test_row(event.test);
    row.state = State::Decided;
    row.status = event.status;
}

void HtmlData::on(const BatchFinished& event, Seconds now) {
    auto* row = batch_row(event.batch);
    if (row == nullptr) return;
    row->end = now;
    row->outcome = event.outcome;
    row->how = event.how;
    row->begun.clear();
}

void HtmlData::on(const UnknownResult& event, Seconds /*now*/) {
    if (unknown_.size() < kMostUnknown) unknown_.push_back(event);
}

void HtmlData::on(const Notice& event, Seconds /*now*/) {
    if (notices_.size() < kMostNotices) notices_.push_back(event);
}

void HtmlData::on(const TestCarried& event, Seconds /*now*/) {
    const Verdict& verdict = event.verdict;
    for (const Attempt& attempt : verdict.attempts) add_attempt(attempt, kUnknown);
    TestRow& row = test_row(verdict.test);
    row.state = State::Decided;
    row.status = verdict.status;
    row.reason = texts_.add(verdict.not_run_reason);
    row.carried_from = carried_run(verdict.carried_from.value_or(""));
}

std::int32_t HtmlData::carried_run(const std::string& run_id) {
    const auto place = std::ranges::find(carried_runs_, run_id) - carried_runs_.begin();
    if (place == std::ssize(carried_runs_)) carried_runs_.push_back(run_id);
    return static_cast<std::int32_t>(place);
}

ShownRun HtmlData::shown() const {
    const auto tests = [this] {
        ShownRun::TestsById by_id;
        by_id.reserve(tests_.size());
        for (std::size_t test = 0; test < tests_.size(); ++test) {
            by_id.emplace(texts_[tests_[test].id], TestIndex(test));
        }
        return by_id;
    };
    return {run_.run_id, run_.config_file, started_, tests, tests_.size()};
}

void HtmlData::on(const RunFinished& event, Seconds /*now*/) {
    finished_ = true;
    for (const Verdict& verdict : event.summary.verdicts) {
        const int seen = test_row(verdict.test).attempts;
        for (const Attempt& attempt : verdict.attempts) {
            if (attempt.number > seen) add_attempt(attempt, kUnknown);
        }
        TestRow& row = test_row(verdict.test);
        row.state = State::Decided;
        row.status = verdict.status;
        row.reason = texts_.add(verdict.not_run_reason);
    }
    const RunSummary& told = event.summary;
    summary_ = RunSummary{.verdicts = {},
                          .counts = told.counts,
                          .wall = told.wall,
                          .work = told.work,
                          .longest = told.longest,
                          .slots = told.slots,
                          .unknown_results = told.unknown_results,
                          .hedges = told.hedges,
                          .failure = told.failure,
                          .runner_report = told.runner_report,
                          .leaked_sandboxes = told.leaked_sandboxes,
                          .exit_status = told.exit_status,
                          .interrupted_by = told.interrupted_by};
}

}  // namespace offload::report

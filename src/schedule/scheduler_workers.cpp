// What workers are given while they run.
//
// A worker that runs out of tests idles for as long as an answer takes, so it always holds some
// work ahead. What it holds no other can take, though: near the end of the queue its share shrinks
// (guided self-scheduling: Polychronopoulos & Kuck 1987).
//
// As long as the heaviest test can wait, nothing has to be balanced yet: each worker gets the tests
// of a file in table order, and then the next file that nobody has begun. That is the order in
// which they were written to run, and in which frameworks set up once what several of them need.

#include <algorithm>
#include <utility>

#include "draft.hpp"
#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace {

// To begin with, when nothing is known of how long tests take: one to run, and the one after it.
constexpr double kFirstTests = 2;

}  // namespace

Scheduler::Draft Scheduler::draft_for_worker(std::size_t lane) const {
    const double share = queued_cost() / (2 * static_cast<double>(options_.slots));
    const auto seconds = estimates_.seconds_per_weight(lane);
    double target = kFirstTests;
    if (seconds) target = options_.ahead.count() / *seconds;
    target = std::min(target, share);
    if (!estimates_.know_durations()) target = std::max(target, 1.0);
    return draft_of(lane, target);
}

std::vector<TestIndex> Scheduler::more(SandboxNumber sandbox, Seconds now, std::size_t elsewhere) {
    auto* const batch = running_.find(sandbox);
    if (batch == nullptr || !batch->streams || !has_queued() || !streams()) return {};
    const bool is_at_work = batch->unfinished > 0;
    const Seconds held = unfinished_time(*batch, estimates_);
    // For longer than an answer may take.
    const bool is_busy = is_at_work && held >= options_.ahead / 2;
    // What follows a test must be known before it ends, for what both need is not torn down.
    if (is_busy && batch->unfinished > 1) return {};
    // For longer than a start elsewhere takes, and there is room for all of them.
    const bool can_begin_elsewhere = queue_.totals().tests <= elsewhere;
    if (is_at_work && can_begin_elsewhere && held.count() > estimates_.per_batch()) return {};

    Draft draft = draft_for_worker(batch->lane);
    draft.affinity = book_[batch->tests.back()].affinity;
    if (estimates_.know_durations() && is_at_work) {
        // Quick ones that wait behind a long one could run in other workers meanwhile.
        if (is_busy) draft.most_tests = 1;
        const double all = queued_cost() + running_.unfinished_cost(estimates_);
        draft.most_at_first =
            all / static_cast<double>(options_.slots) - unfinished_cost(*batch, estimates_);
    }
    fill_from(draft, sandbox, false);
    // Better where it failed before than to let the sandbox idle.
    if (draft.tests.empty() && !is_at_work) fill_from(draft, sandbox, true);
    if (draft.tests.empty()) return {};
    auto assignment = finish(std::move(draft));
    if (!is_at_work) batch->last_result = now;  // it was idle till now
    running_.extend(book_, sandbox, assignment.tests, false);
    stragglers_.watch(*batch, book_, estimates_);
    return std::move(assignment.tests);
}

std::optional<Assignment> Scheduler::next_of(GroupIndex group, SandboxNumber sandbox, Seconds now) {
    if (!has_queued() || running_.find(sandbox) != nullptr) return std::nullopt;
    if (!streams()) return std::nullopt;
    for (std::size_t lane = 0; lane < queue_.lanes().size(); ++lane) {
        if (queue_.lanes()[lane].group != group || !is_free(queue_.lanes()[lane])) continue;
        Draft draft = draft_for_worker(lane);
        fill_from(draft, sandbox, true);
        if (draft.tests.empty()) continue;
        auto assignment = finish(std::move(draft));
        start(sandbox, assignment, now);
        return assignment;
    }
    return std::nullopt;
}

void Scheduler::fill_from(Draft& draft, SandboxNumber sandbox, bool all_pools) {
    Queue::Lane& lane = queue_.lanes()[draft.lane];
    for (auto pool = lane.returned.begin(); pool != lane.returned.end() && !draft.full;) {
        if (!all_pools && pool->first == Queue::Shunned(sandbox)) {
            ++pool;
            continue;
        }
        fill_in_order(draft, pool->second);
        pool = pool->second.empty() ? lane.returned.erase(pool) : std::next(pool);
    }
    if (!draft.full) fill_in_order(draft, lane.fresh);
}

void Scheduler::fill_in_order(Draft& draft, TestPool& pool) {
    while (!draft.full && (draft.tests.empty() || draft.room() > 0) &&
           queued_cost() / static_cast<double>(options_.slots) >= 2 * pool.heaviest()) {
        if (!take_into(draft, pool, pool.take_in_order(draft.affinity))) break;
    }
    fill(draft, pool);
}

}  // namespace offload::schedule

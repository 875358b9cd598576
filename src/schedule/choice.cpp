// What an idle sandbox is given, and how a batch is filled.
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "draft.hpp"

namespace offload::schedule {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// So many pools may hold nothing that fits before a batch is called full.
constexpr std::size_t kPoolsInVain = 8;

// Sums of durations carry rounding errors that must not push a test out of its share.
double with_slack(double room) { return room * (1 + 1e-9) + 1e-12; }

}  // namespace

std::optional<Assignment> Scheduler::choose(SandboxNumber sandbox, Seconds now) {
    if (auto unit = take_unit(sandbox, false)) return unit;
    if (auto returned = take_returned(sandbox, now, false)) return returned;
    if (auto fresh = take_fresh(now)) return fresh;
    // Only what failed here before is left: better here again than to let the sandbox idle.
    if (auto unit = take_unit(sandbox, true)) return unit;
    return take_returned(sandbox, now, true);
}

std::optional<Assignment> Scheduler::take_unit(SandboxNumber sandbox, bool may_be_shunned) {
    auto unit = queue_.take_unit(book_, resources_, sandbox, may_be_shunned);
    if (!unit) return std::nullopt;
    return Assignment{
        .group = queue_.lanes()[unit->lane].group, .tests = std::move(unit->tests), .closed = true};
}

std::optional<Assignment> Scheduler::take_returned(SandboxNumber sandbox, Seconds now,
                                                   bool may_be_shunned) {
    const auto open_to_it = [&](const Queue::Pools::value_type& pool) {
        return may_be_shunned || pool.first != Queue::Shunned(sandbox);
    };
    for (std::size_t number = 0; number < queue_.lanes().size(); ++number) {
        Queue::Lane& lane = queue_.lanes()[number];
        if (std::none_of(lane.returned.begin(), lane.returned.end(), open_to_it)) continue;
        if (!is_free(lane)) continue;
        Draft draft = draft_for(number, now);
        if (!estimates_.know_durations() && !streams()) {
            const double running = running_cost(now);
            const double share = (queued_cost() + running) / static_cast<double>(options_.slots);
            draft = draft_of(number, std::max(1.0, std::ceil(share)));
        }
        std::size_t in_vain = 0;
        for (auto pool = lane.returned.begin();
             pool != lane.returned.end() && !draft.full && in_vain < kPoolsInVain;) {
            if (!open_to_it(*pool)) {
                ++pool;
                continue;
            }
            fill(draft, pool->second);
            if (pool->second.empty()) {
                pool = lane.returned.erase(pool);
            } else {
                ++pool;
                ++in_vain;
            }
        }
        // A few quick retries would not be worth a batch: fresh tests come along.
        if (estimates_.know_durations() && !draft.full && !streams()) {
            draft.target = std::min(draft.target, kWorkPerOverhead * estimates_.per_batch());
            fill(draft, lane.fresh);
        }
        return finish(std::move(draft));
    }
    return std::nullopt;
}

std::optional<Assignment> Scheduler::take_fresh(Seconds now) {
    // KnownTest durations: the lane with the heaviest test. Unknown ones: the lane that is furthest
    // behind. What cannot run beside just anything goes first, as soon as it can: left for the end
    // it would be alone there.
    Queue::Lane* best = nullptr;
    std::pair<bool, double> best_rank{false, -1};
    for (Queue::Lane& lane : queue_.lanes()) {
        const std::size_t tests = lane.fresh.size() + lane.fresh_alone.size();
        if (tests == 0 || !is_free(lane)) continue;
        const double weight = estimates_.know_durations()
                                  ? std::max(lane.fresh.heaviest(), lane.fresh_alone.heaviest())
                                  : static_cast<double>(tests);
        const std::pair rank{!Resources::is_plain(lane.needs), weight};
        if (rank > best_rank) {
            best = &lane;
            best_rank = rank;
        }
    }
    if (best == nullptr) return std::nullopt;
    const auto number = static_cast<std::size_t>(best - queue_.lanes().data());
    if (best->fresh.empty() || best->fresh_alone.heaviest() > best->fresh.heaviest()) {
        Draft draft = draft_of(number, kUnlimited);
        draft.most_tests = 1;
        fill(draft, best->fresh_alone);
        auto assignment = finish(std::move(draft));
        assignment.closed = true;
        return assignment;
    }
    if (streams()) {
        Draft draft = draft_for_worker(number);
        fill_in_order(draft, best->fresh);
        return finish(std::move(draft));
    }
    if (!estimates_.know_durations()) {
        const std::size_t idle = idle_slots();
        const std::size_t share = (queue_.totals().tests + idle - 1) / idle;
        Draft draft = draft_of(number, static_cast<double>(share));
        fill(draft, best->fresh);
        return finish(std::move(draft));
    }
    Draft draft = draft_for_known(number, now);
    fill(draft, best->fresh);
    const auto lightest = [&](double limit) {
        return best->fresh.take_light(limit - estimates_.per_test());
    };
    if (draft.round && !draft.full) {
        // Equal tests that do not divide evenly: nearest to the share, rather than below it and
        // one more batch for the crumbs.
        take_into(draft, best->fresh, lightest(2 * std::max(draft.room(), 0.0)));
    }
    return finish(std::move(draft));
}

std::optional<TestPool::Entry> Scheduler::first_of(TestPool& pool, const Draft& draft) {
    if (pool.heaviest() <= draft.most_at_first) return pool.take_heaviest();
    if (auto entry = pool.take_fitting(draft.most_at_first, draft.affinity)) return entry;
    return pool.take_light(kUnlimited);
}

void Scheduler::fill(Draft& draft, TestPool& pool) {
    while (!draft.full && !pool.empty()) {
        const double room = with_slack(draft.room() - estimates_.per_test());
        std::optional<TestPool::Entry> entry;
        // Where all weigh the same, a whole file that fits goes before a larger one.
        if (!draft.tests.empty() || !estimates_.know_durations()) {
            entry = pool.take_fitting(room, draft.affinity);
        }
        if (!entry && draft.tests.empty()) entry = first_of(pool, draft);
        if (!take_into(draft, pool, entry)) return;
    }
}

bool Scheduler::take_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry) {
    if (!take_one_into(draft, pool, entry)) return false;
    if (!book_[entry->test].bonded) return true;
    while (const auto other = pool.take_of(entry->affinity)) {
        ++draft.most_tests;
        if (take_one_into(draft, pool, other)) continue;
        // The rest is a batch of its own.
        queue_.splits(book_[other->test]);
        break;
    }
    return true;
}

// Those that are apart join their own bond, except in a worker.
bool Scheduler::may_join(const Draft& draft, const KnownTest& known) const {
    return !known.apart || streams() || (known.bonded && known.affinity == draft.affinity);
}

bool Scheduler::take_one_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry) {
    if (!entry) return false;
    const KnownTest& known = book_[entry->test];
    const bool fits =
        draft.tests.empty() || (may_join(draft, known) && draft.tests.size() < draft.most_tests &&
                                known.command_bytes <= draft.most_bytes &&
                                draft.bytes <= draft.most_bytes - known.command_bytes);
    if (!fits) {
        pool.add(*entry);
        draft.full = true;
        return false;
    }
    draft.tests.push_back(entry->test);
    draft.weight += entry->weight + estimates_.per_test();
    draft.bytes += known.command_bytes;
    draft.affinity = entry->affinity;
    draft.full = draft.tests.size() >= draft.most_tests;
    queue_.taken(book_, entry->test);
    return true;
}

// Files in the order in which they were taken, the tests of one file in table order: that is the
// order in which frameworks set fixtures up once.
Assignment Scheduler::finish(Draft draft) const {
    std::unordered_map<std::size_t, std::size_t> first_of;
    std::vector<std::pair<std::size_t, TestIndex>> order;
    order.reserve(draft.tests.size());
    for (std::size_t i = 0; i < draft.tests.size(); ++i) {
        const std::size_t affinity = book_[draft.tests[i]].affinity;
        const std::size_t place =
            affinity == 0 ? i : first_of.try_emplace(affinity, i).first->second;
        order.emplace_back(place, draft.tests[i]);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) draft.tests[i] = order[i].second;
    return {queue_.lanes()[draft.lane].group, std::move(draft.tests)};
}

std::optional<Assignment> Scheduler::hedge(Seconds now) {
    auto late = stragglers_.find(running_, queue_, book_, estimates_, now);
    if (!late) return std::nullopt;
    const auto& lane = queue_.lanes()[book_[late->tests.front()].lane];
    if (!is_free(lane)) return std::nullopt;
    return Assignment{
        .group = lane.group,
        .tests = stragglers_.part_of(std::move(*late), book_, estimates_, idle_slots()),
        .hedge = true,
        .closed = true};
}

}  // namespace offload::schedule

#include "offload/schedule/scheduler.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "draft.hpp"

namespace offload::schedule {
namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// Reports round a quick test's duration down to nothing, but to start it costs something.
constexpr double kLeastSeconds = 0.001;

// So many pools may hold nothing that fits before a batch is called full.
constexpr std::size_t kPoolsInVain = 8;

// Sums of durations carry rounding errors that must not push a test out of its share.
double with_slack(double room) { return room * (1 + 1e-9) + 1e-12; }

}  // namespace

Scheduler::Scheduler(SchedulerOptions options)
    : options_(options),
      overhead_(options.batch_overhead, options.test_overhead),
      hedge_due_(std::numeric_limits<double>::infinity()) {
    options_.slots = std::max<std::size_t>(options_.slots, 1);
}

void Scheduler::add(const Item& item) {
    const std::size_t index = item.test.value();
    if (index >= tests_.size()) tests_.resize(index + 1);
    Known& known = tests_[index];
    if (known.added) return;
    if (item.group.value() >= groups_.size()) groups_.resize(item.group.value() + 1);
    known.added = true;
    known.command_bytes = item.command_bytes;
    known.affinity = item.affinity;
    known.group = item.group;
    known.alone = item.alone;
    known.bonded = item.bonded && !item.alone;
    known.measured = item.measured && item.expected.has_value();
    if (known.measured) known.deviation = std::clamp(item.deviation.value_or(1), 0.0, 1.0);
    if (item.expected) {
        known.weight = std::max(item.expected->count(), kLeastSeconds);
        known_sum_ += known.weight;
        ++known_count_;
    } else if (known_count_ > 0) {
        known.weight = known_sum_ / static_cast<double>(known_count_);
    }
    enqueue(item.test);
    known.counts = !known.bonded || bonds_.insert(item.affinity).second;
    if (known.counts) ++queued_.batches;
    Group& group = groups_[item.group.value()];
    if (known.alone) {
        group.fresh_alone.add({item.test, known.weight, 0});
    } else {
        group.fresh.add({item.test, known.weight, known.affinity});
    }
}

// --- Keeping count ---------------------------------------------------------------------------

bool Scheduler::enqueue(TestIndex test) {
    assert(test.value() < tests_.size() && tests_[test.value()].added);
    Known& known = tests_[test.value()];
    if (known.place != Place::Nowhere) return false;
    known.place = Place::Queued;
    ++queued_.tests;
    queued_.weight += known.weight;
    queued_.deviation += known.weight * known.deviation;
    if (!known.measured) queued_.guessed += known.weight;
    return true;
}

void Scheduler::dequeue(TestIndex test) {
    Known& known = tests_[test.value()];
    known.place = Place::Nowhere;
    --queued_.tests;
    const auto less = [this](double& sum, double part) {
        sum = queued_.tests == 0 ? 0 : std::max(sum - part, 0.0);
    };
    less(queued_.weight, known.weight);
    less(queued_.deviation, known.weight * known.deviation);
    if (!known.measured) less(queued_.guessed, known.weight);
}

void Scheduler::enqueue_loose(TestIndex test, Shunned shunned) {
    Known& known = tests_[test.value()];
    if (known.alone) return enqueue_unit({test}, shunned);
    if (!enqueue(test)) return;
    known.counts = true;
    ++queued_.batches;
    groups_[known.group.value()].returned[shunned].add({test, known.weight, known.affinity});
}

void Scheduler::enqueue_unit(std::vector<TestIndex> tests, Shunned shunned) {
    std::erase_if(tests, [this](TestIndex test) { return !enqueue(test); });
    while (!tests.empty()) {
        const GroupIndex group = tests_[tests.front().value()].group;
        const auto others = std::stable_partition(tests.begin(), tests.end(), [&](TestIndex test) {
            return tests_[test.value()].group == group;
        });
        units_[shunned].push_back({group, {tests.begin(), others}});
        ++queued_.batches;
        tests.erase(tests.begin(), others);
    }
}

void Scheduler::retry(TestIndex test, SandboxNumber failed_on) { enqueue_loose(test, failed_on); }

void Scheduler::retry_whole(std::vector<TestIndex> tests, SandboxNumber failed_on) {
    enqueue_unit(std::move(tests), failed_on);
}

void Scheduler::requeue(std::span<const TestIndex> tests, std::optional<SandboxNumber> not_on) {
    if (options_.whole_batches) return enqueue_unit({tests.begin(), tests.end()}, not_on);
    for (const TestIndex test : tests) enqueue_loose(test, not_on);
}

void Scheduler::requeue_together(std::vector<TestIndex> tests,
                                 std::optional<SandboxNumber> not_on) {
    enqueue_unit(std::move(tests), not_on);
}

std::vector<TestIndex> Scheduler::clear() {
    std::vector<TestIndex> tests;
    tests.reserve(queued_.tests);
    for (const auto& [shunned, units] : units_) {
        for (const Unit& unit : units) {
            tests.insert(tests.end(), unit.tests.begin(), unit.tests.end());
        }
    }
    units_.clear();
    for (Group& group : groups_) {
        group.fresh.drain_into(tests);
        group.fresh_alone.drain_into(tests);
        for (auto& [shunned, pool] : group.returned) pool.drain_into(tests);
        group.returned.clear();
    }
    for (const TestIndex test : tests) tests_[test.value()].place = Place::Nowhere;
    queued_ = {};
    std::sort(tests.begin(), tests.end());
    return tests;
}

// --- The choice ------------------------------------------------------------------------------

std::optional<Assignment> Scheduler::next(SandboxNumber sandbox, Seconds now) {
    assert(!running_.contains(sandbox) && "a sandbox runs one batch at a time");
    if (running_.contains(sandbox)) return std::nullopt;
    auto chosen = queued_.tests > 0 ? choose(sandbox, now) : hedge(now);
    if (!chosen) return std::nullopt;
    start_running(sandbox, *chosen, now);
    return chosen;
}

std::optional<Assignment> Scheduler::choose(SandboxNumber sandbox, Seconds now) {
    if (auto unit = take_unit(sandbox, false)) return unit;
    if (auto returned = take_returned(sandbox, now, false)) return returned;
    if (auto fresh = take_fresh(now)) return fresh;
    // Only what failed here before is left: better here again than to let the sandbox idle.
    if (auto unit = take_unit(sandbox, true)) return unit;
    return take_returned(sandbox, now, true);
}

std::optional<Assignment> Scheduler::take_unit(SandboxNumber sandbox, bool may_be_shunned) {
    auto found = units_.begin();
    if (found != units_.end() && found->first == Shunned(sandbox) && !may_be_shunned) ++found;
    if (found == units_.end()) return std::nullopt;
    Unit unit = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) units_.erase(found);
    --queued_.batches;
    for (const TestIndex test : unit.tests) dequeue(test);
    return Assignment{.group = unit.group, .tests = std::move(unit.tests), .closed = true};
}

std::optional<Assignment> Scheduler::take_returned(SandboxNumber sandbox, Seconds now,
                                                   bool may_be_shunned) {
    const auto open_to_it = [&](const Pools::value_type& pool) {
        return may_be_shunned || pool.first != Shunned(sandbox);
    };
    for (std::size_t index = 0; index < groups_.size(); ++index) {
        Group& group = groups_[index];
        if (std::none_of(group.returned.begin(), group.returned.end(), open_to_it)) continue;
        const GroupIndex number(index);
        Draft draft = draft_for(number, now);
        if (known_count_ == 0 && options_.ahead <= Seconds{0}) {
            const double running = running_cost(now);
            const double share = (queued_cost() + running) / static_cast<double>(options_.slots);
            draft = draft_of(number, std::max(1.0, std::ceil(share)));
        }
        std::size_t in_vain = 0;
        for (auto pool = group.returned.begin();
             pool != group.returned.end() && !draft.full && in_vain < kPoolsInVain;) {
            if (!open_to_it(*pool)) {
                ++pool;
                continue;
            }
            fill(draft, pool->second);
            if (pool->second.empty()) {
                pool = group.returned.erase(pool);
            } else {
                ++pool;
                ++in_vain;
            }
        }
        // A few quick retries would not be worth a batch: fresh tests come along.
        if (known_count_ > 0 && !draft.full && options_.ahead <= Seconds{0}) {
            draft.target = std::min(draft.target, kWorkPerOverhead * overhead_.per_batch().count());
            fill(draft, group.fresh);
        }
        return finish(std::move(draft));
    }
    return std::nullopt;
}

std::optional<Assignment> Scheduler::take_fresh(Seconds now) {
    // Known durations: the group with the heaviest test. Unknown ones: the group that is furthest
    // behind.
    Group* best = nullptr;
    double best_rank = -1;
    for (Group& group : groups_) {
        const std::size_t tests = group.fresh.size() + group.fresh_alone.size();
        if (tests == 0) continue;
        const double rank = known_count_ > 0
                                ? std::max(group.fresh.heaviest(), group.fresh_alone.heaviest())
                                : static_cast<double>(tests);
        if (rank > best_rank) {
            best = &group;
            best_rank = rank;
        }
    }
    if (best == nullptr) return std::nullopt;
    const GroupIndex number(static_cast<std::size_t>(best - groups_.data()));
    if (best->fresh.empty() || best->fresh_alone.heaviest() > best->fresh.heaviest()) {
        Draft draft = draft_of(number, kUnlimited);
        draft.most_tests = 1;
        fill(draft, best->fresh_alone);
        auto assignment = finish(std::move(draft));
        assignment.closed = true;
        return assignment;
    }
    if (options_.ahead > Seconds{0}) {
        Draft draft = draft_for_worker(number);
        fill(draft, best->fresh);
        return finish(std::move(draft));
    }
    if (known_count_ == 0) {
        const std::size_t idle = idle_slots();
        const std::size_t share = (queued_.tests + idle - 1) / idle;
        Draft draft = draft_of(number, static_cast<double>(share));
        fill(draft, best->fresh);
        return finish(std::move(draft));
    }
    Draft draft = draft_for_known(number, now);
    fill(draft, best->fresh);
    const auto lightest = [&](double limit) {
        return best->fresh.take_light(limit - cost_per_test());
    };
    if (draft.round && !draft.full) {
        // Equal tests that do not divide evenly: nearest to the share, rather than below it and
        // one more batch for the crumbs.
        take_into(draft, best->fresh, lightest(2 * std::max(draft.room(), 0.0)));
    }
    return finish(std::move(draft));
}

void Scheduler::fill(Draft& draft, TestPool& pool) {
    while (!draft.full && !pool.empty()) {
        const double room = with_slack(draft.room() - cost_per_test());
        std::optional<TestPool::Entry> entry;
        // Where all weigh the same, a whole file that fits goes before a larger one.
        if (!draft.tests.empty() || known_count_ == 0) {
            entry = pool.take_fitting(room, draft.affinity);
        }
        if (!entry && draft.tests.empty()) entry = pool.take_heaviest();
        if (!take_into(draft, pool, entry)) return;
    }
}

bool Scheduler::take_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry) {
    if (!take_one_into(draft, pool, entry)) return false;
    if (!tests_[entry->test.value()].bonded) return true;
    while (const auto other = pool.take_of(entry->affinity)) {
        ++draft.most_tests;
        if (take_one_into(draft, pool, other)) continue;
        // The rest is a batch of its own.
        if (!std::exchange(tests_[other->test.value()].counts, true)) ++queued_.batches;
        break;
    }
    return true;
}

bool Scheduler::take_one_into(Draft& draft, TestPool& pool, std::optional<TestPool::Entry> entry) {
    if (!entry) return false;
    const Known& known = tests_[entry->test.value()];
    const bool fits =
        draft.tests.empty() ||
        (draft.tests.size() < draft.most_tests && known.command_bytes <= draft.most_bytes &&
         draft.bytes <= draft.most_bytes - known.command_bytes);
    if (!fits) {
        pool.add(*entry);
        draft.full = true;
        return false;
    }
    draft.tests.push_back(entry->test);
    draft.weight += entry->weight + cost_per_test();
    draft.bytes += known.command_bytes;
    draft.affinity = entry->affinity;
    draft.full = draft.tests.size() >= draft.most_tests;
    if (known.counts) --queued_.batches;
    dequeue(entry->test);
    return true;
}

// Files in the order in which they were taken, the tests of one file in table order: that is the
// order in which frameworks set fixtures up once.
Assignment Scheduler::finish(Draft draft) {
    std::unordered_map<std::size_t, std::size_t> first_of;
    std::vector<std::pair<std::size_t, TestIndex>> order;
    order.reserve(draft.tests.size());
    for (std::size_t i = 0; i < draft.tests.size(); ++i) {
        const std::size_t affinity = tests_[draft.tests[i].value()].affinity;
        const std::size_t place =
            affinity == 0 ? i : first_of.try_emplace(affinity, i).first->second;
        order.emplace_back(place, draft.tests[i]);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) draft.tests[i] = order[i].second;
    return {draft.group, std::move(draft.tests)};
}

// --- Forecast --------------------------------------------------------------------------------

std::size_t Scheduler::startable(std::size_t limit) const {
    return std::min(limit, queued_.batches);
}

std::optional<Seconds> Scheduler::remaining(Seconds now) const {
    if (queued_.tests == 0 && running_.empty()) return Seconds{0};
    double scale = 1;
    if (known_count_ == 0) {
        if (ended_tests_ == 0) return std::nullopt;
        scale = ended_seconds_ / static_cast<double>(ended_tests_);
    }
    const auto slots = static_cast<double>(options_.slots);
    double longest = 0;
    double work = queued_cost() * scale;
    for (const auto& [sandbox, batch] : running_) {
        const double left = known_count_ > 0 ? unfinished_cost(batch) - progress_of(batch, now)
                                             : static_cast<double>(batch.unfinished) * scale;
        longest = std::max(longest, left);
        work += left;
    }
    if (queued_.tests > 0)
        work +=
            overhead_.per_batch().count() * std::min(slots, static_cast<double>(queued_.batches));
    return Seconds{std::max(work / slots, longest)};
}

}  // namespace offload::schedule

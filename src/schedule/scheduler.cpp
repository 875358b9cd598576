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

Scheduler::Scheduler(SchedulerOptions options, Capacities capacities)
    : options_(options),
      resources_(options.slots, std::move(capacities)),
      overhead_(options_.batch_overhead, options_.test_overhead),
      hedge_due_(std::numeric_limits<double>::infinity()) {
    options_.slots = std::max<std::size_t>(options_.slots, 1);
}

void Scheduler::add(const Item& item) {
    const std::size_t index = item.test.value();
    if (index >= tests_.size()) tests_.resize(index + 1);
    Known& known = tests_[index];
    if (known.added) return;
    known.added = true;
    known.command_bytes = item.command_bytes;
    known.affinity = item.affinity;
    known.lane = lane_for(item.group, item.needs);
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
    known.counts = !known.bonded || bonds_.emplace(known.lane, item.affinity).second;
    if (known.counts) count_batch(known.lane);
    Lane& lane = lanes_[known.lane];
    if (known.alone) {
        lane.fresh_alone.add({item.test, known.weight, 0});
    } else {
        lane.fresh.add({item.test, known.weight, known.affinity});
    }
}

std::size_t Scheduler::lane_for(GroupIndex group, const Needs& needs) {
    while (plain_lanes_.size() <= group.value()) {
        const GroupIndex next(plain_lanes_.size());
        plain_lanes_.push_back(lanes_.size());
        lanes_.emplace_back().group = next;
    }
    const auto number = resources_.intern(needs);
    if (Resources::is_plain(number)) return plain_lanes_[group.value()];
    const auto [found, is_new] = other_lanes_.try_emplace(std::pair(group, number), lanes_.size());
    if (is_new) {
        Lane& lane = lanes_.emplace_back();
        lane.group = group;
        lane.needs = number;
    }
    return found->second;
}

// --- Keeping count ---------------------------------------------------------------------------

void Scheduler::count_batch(std::size_t lane) {
    ++queued_.batches;
    ++lanes_[lane].batches;
}

void Scheduler::uncount_batch(std::size_t lane) {
    --queued_.batches;
    --lanes_[lane].batches;
}

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
    count_batch(known.lane);
    lanes_[known.lane].returned[shunned].add({test, known.weight, known.affinity});
}

void Scheduler::enqueue_unit(std::vector<TestIndex> tests, Shunned shunned) {
    std::erase_if(tests, [this](TestIndex test) { return !enqueue(test); });
    while (!tests.empty()) {
        const std::size_t lane = tests_[tests.front().value()].lane;
        const auto others = std::stable_partition(tests.begin(), tests.end(), [&](TestIndex test) {
            return tests_[test.value()].lane == lane;
        });
        units_[shunned].push_back({lane, {tests.begin(), others}});
        count_batch(lane);
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
    for (Lane& lane : lanes_) {
        lane.fresh.drain_into(tests);
        lane.fresh_alone.drain_into(tests);
        for (auto& [shunned, pool] : lane.returned) pool.drain_into(tests);
        lane.returned.clear();
        lane.batches = 0;
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
    for (auto pool = units_.begin(); pool != units_.end(); ++pool) {
        if (pool->first == Shunned(sandbox) && !may_be_shunned) continue;
        auto& units = pool->second;
        const auto found = std::ranges::find_if(
            units, [this](const Unit& unit) { return is_free(lanes_[unit.lane]); });
        if (found == units.end()) continue;
        Unit unit = std::move(*found);
        units.erase(found);
        if (units.empty()) units_.erase(pool);
        uncount_batch(unit.lane);
        for (const TestIndex test : unit.tests) dequeue(test);
        return Assignment{
            .group = lanes_[unit.lane].group, .tests = std::move(unit.tests), .closed = true};
    }
    return std::nullopt;
}

std::optional<Assignment> Scheduler::take_returned(SandboxNumber sandbox, Seconds now,
                                                   bool may_be_shunned) {
    const auto open_to_it = [&](const Pools::value_type& pool) {
        return may_be_shunned || pool.first != Shunned(sandbox);
    };
    for (std::size_t number = 0; number < lanes_.size(); ++number) {
        Lane& lane = lanes_[number];
        if (std::none_of(lane.returned.begin(), lane.returned.end(), open_to_it)) continue;
        if (!is_free(lane)) continue;
        Draft draft = draft_for(number, now);
        if (known_count_ == 0 && options_.ahead <= Seconds{0}) {
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
        if (known_count_ > 0 && !draft.full && options_.ahead <= Seconds{0}) {
            draft.target = std::min(draft.target, kWorkPerOverhead * overhead_.per_batch().count());
            fill(draft, lane.fresh);
        }
        return finish(std::move(draft));
    }
    return std::nullopt;
}

std::optional<Assignment> Scheduler::take_fresh(Seconds now) {
    // Known durations: the lane with the heaviest test. Unknown ones: the lane that is furthest
    // behind. What cannot run beside just anything goes first, as soon as it can: left for the end
    // it would be alone there.
    Lane* best = nullptr;
    std::pair<bool, double> best_rank{false, -1};
    for (Lane& lane : lanes_) {
        const std::size_t tests = lane.fresh.size() + lane.fresh_alone.size();
        if (tests == 0 || !is_free(lane)) continue;
        const double weight = known_count_ > 0
                                  ? std::max(lane.fresh.heaviest(), lane.fresh_alone.heaviest())
                                  : static_cast<double>(tests);
        const std::pair rank{!Resources::is_plain(lane.needs), weight};
        if (rank > best_rank) {
            best = &lane;
            best_rank = rank;
        }
    }
    if (best == nullptr) return std::nullopt;
    const auto number = static_cast<std::size_t>(best - lanes_.data());
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
        Known& first = tests_[other->test.value()];
        if (!std::exchange(first.counts, true)) count_batch(first.lane);
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
    if (known.counts) uncount_batch(known.lane);
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
    return {lanes_[draft.lane].group, std::move(draft.tests)};
}

// --- Forecast --------------------------------------------------------------------------------

std::size_t Scheduler::startable(std::size_t limit) const {
    std::size_t beside = 0;
    std::size_t alone = 0;
    for (const Lane& lane : lanes_) {
        if (resources_.is_alone(lane.needs)) {
            alone = std::max(alone, std::min<std::size_t>(lane.batches, 1));
        } else {
            beside += std::min(lane.batches, resources_.room(lane.needs));
        }
    }
    return std::min(limit, std::max(beside, alone));
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

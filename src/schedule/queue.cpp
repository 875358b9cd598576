#include "offload/schedule/queue.hpp"

#include <algorithm>
#include <utility>

namespace offload::schedule {
namespace {

bool may_be_one_unit(const KnownTest& one, const KnownTest& other) {
    if (one.lane != other.lane) return false;
    return !one.apart || (one.bonded && other.bonded && one.affinity == other.affinity);
}

}  // namespace

std::size_t Queue::lane_for(GroupIndex group, std::size_t needs) {
    while (plain_lanes_.size() <= group.value()) {
        const GroupIndex next(plain_lanes_.size());
        plain_lanes_.push_back(lanes_.size());
        lanes_.emplace_back().group = next;
    }
    if (Resources::is_plain(needs)) return plain_lanes_[group.value()];
    const auto [found, is_new] = other_lanes_.try_emplace(std::pair(group, needs), lanes_.size());
    if (is_new) {
        Lane& lane = lanes_.emplace_back();
        lane.group = group;
        lane.needs = needs;
    }
    return found->second;
}

void Queue::add(TestBook& book, TestIndex test) {
    if (!enter(book, test)) return;
    KnownTest& known = book[test];
    known.counts = !known.bonded || bonds_.emplace(known.lane, known.affinity).second;
    if (known.counts) count_batch(known.lane);
    Lane& lane = lanes_[known.lane];
    if (known.alone) {
        lane.fresh_alone.add({test, known.weight, known.bonded ? known.affinity : 0});
    } else {
        lane.fresh.add({test, known.weight, known.affinity});
    }
}

void Queue::put_back(TestBook& book, TestIndex test, Shunned shunned) {
    KnownTest& known = book[test];
    if (known.alone) return put_back_unit(book, {test}, shunned);
    if (!enter(book, test)) return;
    known.counts = true;
    count_batch(known.lane);
    lanes_[known.lane].returned[shunned].add({test, known.weight, known.affinity});
}

void Queue::put_back_unit(TestBook& book, std::vector<TestIndex> tests, Shunned shunned) {
    std::erase_if(tests, [&](TestIndex test) { return !enter(book, test); });
    while (!tests.empty()) {
        const KnownTest& first = book[tests.front()];
        const auto others = std::stable_partition(
            tests.begin() + 1, tests.end(),
            [&](TestIndex test) { return may_be_one_unit(first, book[test]); });
        units_[shunned].push_back({first.lane, {tests.begin(), others}});
        count_batch(first.lane);
        tests.erase(tests.begin(), others);
    }
}

std::optional<Queue::Unit> Queue::take_unit(TestBook& book, const Resources& resources,
                                            SandboxNumber sandbox, bool may_be_shunned) {
    for (auto pool = units_.begin(); pool != units_.end(); ++pool) {
        if (pool->first == Shunned(sandbox) && !may_be_shunned) continue;
        auto& units = pool->second;
        const auto found = std::ranges::find_if(
            units, [&](const Unit& unit) { return resources.free(lanes_[unit.lane].needs); });
        if (found == units.end()) continue;
        Unit unit = std::move(*found);
        units.erase(found);
        if (units.empty()) units_.erase(pool);
        uncount_batch(unit.lane);
        for (const TestIndex test : unit.tests) leave(book, test);
        return unit;
    }
    return std::nullopt;
}

void Queue::taken(TestBook& book, TestIndex test) {
    const KnownTest& known = book[test];
    if (known.counts) uncount_batch(known.lane);
    leave(book, test);
}

void Queue::splits(KnownTest& first) {
    if (!std::exchange(first.counts, true)) count_batch(first.lane);
}

std::vector<TestIndex> Queue::clear(TestBook& book) {
    std::vector<TestIndex> tests;
    tests.reserve(totals_.tests);
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
    for (const TestIndex test : tests) book[test].place = Place::Nowhere;
    totals_ = {};
    std::sort(tests.begin(), tests.end());
    return tests;
}

std::size_t Queue::units() const {
    std::size_t count = 0;
    for (const auto& [shunned, units] : units_) count += units.size();
    return count;
}

void Queue::count_batch(std::size_t lane) {
    ++totals_.batches;
    ++lanes_[lane].batches;
}

void Queue::uncount_batch(std::size_t lane) {
    --totals_.batches;
    --lanes_[lane].batches;
}

bool Queue::enter(TestBook& book, TestIndex test) {
    KnownTest& known = book[test];
    if (known.place != Place::Nowhere) return false;
    known.place = Place::Queued;
    ++totals_.tests;
    totals_.weight += known.weight;
    totals_.deviation += known.weight * known.deviation;
    if (!known.measured) totals_.guessed += known.weight;
    return true;
}

void Queue::leave(TestBook& book, TestIndex test) {
    KnownTest& known = book[test];
    known.place = Place::Nowhere;
    --totals_.tests;
    const auto less = [this](double& sum, double part) {
        sum = totals_.tests == 0 ? 0 : std::max(sum - part, 0.0);
    };
    less(totals_.weight, known.weight);
    less(totals_.deviation, known.weight * known.deviation);
    if (!known.measured) less(totals_.guessed, known.weight);
}

}  // namespace offload::schedule

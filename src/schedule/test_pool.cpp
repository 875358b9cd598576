#include "offload/schedule/test_pool.hpp"

#include <iterator>
#include <limits>

namespace offload::schedule {
namespace {

// Neighbours in discovery order tend to cost alike; a bijection of their numbers spreads them.
std::uint32_t spread(std::size_t number) {
    return static_cast<std::uint32_t>(number) * 2654435769U;
}

}  // namespace

bool TestPool::Rank::operator<(const Rank& other) const {
    if (heaviest != other.heaviest) return heaviest > other.heaviest;
    if (total != other.total) return total > other.total;
    return spread(affinity) < spread(other.affinity);
}

std::uint32_t TestPool::tie_of(std::size_t affinity, TestIndex test) {
    return affinity == 0 ? spread(test.value()) : test.value();
}

void TestPool::add(const Entry& entry) {
    File& file = files_[entry.affinity];
    const bool was_empty = file.tests.empty();
    file.tests.insert({entry.weight, tie_of(entry.affinity, entry.test), entry.test});
    if (entry.affinity != 0) file.weights.emplace(entry.test, entry.weight);
    file.total += entry.weight;
    ++size_;
    if (was_empty) {
        file.first = entry.test;
        if (entry.affinity != 0) untouched_.emplace(entry.test, entry.affinity);
        file.rank = {entry.weight, entry.weight, entry.affinity};
        ranks_.insert(file.rank);
    } else {
        rank_anew(entry.affinity, file);
    }
}

void TestPool::rank_anew(std::size_t affinity, File& file) {
    const double heaviest = file.tests.begin()->weight;
    const Rank rank{heaviest, affinity == 0 ? heaviest : file.total, affinity};
    if (rank == file.rank) return;
    auto node = ranks_.extract(file.rank);
    node.value() = rank;
    ranks_.insert(std::move(node));
    file.rank = rank;
}

TestPool::Entry TestPool::take(Files::iterator found, std::set<Queued>::iterator test) {
    File& file = found->second;
    const Entry entry{test->test, test->weight, found->first};
    file.total -= test->weight;
    if (const auto known = untouched_.find(file.first);
        known != untouched_.end() && known->second == found->first) {
        untouched_.erase(known);
    }
    file.weights.erase(test->test);
    file.tests.erase(test);
    --size_;
    if (file.tests.empty()) {
        ranks_.erase(file.rank);
        files_.erase(found);
    } else {
        rank_anew(found->first, file);
    }
    return entry;
}

std::optional<TestPool::Entry> TestPool::take_heaviest() {
    if (ranks_.empty()) return std::nullopt;
    const auto file = files_.find(ranks_.begin()->affinity);
    return take(file, file->second.tests.begin());
}

std::optional<TestPool::Entry> TestPool::take_fitting_of(std::size_t affinity, double room) {
    const auto file = files_.find(affinity);
    if (file == files_.end()) return std::nullopt;
    const auto test = file->second.tests.lower_bound({room, 0, TestIndex{}});
    if (test == file->second.tests.end()) return std::nullopt;
    return take(file, test);
}

std::optional<TestPool::Entry> TestPool::take_of(std::size_t affinity) {
    return take_fitting_of(affinity, std::numeric_limits<double>::infinity());
}

std::optional<TestPool::Entry> TestPool::take_in_order(std::size_t affinity) {
    auto file = affinity == 0 ? files_.end() : files_.find(affinity);
    if (file == files_.end() && !untouched_.empty()) file = files_.find(untouched_.begin()->second);
    if (file == files_.end()) return std::nullopt;
    const auto [test, weight] = *file->second.weights.begin();
    return take(file, file->second.tests.find({weight, tie_of(file->first, test), test}));
}

std::optional<TestPool::Entry> TestPool::take_fitting(double room, std::size_t affinity) {
    if (affinity != 0) {
        if (auto entry = take_fitting_of(affinity, room)) return entry;
    }
    constexpr double kAnyTotal = std::numeric_limits<double>::infinity();
    auto fitting = ranks_.lower_bound({room, kAnyTotal, 0});
    if (fitting != ranks_.end()) {
        const auto whole = ranks_.lower_bound({fitting->heaviest, room, 0});
        if (whole != ranks_.end() && whole->heaviest == fitting->heaviest) fitting = whole;
    }
    const double best = fitting == ranks_.end() ? -1 : fitting->heaviest;
    // Tests without a file make no file that could be kept whole: each counts by itself.
    if (const auto loose = files_.find(0); loose != files_.end()) {
        const auto test = loose->second.tests.lower_bound({room, 0, TestIndex{}});
        if (test != loose->second.tests.end() && test->weight > best) return take(loose, test);
    }
    if (fitting != ranks_.end()) {
        const auto file = files_.find(fitting->affinity);
        return take(file, file->second.tests.begin());
    }
    if (ranks_.empty()) return std::nullopt;
    return take_fitting_of(std::prev(ranks_.end())->affinity, room);
}

std::optional<TestPool::Entry> TestPool::take_light(double limit) {
    if (ranks_.empty()) return std::nullopt;
    const auto file = files_.find(std::prev(ranks_.end())->affinity);
    const auto test = std::prev(file->second.tests.end());
    if (test->weight > limit) return std::nullopt;
    return take(file, test);
}

void TestPool::drain_into(std::vector<TestIndex>& tests) {
    for (const auto& [affinity, file] : files_) {
        for (const Queued& queued : file.tests) tests.push_back(queued.test);
    }
    files_.clear();
    ranks_.clear();
    untouched_.clear();
    size_ = 0;
}

}  // namespace offload::schedule

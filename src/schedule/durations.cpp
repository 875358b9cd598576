#include "offload/schedule/durations.hpp"

#include <cmath>
#include <cstddef>

namespace offload::schedule {
namespace {

class Mean {
  public:
    void add(Seconds value) {
        sum_ += value;
        ++count_;
    }
    std::optional<Seconds> get() const {
        if (count_ == 0) return std::nullopt;
        return sum_ / static_cast<double>(count_);
    }

  private:
    Seconds sum_{0};
    std::size_t count_ = 0;
};

template <class Key>
std::optional<Seconds> mean_of(const std::unordered_map<Key, Mean>& means, const Key& key) {
    const auto found = means.find(key);
    return found == means.end() ? std::nullopt : found->second.get();
}

}  // namespace

void Durations::record(std::string_view id, Seconds duration, std::optional<double> deviation,
                       double cores) {
    // What a clock that was set back, or a broken report, left behind is no evidence.
    if (!std::isfinite(duration.count()) || duration < Seconds{0}) return;
    if (deviation && !(*deviation >= 0)) deviation.reset();
    known_.insert_or_assign(id, Known{duration, deviation, cores});
}

std::optional<Seconds> Durations::find(std::string_view id) const {
    const auto found = known_.find(id);
    if (found == known_.end()) return std::nullopt;
    return found->second.duration;
}

std::optional<double> Durations::deviation(std::string_view id) const {
    const auto found = known_.find(id);
    return found == known_.end() ? std::nullopt : found->second.deviation;
}

double Durations::cores(std::string_view id) const {
    const auto found = known_.find(id);
    return found == known_.end() ? 1 : found->second.cores;
}

std::vector<std::optional<Seconds>> Durations::expect(const TestTable& tests,
                                                      std::optional<Seconds> assumed) const {
    std::vector<std::optional<Seconds>> expected;
    expected.reserve(tests.size());
    std::unordered_map<std::string_view, Mean> by_file;
    std::unordered_map<GroupIndex, Mean> by_group;
    Mean all;
    for (const Test& test : tests) {
        const auto& known = expected.emplace_back(find(test.id));
        if (!known || test.kind != TestKind::Test) continue;
        if (!test.file.empty()) by_file[test.file].add(*known);
        by_group[test.group].add(*known);
        all.add(*known);
    }
    if (!all.get()) {
        expected.assign(tests.size(), std::nullopt);
        return expected;
    }
    for (const Test& test : tests) {
        auto& value = expected[test.index.value()];
        if (!value) value = mean_of(by_file, std::string_view(test.file));
        if (!value) value = mean_of(by_group, test.group);
        if (!value) value = assumed ? assumed : all.get();
    }
    return expected;
}

}  // namespace offload::schedule

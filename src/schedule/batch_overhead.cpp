#include "offload/schedule/batch_overhead.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace offload::schedule {
namespace {

constexpr std::size_t kKeptBatches = 63;
constexpr std::size_t kFewestBatches = 5;
// Results may come a few at once: what is around one of them says little.
constexpr std::size_t kTestsPerMean = 16;
constexpr std::size_t kFewestPairs = 6;
// Of nearly equal batches, all that differs is chance.
constexpr double kLeastRatio = 1.25;

template <class T>
void keep(std::vector<T>& newest, std::size_t& next, const T& value) {
    if (newest.size() < kKeptBatches) {
        newest.push_back(value);
    } else {
        newest[std::exchange(next, (next + 1) % kKeptBatches)] = value;
    }
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

BatchOverhead::BatchOverhead(Seconds per_batch, Seconds per_test)
    : assumed_per_test_(std::max(per_test.count(), 0.0)),
      per_batch_(std::max(per_batch, Seconds{0})),
      per_test_(assumed_per_test_) {}

void BatchOverhead::add(Seconds overhead, std::size_t tests) {
    if (!std::isfinite(overhead.count()) || tests == 0) return;
    const Sample sample{std::max(overhead.count(), 0.0), static_cast<double>(tests)};
    ++total_;
    keep(samples_, next_, sample);
    if (++unlearnt_ > samples_.size() / 10) learn_per_test();
    learn_per_batch();
}

void BatchOverhead::add_per_test(Seconds around) {
    if (!std::isfinite(around.count())) return;
    around_ += around.count();
    if (++around_tests_ < kTestsPerMean) return;
    keep(means_, next_mean_, around_ / static_cast<double>(around_tests_));
    around_ = 0;
    around_tests_ = 0;
    learn_per_test();
}

void BatchOverhead::learn_per_test() {
    unlearnt_ = 0;
    if (!means_.empty()) {
        per_test_ = Seconds{std::max(median(means_), 0.0)};
        return;
    }
    std::vector<double> slopes;
    for (auto a = samples_.begin(); a != samples_.end(); ++a) {
        for (auto b = std::next(a); b != samples_.end(); ++b) {
            const auto [less, more] = std::minmax(a->tests, b->tests);
            if (more < kLeastRatio * less) continue;
            slopes.push_back((b->seconds - a->seconds) / (b->tests - a->tests));
        }
    }
    if (samples_.size() >= kFewestBatches && slopes.size() >= kFewestPairs) {
        per_test_ = Seconds{std::max(median(std::move(slopes)), 0.0)};
        told_apart_ = true;
    }
    // Later ones may all be of one size.
    if (told_apart_) return;
    std::vector<double> limits;
    for (const Sample& sample : samples_) limits.push_back(sample.seconds / sample.tests);
    per_test_ = Seconds{std::min(assumed_per_test_, median(std::move(limits)))};
}

void BatchOverhead::learn_per_batch() {
    std::vector<double> rest;
    rest.reserve(samples_.size());
    for (const Sample& sample : samples_) {
        rest.push_back(std::max(sample.seconds - per_test_.count() * sample.tests, 0.0));
    }
    per_batch_ = Seconds{median(std::move(rest))};
}

}  // namespace offload::schedule

#include "batch_tests.hpp"

#include <utility>

namespace offload::run {

void BatchTests::add(const std::vector<TestIndex>& tests) {
    tests_.insert(tests_.end(), tests.begin(), tests.end());
    places_.resize(tests_.size());
}

void BatchTests::began(std::size_t position, Seconds now) { places_[position].running_since = now; }

bool BatchTests::ended(std::size_t position, const TestResult& result) {
    auto& place = places_[position];
    told_of_failure_ = told_of_failure_ || is_failure(result.outcome);
    if (place.superseded && !std::exchange(place.told, true)) --lost_;
    if (place.done || !place.refusal.empty()) return false;
    place.done = true;
    place.running_since.reset();
    ++results_;
    any_failure_ = any_failure_ || is_failure(result.outcome);
    work_ += result.duration;
    return true;
}

void BatchTests::refused(std::size_t position, std::string reason) {
    auto& place = places_[position];
    if (place.done || !place.refusal.empty()) return;
    ++refused_;
    place.running_since.reset();
    place.refusal = reason.empty() ? "the runner refused it" : std::move(reason);
}

void BatchTests::supersede(TestIndex test) {
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        auto& place = places_[i];
        if (tests_[i] != test || !place.refusal.empty()) continue;
        if (std::exchange(place.done, true)) continue;
        place.superseded = true;
        ++superseded_;
        ++lost_;
    }
}

std::vector<schedule::Unfinished> BatchTests::left(Seconds now,
                                                   const std::vector<int>& missing_before) const {
    std::vector<schedule::Unfinished> left;
    for (std::size_t i = 0; i < tests_.size(); ++i) {
        const auto& place = places_[i];
        if (place.done) continue;
        left.push_back({.test = tests_[i],
                        .running_for = std::nullopt,
                        .missing_before = missing_before[tests_[i].value()],
                        .refusal = place.refusal});
        if (place.running_since) left.back().running_for = now - *place.running_since;
    }
    return left;
}

}  // namespace offload::run

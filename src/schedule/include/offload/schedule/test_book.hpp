// What is known of each test that a scheduler was ever given, and where the test is now. Pure.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "offload/model/ids.hpp"

namespace offload::schedule {

enum class Place { Nowhere, Queued, Running };

struct KnownTest {
    double weight = 1;     // expected seconds, or 1 where nothing is known
    double deviation = 1;  // beside the weight; 1 where nothing is known
    std::size_t command_bytes = 0;
    std::size_t affinity = 0;
    std::size_t lane = 0;                // of Queue
    SandboxNumber sandbox;               // where it runs
    std::optional<SandboxNumber> rival;  // where it runs as well
    Place place = Place::Nowhere;
    bool added = false;
    bool alone = false;
    bool apart = false;
    bool measured = false;
    bool bonded = false;
    bool refused = false;     // by a runner, once
    std::uint8_t hedges = 0;  // duplicates of it since it was last taken out of the queue
    bool counts = true;       // as one of the batches that there can be; of a bond only the first

    bool runs_in(SandboxNumber number) const {
        return place == Place::Running && (sandbox == number || rival == number);
    }
};

// The tests by their index. All operations are O(1), add() amortised.
class TestBook {
  public:
    // Nothing of it is known yet, if it was never added.
    KnownTest& add(TestIndex test) {
        if (test.value() >= tests_.size()) tests_.resize(test.value() + 1);
        return tests_[test.value()];
    }
    bool holds(TestIndex test) const {
        return test.value() < tests_.size() && tests_[test.value()].added;
    }
    KnownTest& operator[](TestIndex test) {
        assert(test.value() < tests_.size());
        return tests_[test.value()];
    }
    const KnownTest& operator[](TestIndex test) const {
        assert(test.value() < tests_.size());
        return tests_[test.value()];
    }

  private:
    std::vector<KnownTest> tests_;
};

}  // namespace offload::schedule

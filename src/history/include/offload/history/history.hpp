// What earlier runs tell of each test: a bounded, mergeable sample of its durations. Pure.
//
// The text form is one JSON object a line, in the order of the keys, so that a diff shows which
// tests changed:
//
//   {"k":["offload.toml","tests/test_a.py::test_x"],"v":{"n":47,"f":3,"last_run":"aKx7",
//    "ok":[["aKx7",1712000000000,2.1]],"fail":[["Z9pQ",1711998000000,2.3]]}}
//
// `k`: config file and test ID. `n`, `f`: attempts and failures ever. `ok`, `fail`: samples of
// passed and failed attempts: run, milliseconds since 1970, seconds.
//
// Not here: files and locks (history_file.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"

namespace offload::history {

struct Sample {
    std::string run;
    std::int64_t at_ms = 0;
    double seconds = 0;
    bool operator==(const Sample&) const = default;
};

struct Record {
    std::uint64_t attempts = 0;
    std::uint64_t failures = 0;
    std::string last_run;
    std::vector<Sample> passed;  // newest first
    std::vector<Sample> failed;
    bool operator==(const Record&) const = default;
};

struct Attempt {
    std::string_view test;
    Sample sample;
    bool passed = true;
};

// How long the test is expected to take, and when that was last measured.
struct Estimate {
    Seconds duration{0};
    std::int64_t at_ms = 0;
};

class History {
  public:
    using Key = std::pair<std::string, std::string>;  // config file, test ID

    // Lines that are none of ours (a conflict's markers, half a line) are left out and counted.
    static History parse(std::string_view text, std::size_t* broken_lines = nullptr);
    std::string render() const;

    // Of each test and outcome at most `capacity` samples are kept: the newest one, and of the
    // others those that a weighted draw without replacement prefers, where a week halves a
    // sample's weight ("weighted random sampling with a reservoir": Efraimidis & Spirakis 2006,
    // with the forward decay of Cormode et al. 2009). The draw is a function of the sample alone,
    // so that neither the order of recording nor that of merging matters.
    void record(const std::string& config, const Attempt& attempt, std::size_t capacity);

    // Everything that either side knows; of a test that both know, samples are united and attempts
    // since `base` added up. `base`: the common ancestor, empty where there is none.
    static History merge(const History& base, const History& ours, const History& theirs,
                         std::size_t capacity);

    // The median of the newest passed samples; of the failed ones where it never passed.
    std::optional<Estimate> estimate(const std::string& config, const std::string& test) const;

    // Standard deviation of the same samples about `expected`, beside it. Nothing where there are
    // fewer than two.
    std::optional<double> deviation(const std::string& config, const std::string& test,
                                    Seconds expected) const;

    const std::map<Key, Record>& records() const { return records_; }
    std::size_t most_samples() const;  // of any test and outcome

  private:
    std::span<const Sample> telling(const std::string& config, const std::string& test) const;

    std::map<Key, Record> records_;
};

}  // namespace offload::history

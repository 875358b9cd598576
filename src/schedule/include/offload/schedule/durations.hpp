// How long tests are expected to take. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/test_table.hpp"

namespace offload::schedule {

// Evidence by test ID; the newest wins. For a test without evidence: the mean of its file's known
// tests, else of its group's, else what is assumed, else the mean of all.
class Durations {
  public:
    // `id` must outlive this. `deviation`, `cores`: see KnownDuration.
    void record(std::string_view id, Seconds duration,
                std::optional<double> deviation = std::nullopt, double cores = 1);
    bool empty() const { return known_.empty(); }
    std::optional<Seconds> find(std::string_view id) const;
    std::optional<double> deviation(std::string_view id) const;
    double cores(std::string_view id) const;  // 1 where nothing is known

    // Nothing when nothing at all is known of `tests`: beside no other duration, an assumption that
    // all share weighs nothing.
    std::vector<std::optional<Seconds>> expect(const TestTable& tests,
                                               std::optional<Seconds> assumed = std::nullopt) const;

  private:
    struct Known {
        Seconds duration{0};
        std::optional<double> deviation;
        double cores = 1;
    };
    std::unordered_map<std::string_view, Known> known_;
};

}  // namespace offload::schedule

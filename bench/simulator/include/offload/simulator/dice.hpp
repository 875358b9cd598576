// Chance, from a seed: the same seed throws the same numbers.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "offload/base/time.hpp"

namespace offload::simulator {

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    std::size_t below(std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }
    bool chance(double part) {
        return std::uniform_real_distribution<double>(0, 1)(random_) < part;
    }
    double between(double low, double high) {
        return std::uniform_real_distribution<double>(low, high)(random_);
    }
    // Most are short, a few are very long.
    Seconds duration() { return Seconds{0.01 * std::exp(between(0, 7))}; }

  private:
    std::mt19937_64 random_;
};

}  // namespace offload::simulator

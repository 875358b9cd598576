// What befalls the runs of property tests, by a seed, and what must come of them all the same.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "played_run.hpp"

namespace offload::run {

class Dice {
  public:
    explicit Dice(unsigned seed) : random_(seed) {}
    unsigned below(unsigned bound) {
        return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_);
    }

  private:
    std::mt19937 random_;
};

inline void cause_trouble(PlayedRun& f, Dice& dice) {
    using simulation::Act;
    f.settings().slots = 1 + dice.below(6);
    f.execs(dice.below(4), simulation::Exec::Way::Lost);
    for (unsigned i = dice.below(3); i > 0; --i) {
        f.world.creations[i].way = simulation::Creation::Way::Fails;
    }
    for (auto& group : f.world.groups) {
        group.settings.retry_count = dice.below(3);
        for (const auto& id : group.ids) {
            if (dice.below(4) != 0) continue;
            for (int i = 0; i < 4; ++i) {
                constexpr Act kActs[] = {Act::Pass, Act::Fail, Act::Skip, Act::Crash};
                f.acts(id).push_back(kActs[dice.below(4)]);
            }
        }
    }
}

// Every test ends with a verdict, and no attempts but those that it may have.
inline void play_in_spite_of_trouble(PlayedRun& f) {
    const auto summary = f.play();
    EXPECT_EQ(summary.counts.not_run, 0U);
    for (const auto& verdict : summary.verdicts) {
        const auto& test = f.tests()[verdict.test];
        const auto limit = 1 + f.group(test.group.value()).retry_count;
        EXPECT_GE(verdict.attempts.size(), 1U) << test.id;
        EXPECT_LE(verdict.attempts.size(), limit) << test.id;
    }
}

}  // namespace offload::run

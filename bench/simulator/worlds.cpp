#include "offload/simulator/worlds.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace offload::simulator {
namespace {

class Durations {
  public:
    Durations(const Setting& setting, std::mt19937_64& random)
        : setting_(setting), random_(random) {}

    double draw() {
        const double mean = setting_.mean;
        switch (setting_.shape) {
            case Shape::Uniform:
                return std::uniform_real_distribution<double>(0, 2 * mean)(random_);
            case Shape::Lognormal: {
                const double sigma = setting_.tail;
                const double mu = std::log(mean) - sigma * sigma / 2;
                return std::lognormal_distribution<double>(mu, sigma)(random_);
            }
            case Shape::Pareto: {
                // A mean exists for exponents above 1 only.
                const double exponent = std::max(setting_.tail, 1.05);
                const double least = mean * (exponent - 1) / exponent;
                const double u = std::uniform_real_distribution<double>(0, 1)(random_);
                return least * std::pow(1 - u, -1 / exponent);
            }
            case Shape::Constant:
                break;
        }
        return mean;
    }

  private:
    const Setting& setting_;
    std::mt19937_64& random_;
};

// What earlier runs, each on a sandbox of its own and as noisy as this one, tell of a test.
void remember(Case& test, const Setting& setting, std::mt19937_64& random) {
    std::normal_distribution<double> unit;  // times the noise, which may be none
    std::uniform_real_distribution<double> slowness(0, setting.slowness);
    std::vector<double> samples;
    for (std::size_t i = 0; i < setting.history; ++i) {
        samples.push_back(test.duration.count() * std::exp(setting.noise * unit(random)) *
                          (1 + slowness(random)));
    }
    std::sort(samples.begin(), samples.end());
    const double expected = samples[samples.size() / 2];
    double squares = 0;
    for (const double sample : samples) squares += (sample - expected) * (sample - expected);
    test.duration *= std::exp(setting.noise * unit(random));
    test.expected = Seconds{expected};
    if (samples.size() > 1) {
        const auto others = static_cast<double>(samples.size() - 1);
        test.deviation = std::sqrt(squares / others) / expected;
    }
}

}  // namespace

World make_world(const Setting& setting) {
    std::mt19937_64 random(setting.seed);
    const auto chance = [&](double part) {
        return std::uniform_real_distribution<double>(0, 1)(random) < part;
    };
    Durations durations(setting, random);
    std::normal_distribution<double> unit;  // times the noise, which may be none
    std::mt19937_64 past(setting.seed + 1);
    World world;
    world.retry_counts = {1};
    world.slots = setting.slots;
    world.overhead = Seconds{setting.overhead};
    world.overhead_spread = 0.2;
    world.overhead_per_test = Seconds{setting.overhead_per_test};
    world.known_overhead = Seconds{setting.assumed_overhead};
    world.assumed_per_test = Seconds{setting.assumed_per_test};
    world.creation = Seconds{setting.creation};
    world.creation_spread = 0.2;
    world.hedges = true;
    world.slowness = setting.slowness;
    world.straggling = setting.straggling;
    world.seed = setting.seed;
    world.cases.reserve(setting.tests);
    double work = 0;
    for (std::size_t i = 0; i < setting.tests; ++i) {
        Case test;
        test.duration = Seconds{durations.draw()};
        const double factor = setting.noise > 0 ? std::exp(setting.noise * unit(random)) : 1;
        if (!chance(setting.unknown)) test.expected = test.duration * factor;
        if (setting.history > 0) remember(test, setting, past);
        if (chance(setting.failures)) test.failures = 1;
        if (setting.tests_per_file > 0) test.affinity = 1 + i / setting.tests_per_file;
        work += test.duration.count();
        world.cases.push_back(test);
    }
    if (setting.deaths > 0) {
        const double hours = work / static_cast<double>(setting.slots) / 3600;
        world.losses_per_hour = setting.deaths / hours;
    }
    return world;
}

}  // namespace offload::simulator

// Made-up worlds for the simulation, from a few numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "offload/simulator/simulation.hpp"

namespace offload::simulator {

enum class Shape { Constant, Uniform, Lognormal, Pareto };

struct Setting {
    std::size_t tests = 100'000;
    std::size_t slots = 1'000;
    Shape shape = Shape::Lognormal;
    double mean = 2;                 // seconds
    double tail = 1.2;               // sigma of Lognormal, exponent of Pareto
    double noise = 0.1;              // sigma of the estimates' lognormal error
    std::size_t history = 0;         // earlier runs, each as noisy, from which the estimates come
    double unknown = 0;              // part of the tests that have no estimate
    double overhead = 1;             // seconds, of each batch; up to twice that
    double overhead_per_test = 0;    // seconds
    double assumed_overhead = 0.4;   // of that, as the engine assumes it
    double assumed_per_test = 0.01;  // likewise, of sandboxes elsewhere
    double creation = 10;            // seconds, of each sandbox; up to twice that
    double failures = 0;             // part of the tests that fail once; they are retried
    double deaths = 0;               // part of the sandboxes that die in the course of the run
    double straggling = 0;           // chance of an execution to take ten times as long
    double slowness = 0;             // a sandbox may take so many times more
    std::size_t tests_per_file = 0;
    std::uint64_t seed = 1;
};

// The same setting gives the same world.
World make_world(const Setting& setting);

}  // namespace offload::simulator

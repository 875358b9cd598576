// simulation_test: plays runs in made-up worlds, and says in which one a run breaks a rule.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "invariants.hpp"
#include "shrink.hpp"
#include "simulation.hpp"
#include "story.hpp"
#include "world.hpp"

namespace offload::simulation {
namespace {

struct Arguments {
    std::uint64_t first = 1;
    std::uint64_t runs = 2000;
    std::optional<std::uint64_t> seed;
    std::size_t jobs = 1;
    std::uint64_t enough = 5;
    bool verbose = false;
    bool shrink = false;
};

std::vector<std::string> play(const World& world) {
    Simulation simulation(world);
    const auto& record = simulation.run();
    return broken_invariants(world, record, simulation.tests());
}

// --- An assertion ends the program, and the seed must be known all the same

thread_local std::uint64_t seed_in_play = 0;

extern "C" void name_the_seed(int signal) {
    // NOLINTNEXTLINE: nothing better can be had here
    std::fprintf(stderr, "seed %llu ends the program\n",
                 static_cast<unsigned long long>(seed_in_play));
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void print_failure(std::uint64_t seed, const std::vector<std::string>& broken) {
    fmt::print("seed {} fails:\n", seed);
    constexpr std::size_t kShown = 10;
    for (std::size_t i = 0; i < std::min(kShown, broken.size()); ++i) {
        fmt::print("  {}\n", broken[i]);
    }
    if (broken.size() > kShown) fmt::print("  and {} more\n", broken.size() - kShown);
    fmt::print("play it again: simulation_test --seed {} --verbose [--shrink]\n", seed);
    std::fflush(stdout);
}

int play_one(const Arguments& arguments) {
    const auto seed = *arguments.seed;
    seed_in_play = seed;
    World world = make_world(seed);
    if (arguments.shrink && !play(world).empty()) {
        world =
            shrink(std::move(world), [](const World& smaller) { return !play(smaller).empty(); });
    }
    Simulation simulation(world);
    if (arguments.verbose) {
        fmt::print("{}\n", describe(world));
        simulation.on_line = [](Seconds at, const std::string& line) {
            fmt::print("{:10.3f} {}\n", at.count(), line);
        };
    }
    const auto broken = broken_invariants(world, simulation.run(), simulation.tests());
    if (broken.empty()) {
        fmt::print("seed {}: all is well\n", seed);
        return EXIT_SUCCESS;
    }
    print_failure(seed, broken);
    return EXIT_FAILURE;
}

// Each failing seed is told; after a few it is enough.
int play_many(const Arguments& arguments) {
    std::atomic<std::uint64_t> next = arguments.first;
    std::atomic<std::uint64_t> failures = 0;
    std::mutex printing;
    const auto end = arguments.first + arguments.runs;
    const auto work = [&] {
        for (auto seed = next++; seed < end && failures < arguments.enough; seed = next++) {
            seed_in_play = seed;
            const auto broken = play(make_world(seed));
            if (broken.empty()) continue;
            ++failures;
            const std::scoped_lock lock(printing);
            print_failure(seed, broken);
        }
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < std::max<std::size_t>(1, arguments.jobs); ++i) {
            threads.emplace_back(work);
        }
    }
    if (failures > 0) return EXIT_FAILURE;
    fmt::print("{} runs, from seed {} on: all is well\n", arguments.runs, arguments.first);
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace offload::simulation

int main(int argc, char** argv) {
    using namespace offload::simulation;
    Arguments arguments;
    CLI::App app{"Plays runs in made-up worlds on a virtual clock, each from a seed."};
    app.add_option("--runs", arguments.runs, "so many")->capture_default_str();
    app.add_option("--first", arguments.first, "the first one's seed")->capture_default_str();
    app.add_option("--jobs", arguments.jobs, "threads")->capture_default_str();
    app.add_option("--enough", arguments.enough, "end after so many that fail")
        ->capture_default_str();
    app.add_option("--seed", arguments.seed, "play this one alone");
    app.add_flag("-v,--verbose", arguments.verbose, "with --seed: tell the story");
    app.add_flag("--shrink", arguments.shrink, "with --seed: of as small a world as still fails");
    CLI11_PARSE(app, argc, argv);
    std::signal(SIGABRT, name_the_seed);
    std::signal(SIGSEGV, name_the_seed);
    return arguments.seed ? play_one(arguments) : play_many(arguments);
}

// offload_simulator: how long a made-up run takes under each policy, and how far that is from the
// least time that any schedule needs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <map>
#include <string>

#include "offload/simulator/worlds.hpp"

namespace {

using namespace offload;
using namespace offload::simulator;

Report report(const std::string& name, PolicyKind policy, World world) {
    world.policy = policy;
    const auto begin = std::chrono::steady_clock::now();
    Report report = simulate(world);
    const Seconds took = std::chrono::steady_clock::now() - begin;
    const Seconds bound = report.lower_bound(world);
    const double capacity = report.makespan.count() * static_cast<double>(world.slots);
    fmt::print("{:<28} {:>9.1f} {:>9.1f} {:>7.3f} {:>8} {:>7} {:>6} {:>6.1f} % {:>8.2f}\n", name,
               report.makespan.count(), bound.count(), report.makespan / bound, report.batches,
               report.hedges, report.lost, 100 * (1 - report.busy.count() / capacity),
               1e6 * took.count() / static_cast<double>(world.cases.size()));
    for (const auto& violation : report.violations) fmt::print("  violated: {}\n", violation);
    return report;
}

}  // namespace

int main(int argc, char** argv) {
    Setting setting;
    CLI::App program("Simulates a run under several scheduling policies.", "offload_simulator");
    const std::map<std::string, Shape> shapes{{"constant", Shape::Constant},
                                              {"uniform", Shape::Uniform},
                                              {"lognormal", Shape::Lognormal},
                                              {"pareto", Shape::Pareto}};
    bool only_ours = false;
    double ahead = 1.5;
    program.add_option("--tests", setting.tests)->capture_default_str();
    program.add_option("--slots", setting.slots)->capture_default_str();
    program.add_option("--shape", setting.shape, "of the durations")
        ->transform(CLI::CheckedTransformer(shapes));
    program.add_option("--mean", setting.mean, "seconds of a test")->capture_default_str();
    program.add_option("--tail", setting.tail, "sigma of lognormal, exponent of pareto")
        ->capture_default_str();
    program.add_option("--noise", setting.noise, "sigma of the estimates' lognormal error")
        ->capture_default_str();
    program.add_option("--history", setting.history,
                       "earlier runs, each as noisy, that the estimates come from");
    program.add_option("--unknown", setting.unknown, "part of tests without an estimate");
    program.add_option("--overhead", setting.overhead, "seconds of each batch, up to twice that")
        ->capture_default_str();
    program.add_option("--overhead-per-test", setting.overhead_per_test, "seconds of each test");
    program.add_option("--creation", setting.creation, "seconds of each sandbox, up to twice that")
        ->capture_default_str();
    program.add_option("--failures", setting.failures, "part of tests that fail once");
    program.add_option("--deaths", setting.deaths, "part of sandboxes that die during the run");
    program.add_option("--straggling", setting.straggling,
                       "chance of an execution to take ten times as long");
    program.add_option("--slowness", setting.slowness, "a sandbox may take so many times more");
    program.add_option("--tests-per-file", setting.tests_per_file);
    program.add_option("--seed", setting.seed)->capture_default_str();
    program.add_option("--ahead", ahead, "seconds of work that a worker holds")
        ->capture_default_str();
    program.add_flag("--only-ours", only_ours, "no comparison");
    CLI11_PARSE(program, argc, argv);

    World world = make_world(setting);
    fmt::print("{:<28} {:>9} {:>9} {:>7} {:>8} {:>7} {:>6} {:>8} {:>8}\n", "policy", "makespan",
               "bound", "ratio", "batches", "hedges", "lost", "unused", "us/test");
    if (!only_ours) {
        report("round robin", PolicyKind::RoundRobin, world);
        report("longest first, static", PolicyKind::StaticLongestFirst, world);
        report("longest first, with splits", PolicyKind::StaticWithSplits, world);
    }
    const auto costs = report("ours", PolicyKind::Ours, world).batch_costs;
    if (!only_ours) {
        World workers = world;
        workers.ahead = Seconds{ahead};
        report("ours, in workers", PolicyKind::Ours, std::move(workers));
    }
    if (!costs) return 0;
    world.known_overhead = costs->per_batch;
    world.assumed_per_test = costs->per_test;
    world.known_spread = costs->spread;
    report("ours, knowing its costs", PolicyKind::Ours, std::move(world));
    return 0;
}

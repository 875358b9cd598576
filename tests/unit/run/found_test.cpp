// Worlds in which the simulation has found a run to go wrong, made as small as they can be. Seeds
// make other worlds when worlds become wider; these stay.
#include "played_run.hpp"

namespace offload::run {
namespace {

using simulation::Act;
using simulation::Exec;

// A worker that had discovered waited for the discovery of another group, which waited for a worker
// for which no sandbox came: for ever.
TEST(FoundBySimulation, AGroupForWhichNoWorkerComesIsDiscoveredByACommand) {
    PlayedRun f({ids(2, "a"), ids(2, "b")});
    f.settings().slots = f.settings().discoveries_at_once = 2;
    f.abilities().same_machine = f.abilities().passes_stdin = f.abilities().worker_discovers = true;
    f.world.workers = true;
    f.world.dead_slots = {0};
    EXPECT_EQ(f.play().exit_status, 0);
    EXPECT_EQ(f.created(), 1U);
}

// The second group's bond was not counted as work, no sandbox was asked for, and the run waited.
TEST(FoundBySimulation, TwoGroupsMayNameTheirBondsAlike) {
    PlayedRun f({ids(1, "a"), ids(2, "b")});
    f.settings().slots = 1;
    f.limit(Seconds{10});
    for (const auto* id : {"a0", "b1"}) f.world.tests[id].bond = "bond";
    // Its sandbox is lost with it, and a second one is needed for what is left.
    f.acts("b0") = {Act::Hang};
    f.know(Seconds{9});
    EXPECT_EQ(f.play().counts.passed, 2U);
}

// Each duplicate came to its end without a word of the test, while another one was at work on it.
TEST(FoundBySimulation, WhatRunnersLeaveOutIsNotDuplicatedForEver) {
    PlayedRun f({std::vector<std::string>{"quick", "withheld"}});
    f.group(0).alone = true;
    f.settings().slots = 12;
    f.know(Seconds{0.1});
    f.world.tests["withheld"].duration = Seconds{10};
    f.world.usual_exec = {.way = Exec::Way::Withholds, .after = 0};
    f.execs(1, Exec::Way::Regular);
    f.world.usual_creation.takes = Seconds{1.7};
    f.play();
    EXPECT_EQ(f.status("withheld"), Status::NotRun);
}

// While the files of a batch that was out of time were fetched, its test seemed to run on: the last
// one to start was said to have had the whole limit for itself.
TEST(FoundBySimulation, WhatFetchingFilesTakesIsNoTimeOfATest) {
    PlayedRun f({ids(2)});
    f.settings().slots = 1;
    f.limit(Seconds{10});
    f.settings().artefact_globs = {"out/**"};
    f.world.fetching = Seconds{8};
    for (const auto& id : ids(2)) f.world.tests[id].duration = Seconds{6};
    EXPECT_EQ(f.play().counts.passed, 2U);
}

// All tests had passed, the runner was killed afterwards, and the run went on.
TEST(FoundBySimulation, FailFastStopsAtARunnersOwnFailure) {
    PlayedRun f({ids(2, "a"), ids(30, "b")});
    f.settings().slots = 1;
    f.settings().fail_fast = true;
    f.world.usual_exec = {.way = Exec::Way::Dies, .after = 2};
    const auto summary = f.play();
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_GT(summary.counts.not_run, 0U);
    EXPECT_THAT(summary.verdicts.back().attempts.at(0).result.type, "runner");
}

}  // namespace
}  // namespace offload::run

// A made-up world in which a run takes place: what there is to test, and what goes wrong. Plain
// data; nothing in it depends on what the run decides.
//
// Faults stand beside the number of what they befall (the third sandbox, the fifth batch), so that
// each can be taken out by itself; all others are as the usual one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/claim.hpp"
#include "offload/run/settings.hpp"

namespace offload::simulation {

// What one execution of a test comes to.
enum class Act {
    Pass,
    Fail,
    Skip,
    Crash,      // takes its process down
    Hang,       // until it is ended
    Refuse,     // the runner says that it will not run it
    LeaveOut,   // it comes to its end without it, and says nothing of it
    Dawdle,     // it passes, and takes so many times as long
    CrashLate,  // the same, and then it takes its process down
    Mumble      // the same, and nobody hears how it went
};
constexpr double kDawdling = 20;

struct Test {
    std::vector<Act> acts = {};  // one after the other, the last one again and again; none: passes
    Seconds duration{0.1};
    std::string file = {};
    std::string bond = {};
    Needs needs = {};
};

// How the command that discovers a group ends.
struct Discovery {
    enum class Way { Tells, Fails, Hangs };
    Way way = Way::Tells;
    Seconds takes{1};
};

// What a worker that discovers does when it has collected.
enum class Finding { Stays, Leaves, LeavesAsUnfit, Dies, IsLost, Hangs };

struct Group {
    run::GroupSettings settings;
    std::vector<std::string> ids = {};
    std::vector<std::string> broken = {};  // modules
    Discovery discovery = {};
    Finding finding = Finding::Stays;
    bool untold = false;  // by the discovery of another group
    bool worker = true;   // its tests may run in one, where the world has them
};

struct Preparation {
    Seconds takes{1};
    std::string trouble = {};  // empty: none
};

struct Creation {
    enum class Way {
        Comes,               // unless it is cancelled
        ComesAnyway,         // whether or not it is cancelled
        ComesWhenCancelled,  // and takes this long otherwise
        Fails,
        FailsAsTooMany,  // the provider limits the rate
        Hangs            // until its deadline, or until it is cancelled
    };
    Way way = Way::Comes;
    Seconds takes{2};
};

struct Destruction {
    Seconds takes{0.5};  // tried again, it takes longer
    bool fails = false;
};

// The user's own commands before and after all else.
struct Scripts {
    bool any = false;
    Seconds setup_takes{1};
    bool setup_fails = false;
    Seconds teardown_takes{1};
    bool teardown_fails = false;
};

struct Interrupt {
    Seconds at{0};
    int signal = 2;
};

// How the exec of a batch goes, apart from its tests.
struct Exec {
    enum class Way {
        Regular,
        Lost,         // the way to the sandbox, when so many results have come
        Dies,         // between two tests, likewise
        Stalls,       // likewise
        Withholds,    // does not tell this one's result
        TellsLate,    // all it has to tell at its end, the last first
        TellsTwice,   // each result
        TellsStrays,  // a failed result of no known test
        DoesNotFit,
        CannotStart,     // the command is not found
        IsDeaf,          // a worker that ends at once, without a word
        IsUnfit,         // a worker that says that none is possible
        IsStubborn,      // a worker that does not end when it is told to
        WearsOut,        // its sandbox cannot be used again
        LosesFiles,      // they cannot be fetched
        NeverBegins,     // nothing is heard of it until its time is over
        CannotBeWorded,  // it is not even tried, and the sandbox is none the worse for it
        LeavesNoFile,    // its runner is content and has left no results; no worker
        RunnerFails      // its runner says that something besides the tests is wrong
    };
    Way way = Way::Regular;
    std::size_t after = 0;
    Seconds ends_late{0};  // after it was cancelled
};

struct Conclusion {
    enum class Way { Fine, Fails, Demands, Hangs };
    Way way = Way::Fine;
    Seconds takes{1};
};

struct World {
    World() { settings.told.max_parallel = settings.slots = 3; }

    // Without what follows from the rest: groups, known durations' tests, functions of abilities.
    run::Settings settings;
    std::vector<Group> groups;
    std::map<std::string, Test> tests;  // by ID; those that are not here are like any other

    bool tells_starts = true;
    bool workers = false;                      // the framework has them
    bool families = false;                     // one discovery tells the tests of all groups
    bool only_one_means_failed_tests = false;  // of the exit statuses of the runner

    Preparation preparation = {};
    std::map<std::size_t, Creation> creations = {};  // by number of the sandbox
    Creation usual_creation = {};
    std::set<std::size_t> dead_slots = {};                 // creations there fail
    std::map<std::size_t, Destruction> destructions = {};  // by number of the sandbox
    std::map<std::size_t, Seconds> vanishings = {};        // likewise; so long after it came up
    std::map<std::size_t, Exec> execs = {};                // by number of the batch
    Exec usual_exec = {};
    Seconds start_up{0.3};                    // of each
    std::vector<std::string> artefacts = {};  // what every batch leaves
    Seconds fetching{0};                      // how long it takes to fetch them
    Conclusion conclusion = {};
    Scripts scripts = {};
    std::vector<Interrupt> interrupts = {};
    Seconds turn{0};  // what happens within this time is heard together
};

// A group with these tests, named by its number.
Group& add_group(World& world, std::vector<std::string> ids);

// What the run is told beforehand.
run::Settings settings_of(const World& world);

const Test& test_of(const World& world, const std::string& id);

// A creation that hangs is given up on by then.
constexpr Seconds kCreationDeadline{600};

// By then every run in this world has ended, if it gets anywhere.
Seconds latest_end(const World& world);

// How many things go wrong in it.
std::size_t count_faults(const World& world);

// The same seed gives the same world.
World make_world(std::uint64_t seed);

}  // namespace offload::simulation

// What a run must know before it begins: values, and what framework and provider can do. Immutable.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/model/claim.hpp"
#include "offload/model/discovered.hpp"
#include "offload/model/event.hpp"
#include "offload/model/ids.hpp"
#include "offload/model/known_duration.hpp"
#include "offload/schedule/ledger.hpp"
#include "offload/select/selection.hpp"

namespace offload::run {

struct GroupSettings {
    std::string name;
    std::size_t retry_count = 0;
    bool alone = false;              // each test in a batch of its own,
    bool apart = false;              // or in a process of its own, which a worker has for it
    bool by_file = false;            // with either: not each test, but those of each file or bond
    bool wanted = true;              // false: not among the groups that were asked for
    std::string shown = {};          // the command that discovers it, for people
    std::vector<Claim> claims = {};  // of each of its batches, besides what tests need
};

// Of framework and provider together. The functions are pure.
struct Abilities {
    VerdictSource verdict_source = VerdictSource::PerTest;
    bool same_machine = false;          // sandboxes are on this machine
    bool passes_stdin = false;          // a worker can be told its tests
    bool worker_discovers = false;      // and one of a group can be the one that finds them
    bool discovers_in_sandbox = false;  // tests are found where they run, and nowhere else
    std::size_t command_bytes = 0;      // most that a batch's command may take; 0: no limit
    std::size_t concurrent_creations = 8;
    // Of that, how much one test takes. Empty: nothing.
    std::function<std::size_t(std::string_view id)> bytes_of_test = {};
    // Whether one command could tell the tests of both. Empty: never.
    std::function<bool(GroupIndex leader, GroupIndex companion)> discovers_together = {};
    // Whether tests of a group with this carry may run in a worker. Empty: never.
    std::function<bool(const std::shared_ptr<const Carry>&)> has_worker = {};
    // Whether the runner says with this exit status that tests have failed, and nothing else.
    // Empty: with any but 0.
    std::function<bool(int exit_status)> says_tests_failed = {};
};

struct Settings {
    RunStarted told;                    // the first event
    std::vector<std::string> warnings;  // told next
    std::vector<GroupSettings> groups;  // in file order
    bool sets_up = false;               // the user has commands before or after all else
    Abilities abilities;

    std::size_t slots = 1;                // sandboxes at once, at most
    std::size_t cores = 1;                // of this machine
    std::size_t discoveries_at_once = 1;  // as workers
    Seconds test_limit{900};              // of one test in a worker
    Seconds exec_limit{900};              // of one batch
    Seconds discovery_limit{3600};
    std::map<std::string, std::size_t> capacities;  // of resources that are claimed; else 1
    Seconds longest_batch{0};                       // [offload] max_batch_duration_secs; 0: none
    bool hedges = true;                             // [offload] impatiently_requeue_batches
    bool fail_fast = false;

    select::Selection selection;                 // which tests are run
    schedule::Repetition repetition;             // how often
    std::vector<KnownDuration> known_durations;  // one per test ID
    std::optional<Seconds> default_duration;     // of a test about which nothing is known
    std::optional<BatchCosts> known_costs = {};  // of an earlier run's batches
    std::vector<std::string> artefact_globs;     // files to fetch after each batch
};

// When something happens. Nothing below the engine reads a clock.
struct Now {
    Seconds since_start{0};  // on the steady clock; from the program's start
    SystemTime wall{};
};

}  // namespace offload::run

// Is a suite safe to run in parallel? Its tests are run in several ways, which are compared test by
// test; where they do not agree, smaller runs find out why. Pure: who runs the tests is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/model/result.hpp"

namespace offload::app {

enum class Way {
    Plain,    // one process after the other, nothing beside it: as few of them as there can be
    Batches,  // side by side
    Workers,  // side by side, and given their tests while they run
    Alone,    // one process after the other, one for each test
};

struct Trial {
    Way way = Way::Plain;
    std::vector<std::string> only = {};  // IDs; empty: all tests
    std::size_t times = 1;               // how often each runs; one failure is a failure
};

struct Seen {
    Status status = Status::NotRun;
    std::string said = {};   // what its failure says
    std::uint32_t bond = 0;  // tests of one bond run together only; 0: of none
};

// What came of one run.
struct Observation {
    std::map<std::string, Seen> tests = {};  // by ID
    std::vector<std::string> order = {};     // IDs, as they were collected
    // The tests of each process, in the order in which they ended.
    std::vector<std::vector<std::string>> processes = {};
    std::optional<std::string> failure = {};  // why the run could not be carried out

    std::optional<Status> status_of(const std::string& id) const;
};

using Observe = std::function<Observation(const Trial&)>;

enum class Cause {
    Unstable,  // its own runs do not agree, though nothing is beside it
    Identity,  // its ID is another one in each collection
    Needs,     // it fails without what other tests do before it
    Spoilt,    // it fails after what other tests do before it
    Shared,    // it fails beside other tests only
    Runner,    // what the runner says of itself, not a test
    Unknown,   // there were too many to look into each
};

struct Finding {
    std::string id;
    std::vector<std::optional<Status>> seen;  // by column; nothing: not collected there
    Cause cause = Cause::Unknown;
    std::string other = {};  // Needs, Spoilt: the test that does it, where one alone does
    std::string said = {};   // what its failure says, where it fails in one of the columns only
};

struct Examination {
    std::vector<std::string> columns;  // what has been compared
    std::size_t tests = 0;
    std::vector<Finding> findings;       // of tests that do not end the same everywhere, by ID
    Observation plain;                   // what all others are compared with
    std::optional<std::string> failure;  // why it could not be carried out

    bool agrees() const { return findings.empty() && !failure; }
};

// The entry that stands for what the runner says of itself, besides its tests.
inline constexpr std::string_view kRunnerItself = "(the runner itself)";

// `observe` is called again and again, one call after the other.
Examination examine(const Observe& observe);

// As a table, and one sentence at its end. `all`: also the tests that agree.
std::string render(const Examination& examination, bool all);

}  // namespace offload::app

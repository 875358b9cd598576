// Test binaries as nextest would start them, so that a worker can start them itself: in which
// folder, with which variables, and whether nextest has been told of nothing that a worker does not
// do. Pure.
//
// nextest gives a test what cargo knows of its package, the project's own variables ([env]), and
// the paths of libraries. None of that is worked out here: nextest starts each binary to have its
// tests listed, and a program in between, which cargo's configuration calls a runner, keeps what it
// is started with. <https://nexte.st/docs/configuration/env-vars/>,
// <https://doc.rust-lang.org/cargo/reference/config.html#targettriplerunner>
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace offload::framework::nextest {

struct Binary {
    std::string path;
    std::string folder;                                          // where its tests run
    std::vector<std::pair<std::string, std::string>> variables;  // beside what is there anyway
    // Of these, the part that stands before what is there: "/deps:" of LD_LIBRARY_PATH.
    std::vector<std::pair<std::string, std::string>> prefixes;
};

// Those of one listing.
struct Binaries {
    std::vector<Binary> all;
    std::unordered_map<std::string, std::size_t> places;  // in `all`, of binary IDs
    std::unordered_set<std::string> ignored;              // IDs of tests
};

// Shell text that comes before a listing: sets the positional parameters to options for `cargo
// nextest` that have the environments kept in `folder`, or to none where the project has a runner
// of its own, or where the system does not show environments. `program`: the path of a file that
// holds keeping_program().
std::string keep_environments(const std::string& folder, const std::string& program);
std::string_view keeping_program();

// Shell text that prints what keep_environments() has kept.
std::string print_environments(const std::string& folder);

// What that printed: the variables of each binary, by the name of its file, without those that the
// listing itself was started with.
using Environments = std::unordered_map<std::string, Binary>;
Environments read_environments(std::string_view printed);

// Those of what `cargo nextest list` prints as JSON. Nothing where a test is in none that a worker
// can start, or its name cannot be told to one. Throws json::exception where it is no such listing.
std::optional<Binaries> binaries_of(const nlohmann::json& listing,
                                    const Environments& environments);

// Why nextest has to run the tests itself, from its configuration file; nothing where a worker does
// as it would. Its retries count no more than elsewhere: Offload's do.
std::optional<std::string> needs_nextest(std::string_view config);

}  // namespace offload::framework::nextest

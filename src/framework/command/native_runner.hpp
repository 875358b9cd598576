// Runners that this program has no kind of its own for, and how two commands make one of them list
// its tests and run some: for `init`. Looks at files alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "offload/config/kind.hpp"

namespace offload::framework {

struct NativeRunner {
    int likeness = 0;  // how much the folder looks like it, 0: nothing here says how tests are run
    std::string discover;  // the commands, which need no quoting in '''…'''
    std::string run;
    std::string filters = {};             // of [groups.all]; empty: none
    std::string filters_example = {};     // commented out, where there are none
    std::string of_filters = {};          // a sentence: what they are here
    std::vector<std::string> notes = {};  // sentences
    std::vector<config::Probe> probes = {};
};

// Go's modules, jest, then what has no way to list its tests: scripts test_*.sh, a Makefile's
// target, a script of package.json. Whatever it is, each test has a batch, and an exit status, of
// its own.
NativeRunner native_runner(const std::filesystem::path& folder);

}  // namespace offload::framework

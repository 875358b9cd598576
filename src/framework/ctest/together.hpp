// The part of a batch's command that runs cases of one GoogleTest program in one process, before
// ctest runs what is left. Pure: makes shell text.
//
// A process proves nothing but passes, and these only if it came to its end: exit status 0, and its
// own XML report says "completed" of the case. All else is left to ctest, each case in a process of
// its own: what failed, was skipped, crashed, hung, left with exit(), took a good part of its
// TIMEOUT, and what such a case kept from running; as a rule the others get another process first.
// GoogleTest's options in the sandbox's environment (GTEST_SHUFFLE, …), and a CTestCustom.cmake,
// which may have something run before the tests, leave everything to ctest.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "gtest.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::ctest {

struct CasesTogether {
    struct Case {
        std::size_t position = 0;  // in the batch
        std::string name;
    };
    Program program;
    std::vector<Case> cases;
};

struct TogetherRequest {
    std::vector<CasesTogether> programs;
    std::string base;    // path that begins the names of its files
    std::string marker;  // begins the lines that tell what has passed: see reader.hpp
    std::string build;   // the build folder as discovery found it
    // So long a process may spend on one case, at most. Counted by ear: whole seconds.
    std::chrono::seconds patience{30};
};

struct Together {
    std::vector<CarriedFile> files;
    // Expects $build, and lines "POSITION NUMBER" in BASE.numbers; leaves ctest's numbers of what
    // has not passed in BASE.selection, or ends with status 0 where nothing is left.
    std::string command;
};

Together run_together(const TogetherRequest& request);

// Whether another machine's build of the program can be told to run the same: nothing of it but
// paths below the build folder belongs to this machine.
bool is_portable(const Program& program, const std::string& build);

}  // namespace offload::framework::ctest

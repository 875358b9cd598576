// `offload logs`: the results of a run, test by test, from its journal.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/select/selection.hpp"

namespace offload::report {

// A test is shown when it passes every filter that is set.
struct LogsOptions {
    std::filesystem::path output_dir;
    std::string run;                   // as find_run() takes it; empty: the last one
    std::filesystem::path junit = {};  // a junit.xml instead, which need not be of this machine
    std::string test_id_format = {};   // names its cases where another program wrote it
    bool failures = false;             // did not pass, and an attempt of it failed
    bool errors = false;  // did not pass, and an attempt of it errored, or it was not run
    std::vector<std::string> tests;    // its ID is one of these
    select::Selection selection = {};  // what earlier runs tell is what this one does
    std::string test_regex;            // RE2 syntax, found anywhere in its ID; empty: any
    bool for_terminal = false;         // control characters are shown, not sent
};

struct LogsShown {
    std::size_t tests = 0;  // in the journal
    std::size_t shown = 0;
    bool run_finished = false;  // false: the run still goes on, or was killed
};

// Writes each test that the filters let through, in the order of discovery, under a banner
// "=== ID [PASSED] ===". Error: no journal, a regex that does not parse, an ID that the run did not
// have.
Result<LogsShown> show_logs(const LogsOptions& options,
                            const std::function<void(std::string_view)>& write);

}  // namespace offload::report

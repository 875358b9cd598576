// The results in a junit.xml, from wherever it was brought, as those of a run's tests.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/event.hpp"

namespace offload::report {

struct JunitTest {
    std::string id;
    std::vector<Attempt> attempts;  // those that the file tells of
    Status status = Status::Passed;
    std::string not_run_reason;
};

struct JunitResults {
    std::vector<JunitTest> tests;  // in the order of the file
    bool complete = true;          // false: it breaks off
};

// `test_id_format` names the cases of another program's file; in one of ours the name is the ID.
// Error: there is no such file, or no JUnit XML in it.
Result<JunitResults> read_junit_results(const std::filesystem::path& file,
                                        std::string_view test_id_format);

}  // namespace offload::report

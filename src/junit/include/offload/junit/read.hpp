// JUnit XML → test cases, whatever wrote it.
//
// Accepts <testsuites>, <testsuite> (nested), several roots, text before and after the XML, missing
// attributes, and files that break off: what is whole is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/result.hpp"

namespace offload::junit {

struct Case {
    std::string name;
    std::string classname;
    std::string file;
    std::string suite;  // name of the innermost <testsuite>
    TestResult result;
    bool passed_after_failures = false;  // it says so itself, by <flakyFailure> and the like
};

struct Document {
    std::vector<Case> cases;  // in document order; one ID may appear more than once
    bool complete = true;     // false: the text broke off, or a part could not be parsed
};

// Error: there is no JUnit XML in the text at all.
Result<Document> read(std::string_view xml);

}  // namespace offload::junit

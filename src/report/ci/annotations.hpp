// What of a run is worth a remark beside the code, as long as there is room for it.
#pragma once

#include <cstddef>
#include <vector>

#include "ci/system.hpp"
#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report::ci {

struct AnnotationOptions {
    const TestTable& tests;
    const Repository& repository;
    const LineRanker& rank_lines;
    std::size_t most = 10;      // of each level
    bool told_already = false;  // of failed and flaky tests
};

// Errors, then warnings, the most telling first. Where there are more than `most`, the last one
// says how many are left out.
std::vector<Annotation> annotations(const RunSummary& summary, const AnnotationOptions& options);

}  // namespace offload::report::ci

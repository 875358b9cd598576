// The page of a run, in the Markdown of GitHub and Buildkite.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ci/system.hpp"
#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report::ci {

struct SandboxCounts {
    std::size_t made = 0;
    std::size_t not_made = 0;
};

struct PageOptions {
    const CiSystem& system;
    const Variables& variables;
    const TestTable& tests;
    const Repository& repository;
    const LineRanker& rank_lines;
    std::size_t most_bytes = 0;  // the page is shorter by whole rows where it has to be
    SandboxCounts sandboxes = {};
    std::string part = {};  // "shard 2 of 5"; empty: the whole
};

// Ends with a newline. Shorter than its heading never: then it is empty.
std::string page(const RunSummary& summary, const PageOptions& options);

// Text that Markdown and HTML take for nothing but text, on one line, also in the cell of a table.
std::string plain_text(std::string_view text);

}  // namespace offload::report::ci

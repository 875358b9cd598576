// Which test a JUnit case belongs to. Exact or not at all: nothing is matched by likeness.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/junit/read.hpp"

namespace offload::junit {

// Fills `{name}` and `{classname}` of test_id_format.
std::string format_id(std::string_view format, const Case& test_case);

struct Unknown {
    std::string name;  // after test_id_format
    Outcome outcome = Outcome::Passed;
    std::string closest;          // nearest ID of the batch, or empty
    std::string matching_format;  // a format that makes this case one of the IDs, or empty
};

struct Matched {
    // One per ID of the batch that got a result: its position in `ids`, worst outcome of all cases
    // that name it (durations added up where a test appears more than once).
    std::vector<std::pair<std::size_t, TestResult>> results;
    std::vector<Unknown> unknown;
};

// Where the exact ID is not found, a case whose classname, file or suite name equals exactly one ID
// counts for that ID, worst outcome wins (projects whose IDs are files).
Matched match(const Document& document, std::span<const std::string_view> ids,
              std::string_view format);

}  // namespace offload::junit

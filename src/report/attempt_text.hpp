// What one attempt left to read: message, details, captured output.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "offload/model/line_rank.hpp"
#include "offload/model/result.hpp"

namespace offload::report {

struct AttemptTextOptions {
    std::size_t most_lines = 0;    // of all parts together; 0: all
    std::size_t longest_line = 0;  // columns; 0: any
    std::string_view indent = "";
    bool for_terminal = true;  // made harmless
    bool unicode = true;
    LineRanker rank = {};        // where not all is shown: which lines say what was wrong
    std::size_t first_rows = 9;  // the first of these stand within so many rows
};

struct AttemptText {
    std::string text;  // whole lines; empty when there is nothing to show
    std::size_t lines = 0;
    bool shortened = false;
};

AttemptText attempt_text(const TestResult& result, const AttemptTextOptions& options);

// The first line of the message, else of the type, made harmless: why it failed, in a list.
std::string one_line_reason(const TestResult& result);

// What a line about the failure begins with: "FAIL", "ERROR", "CRASH" or "TIMEOUT".
std::string_view word_for_failure(const TestResult& result);

}  // namespace offload::report

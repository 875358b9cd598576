// What is said of a run in one line, wherever it is said: the summary, the pages of CI systems.
// Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "display_text.hpp"
#include "offload/model/event.hpp"

namespace offload::report {

struct VerdictWords {
    Style style = Style::Plain;
    std::string text;  // "FAILED: 2 failed, 1 flaky of 12 tests"
};
// `otherwise`: what is said of a run that failed as a whole, and not by its tests.
VerdictWords verdict_words(const RunSummary& summary,
                           std::string_view otherwise = "see the error above");

// "12.3 s; at best it would be 10.1 s with 4 sandboxes (the longest test)".
std::string time_words(const RunSummary& summary);

// Those that ran this time, the slowest first. Nothing where there is but one.
std::vector<std::pair<Seconds, TestIndex>> slowest_tests(const RunSummary& summary,
                                                         std::size_t most);

// How often it ran, where that is worth a word: "passed on attempt 2". Empty: once.
std::string attempts_words(const Verdict& verdict);

// The first attempt that failed. Null: none did.
const Attempt* first_failure(const Verdict& verdict);

// Of a text of several lines: what was tried, and what was said of it last, since a command's own
// words end with the cause.
std::string first_and_last(std::string_view text);

}  // namespace offload::report

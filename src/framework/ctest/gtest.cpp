#include "gtest.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace offload::framework::ctest {
namespace {

constexpr std::string_view kFilter = "--gtest_filter=";
constexpr std::string_view kAlsoDisabled = "--gtest_also_run_disabled_tests";
constexpr std::string_view kGtestOption = "--gtest_";
// gtest_discover_tests() sets it. Any other could match what a passing case prints.
constexpr std::string_view kSkipped = R"(\[  SKIPPED \])";

// Those that say the same of a process with several cases, or that a batch keeps for all its tests.
constexpr std::array<std::string_view, 7> kHarmless = {
    "COST",   "ENVIRONMENT", "PROCESSORS", "RESOURCE_LOCK", "RUN_SERIAL", "SKIP_REGULAR_EXPRESSION",
    "TIMEOUT"};

// One case, and no pattern. What separates patterns and what is none occur in no name.
bool is_case(std::string_view name) {
    constexpr std::string_view kOthers = "_/.";
    return name.find('.') != std::string_view::npos && std::ranges::all_of(name, [&](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      kOthers.find(c) != std::string_view::npos;
           });
}

bool is_harmless(const std::string& property) {
    return std::ranges::find(kHarmless, property) != kHarmless.end();
}

// ctest would unset a variable that stands alone; GoogleTest has its options there, too.
bool is_plain(const std::string& variable) {
    return variable.find('=') != std::string::npos && !variable.starts_with('=') &&
           !variable.starts_with('-') && !variable.starts_with("GTEST_");
}

}  // namespace

std::optional<ProgramCase> program_case_of(const Entry& entry) {
    if (entry.command.empty() || entry.command.front().find('/') == std::string::npos ||
        entry.command.front().find('=') != std::string::npos || entry.working_directory.empty() ||
        !std::ranges::all_of(entry.other_properties, is_harmless) ||
        !std::ranges::all_of(entry.environment, is_plain) || entry.timeout.value_or(1.0) <= 0.0 ||
        entry.skip_patterns.size() > 1 ||
        std::ranges::any_of(entry.skip_patterns, [](const auto& p) { return p != kSkipped; })) {
        return std::nullopt;
    }
    ProgramCase found{{{}, entry.working_directory, entry.environment, entry.timeout}, {}};
    for (const auto& word : entry.command) {
        if (found.name.empty() && word.starts_with(kFilter)) {
            found.name = word.substr(kFilter.size());
        } else if (word.starts_with(kGtestOption) && word != kAlsoDisabled) {
            return std::nullopt;
        } else {
            found.program.command.push_back(word);
        }
    }
    if (!is_case(found.name)) return std::nullopt;
    return found;
}

}  // namespace offload::framework::ctest

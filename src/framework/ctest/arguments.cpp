#include "arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace offload::framework::ctest {
namespace {

enum class Use { Selects, Executes };

struct Option {
    std::string_view brief;
    std::string_view full;
    bool takes_value;
    Use use;
};
constexpr Option kOptions[] = {
    {"-R", "--tests-regex", true, Use::Selects},
    {"-E", "--exclude-regex", true, Use::Selects},
    {"-L", "--label-regex", true, Use::Selects},
    {"-LE", "--label-exclude", true, Use::Selects},
    {"-I", "--tests-information", true, Use::Selects},
    {"-U", "--union", false, Use::Selects},
    // Which other tests a test brings along.
    {"-FA", "--fixture-exclude-any", true, Use::Executes},
    {"-FS", "--fixture-exclude-setup", true, Use::Executes},
    {"-FC", "--fixture-exclude-cleanup", true, Use::Executes},
    {"", "--timeout", true, Use::Executes},
    {"", "--resource-spec-file", true, Use::Executes},
};

// What people have in their ctest commands, and where it belongs here.
struct Foreign {
    std::string_view option;
    std::string_view hint;
};
constexpr Foreign kForeign[] = {
    {"-j", "[offload] max_parallel says how many tests run at once"},
    {"--parallel", "[offload] max_parallel says how many tests run at once"},
    {"--repeat", "[groups.NAME] retry_count says how often a failed test runs again"},
    {"-C", "[framework] config names the configuration"},
    {"--build-config", "[framework] config names the configuration"},
    {"--test-dir", "[framework] build_dir names the build folder"},
    {"--preset", "[framework] build_dir names the build folder"},
    {"--stop-on-failure", "offload run --fail-fast stops at the first failure"},
    {"--rerun-failed", "offload run ID… runs these tests and no others"},
    {"--output-on-failure", "Offload shows the output of failed tests in any case"},
    {"-V", "the logs of batches hold what failed tests print"},
    {"-VV", "the logs of batches hold what failed tests print"},
};

const Option* find_option(std::string_view word) {
    const auto* found =
        std::find_if(std::begin(kOptions), std::end(kOptions), [&](const Option& option) {
            return word == option.full || (!option.brief.empty() && word == option.brief);
        });
    return found == std::end(kOptions) ? nullptr : found;
}

std::string hint_for(std::string_view word) {
    for (const auto& foreign : kForeign) {
        const bool short_with_value = foreign.option.size() == 2 && foreign.option == "-j" &&
                                      word.starts_with(foreign.option);
        const auto name = word.substr(0, word.find('='));
        if (short_with_value || name == foreign.option) return std::string(foreign.hint);
    }
    return "filters choose tests with ctest's own -R, -E, -L, -LE and -I, and say how with "
           "-FA, -FS, -FC, --timeout and --resource-spec-file";
}

}  // namespace

Result<Arguments> sort_arguments(std::span<const std::string> words) {
    Arguments sorted;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto* option = find_option(words[i]);
        if (option == nullptr) {
            return fail(Error{fmt::format("`{}` has no place in filters for ctest", words[i]),
                              {},
                              hint_for(words[i])});
        }
        auto& target = option->use == Use::Selects ? sorted.selection : sorted.execution;
        target.push_back(words[i]);
        if (option->full == "--resource-spec-file") sorted.allots_resources = true;
        if (!option->takes_value) continue;
        if (i + 1 == words.size()) {
            return fail(Error{fmt::format("`{}` at the end of filters wants a value", words[i])});
        }
        target.push_back(words[++i]);
    }
    return sorted;
}

}  // namespace offload::framework::ctest

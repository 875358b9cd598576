#include "health.hpp"

#include <fmt/format.h>

#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::run {
namespace {

constexpr std::size_t kLostSlack = 5;
// So many batches in a row that end without a single attempt mean that none ever will.
constexpr std::size_t kFruitlessLimit = 20;
constexpr std::size_t kFailedStarts = 2;
constexpr std::size_t kResultless = 2;

bool could_not_start(const BatchOver& over) {
    const auto status = exit_status(over.ending);
    return is<ending::Died>(over.ending) &&
           (status == shell::kNotExecutable || status == shell::kNotFound);
}

// Of a stack or a log that may be long, what tells why the run ends.
std::string last_words(const BatchOver& over) {
    constexpr std::size_t kLines = 40;
    return text::last_lines(over.last_output, kLines);
}

}  // namespace

std::optional<std::string> Health::batch_over(const BatchOver& over) {
    if (const auto* gone = std::get_if<ending::Lost>(&over.ending)) return lost(gone->error);
    if (could_not_start(over) && !any_result_ && ++failed_starts_ >= kFailedStarts) {
        return fmt::format("the command that runs the tests cannot be started: {}\n{}",
                           describe(over.ending), last_words(over));
    }
    if (over.no_result_file && exit_status(over.ending) == 0 && !any_result_ &&
        ++resultless_ >= kResultless) {
        return fmt::format(
            "the command that runs the tests ends with exit status 0 and leaves no results ({}): "
            "it must write JUnit XML to the path that stands for {{result_file}} in "
            "run_command\n{}",
            over.trouble, last_words(over));
    }
    if (is<ending::Died>(over.ending) && ++fruitless_in_a_row_ >= kFruitlessLimit + slots_) {
        return fmt::format(
            "{} batches in a row ended without any test result; the last one: {}{}{}\n{}",
            fruitless_in_a_row_, describe(over.ending), over.trouble.empty() ? "" : "; ",
            over.trouble, last_words(over));
    }
    return std::nullopt;
}

std::optional<std::string> Health::lost(const Error& error) {
    if (++lost_in_a_row_ < kLostSlack + slots_) return std::nullopt;
    return fmt::format("{} batches in a row could not be run, the last one: {}", lost_in_a_row_,
                       error.to_string());
}

}  // namespace offload::run

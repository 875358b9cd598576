#include "progress_failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "attempt_text.hpp"
#include "ci/system.hpp"
#include "display_text.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kLongestLine = 500;
constexpr std::size_t kWorthFolding = 12;  // lines of a failure
constexpr std::size_t kRetryShare = 10;    // a failure that is retried shows a tenth of the lines

}  // namespace

void ProgressFailures::show(const AttemptFinished& event, SystemTime now) {
    if (options_.verbosity == Verbosity::Everything) {
        say_headline(event);
        show_output(event.attempt.result);
    } else if (lines_shown_ >= options_.total_failure_lines) {
        show_without_output(event);
    } else {
        show_with_output(event, now);
    }
}

void ProgressFailures::show_output(const TestResult& result) {
    AttemptTextOptions look;
    look.indent = "    ";
    look.unicode = options_.unicode;
    show_details(attempt_text(result, look).text);
}

void ProgressFailures::show_without_output(const AttemptFinished& event) {
    say_headline(event);
    lines_.say(fmt::format("    {}", one_line_reason(event.attempt.result)));
    if (std::exchange(told_of_limit_, true)) return;
    lines_.say(
        "note: from here on failures are shown without their output; "
        "`offload logs --failures` has it");
}

void ProgressFailures::show_with_output(const AttemptFinished& event, SystemTime now) {
    const Attempt& attempt = event.attempt;
    AttemptTextOptions look;
    look.most_lines = event.will_retry
                          ? std::max<std::size_t>(5, options_.failure_lines / kRetryShare)
                          : options_.failure_lines;
    look.longest_line = kLongestLine;
    look.indent = "    ";
    look.unicode = options_.unicode;
    look.rank = options_.rank_lines;
    // One who asks for all of it reads on.
    if (options_.verbosity >= Verbosity::Verbose) {
        look.first_rows = std::numeric_limits<std::size_t>::max();
    }
    const auto text = attempt_text(attempt.result, look);
    lines_shown_ += text.lines;
    const bool folded = text.lines >= kWorthFolding && begin_fold(event, now);
    if (!folded) say_headline(event);
    show_details(text.text);
    if (text.shortened) {
        lines_.say(fmt::format("    all of it: offload logs --test {}",
                               harmless_line(shell::quote(tests_[attempt.test].id))));
    }
    if (folded) end_fold(now);
}

std::string ProgressFailures::headline(const AttemptFinished& event) const {
    const Attempt& attempt = event.attempt;
    const bool is_test = tests_[attempt.test].kind == TestKind::Test;
    const auto retry = event.will_retry && is_test
                           ? fmt::format(": {} failed, will retry", attempt_number(attempt))
                       : attempt.number > 1 ? fmt::format(", {}", attempt_number(attempt))
                                            : std::string{};
    return harmless_line(tests_[attempt.test].id) + place_of(attempt) + retry;
}

void ProgressFailures::say_headline(const AttemptFinished& event) {
    lines_.say(event.will_retry ? Style::Yellow : Style::Red,
               word_for_failure(event.attempt.result), headline(event));
}

std::string ProgressFailures::place_of(const Attempt& attempt) const {
    switch (tests_[attempt.test].kind) {
        case TestKind::CollectionError:  // never was in a sandbox
            return " (could not be collected)";
        case TestKind::RunnerFailure:  // belongs to no test
            return "";
        case TestKind::Test:
            break;
    }
    return fmt::format(" ({}, sandbox {})", text::duration(attempt.result.duration),
                       attempt.sandbox.value());
}

std::string ProgressFailures::attempt_number(const Attempt& attempt) const {
    const std::size_t group = tests_[attempt.test].group.value();
    if (group >= options_.attempts_per_group.size()) {
        return fmt::format("attempt {}", attempt.number);
    }
    return fmt::format("attempt {} of {}", attempt.number, options_.attempts_per_group[group]);
}

// With pytest's "E   …" lines in the colour that they have there.
void ProgressFailures::show_details(std::string_view text) {
    for (const auto line : text::lines(text)) {
        const bool reason = text::trim(line).starts_with("E  ");
        lines_.say(reason ? styled(Style::Red, line, options_.colour) : std::string(line));
    }
}

// Under a line that tells as much as can be seen of it as long as it is folded.
bool ProgressFailures::begin_fold(const AttemptFinished& event, SystemTime now) {
    if (options_.ci == nullptr || options_.ci->fold_begin == nullptr) return false;
    const TestResult& result = event.attempt.result;
    ++folds_;
    lines_.command(options_.ci->fold_begin(
        {.title = fmt::format("{} {}: {}", word_for_failure(result), headline(event),
                              fit_end(one_line_reason(result), kLongestLine)),
         .name = fmt::format("offload_{}", folds_),
         .at = now}));
    return true;
}

void ProgressFailures::end_fold(SystemTime now) {
    lines_.command(options_.ci->fold_end({.name = fmt::format("offload_{}", folds_), .at = now}));
}

}  // namespace offload::report

#include "run_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "offload/base/signal_name.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

// Below this the start of processes is all there is, and a ratio to the tests says nothing.
constexpr Seconds kWorthComparing{0.5};

std::string blemishes(const Counts& counts) {
    std::string text;
    const auto add = [&](std::size_t number, std::string_view word) {
        if (number == 0) return;
        if (!text.empty()) text += ", ";
        text += fmt::format("{} {}", number, word);
    };
    add(counts.failed, "failed");
    add(counts.errored, "errored");
    add(counts.not_run, "not run");
    add(counts.flaky, "flaky");
    return text;
}

}  // namespace

VerdictWords verdict_words(const RunSummary& summary, std::string_view otherwise) {
    const Counts& counts = summary.counts;
    const auto problems = blemishes(counts);
    const bool any_bad = counts.failed + counts.errored + counts.not_run > 0;
    const auto all = text::count(counts.total(), "test");
    if (summary.interrupted_by) {
        return {Style::Red,
                fmt::format("INTERRUPTED by {}{}{}", signal_name(*summary.interrupted_by),
                            problems.empty() ? "" : ": ", problems)};
    }
    if (any_bad || summary.failure) {
        return {Style::Red, problems.empty() ? fmt::format("FAILED: {}", otherwise)
                                             : fmt::format("FAILED: {} of {}", problems, all)};
    }
    if (counts.flaky > 0) {
        // Who wonders about a red job finds the reason here.
        const bool unusual = summary.exit_status != 0 && summary.exit_status != 2;
        return {Style::Yellow,
                fmt::format("FLAKY: all passed, {} of {} only on retry{}", counts.flaky, all,
                            unusual ? fmt::format("; as configured, the exit status of that is {}",
                                                  summary.exit_status)
                                    : "")};
    }
    if (summary.exit_status != 0) {
        return {Style::Red, summary.leaked_sandboxes.empty()
                                ? fmt::format("FAILED: exit status {}", summary.exit_status)
                                : std::string("FAILED: all passed, but a sandbox is left")};
    }
    return {Style::Green, counts.skipped > 0
                              ? fmt::format("PASSED: {}, {} skipped", all, counts.skipped)
                              : fmt::format("PASSED: {}", all)};
}

std::string time_words(const RunSummary& summary) {
    const Seconds even =
        summary.work / static_cast<double>(std::max<std::size_t>(summary.slots, 1));
    const Seconds bound = std::max(summary.longest, even);
    auto words = text::duration(summary.wall);
    if (bound < kWorthComparing) return words;
    return words + fmt::format("; at best it would be {} with {} ({})", text::duration(bound),
                               text::count(summary.slots, "sandbox", "sandboxes"),
                               summary.longest >= even
                                   ? "the longest test"
                                   : fmt::format("{} of tests", text::duration(summary.work)));
}

std::vector<std::pair<Seconds, TestIndex>> slowest_tests(const RunSummary& summary,
                                                         std::size_t most) {
    std::vector<std::pair<Seconds, TestIndex>> all;
    for (const Verdict& verdict : summary.verdicts) {
        if (verdict.attempts.empty() || verdict.carried_from) continue;
        Seconds longest{0};
        for (const Attempt& attempt : verdict.attempts) {
            longest = std::max(longest, attempt.result.duration);
        }
        if (longest > Seconds{0}) all.emplace_back(longest, verdict.test);
    }
    // With few tests the list would only repeat them.
    if (all.size() <= 1) return {};
    const auto count = std::min(most, all.size());
    std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count), all.end(),
                      [](auto& a, auto& b) {
                          return a.first > b.first || (a.first == b.first && a.second < b.second);
                      });
    all.resize(count);
    return all;
}

std::string attempts_words(const Verdict& verdict) {
    const auto failures = std::ranges::count_if(verdict.attempts, [](const Attempt& attempt) {
        return is_failure(attempt.result.outcome);
    });
    const bool repeated = verdict.status != Status::Flaky &&
                          verdict.attempts.size() > static_cast<std::size_t>(failures);
    if (repeated) return fmt::format("failed {} of {} times", failures, verdict.attempts.size());
    if (verdict.attempts.size() <= 1) return {};
    return verdict.status == Status::Flaky
               ? fmt::format("passed on attempt {}", verdict.attempts.back().number)
               : fmt::format("{} attempts", verdict.attempts.size());
}

const Attempt* first_failure(const Verdict& verdict) {
    for (const Attempt& attempt : verdict.attempts) {
        if (is_failure(attempt.result.outcome)) return &attempt;
    }
    return nullptr;
}

std::string first_and_last(std::string_view text) {
    std::vector<std::string_view> lines;
    for (const auto line : text::lines(text)) {
        const auto words = text::trim(line);
        if (!words.empty() && !words.starts_with("hint: ")) lines.push_back(words);
    }
    if (lines.empty()) return {};
    if (lines.size() == 1) return std::string(lines.front());
    auto first = lines.front();
    while (first.ends_with(':')) first.remove_suffix(1);
    return fmt::format("{}: {}{}", first, lines.size() > 2 ? "[…] " : "", lines.back());
}

}  // namespace offload::report

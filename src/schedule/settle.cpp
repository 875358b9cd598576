#include "offload/schedule/settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

namespace offload::schedule {
namespace {

using Rest = std::vector<Unfinished>;

constexpr int kKilled = 9;
constexpr int kExitOfKilled = 128 + kKilled;  // as shells tell it

bool killed_outright(const ending::Process& process) {
    if (const auto* signalled = std::get_if<ending::Signalled>(&process)) {
        return signalled->signal == kKilled;
    }
    return std::get<ending::Exited>(process).status == kExitOfKilled;
}

// How the exec ended and, where there is something to say, what was wrong with its results.
std::string words(const SettleInput& input) {
    auto text = describe(input.ending);
    if (!input.trouble.empty()) text += (text.empty() ? "" : "; ") + input.trouble;
    return text;
}

std::string crash_message(const SettleInput& input) {
    const auto& died = std::get<ending::Died>(input.ending);
    const auto* format =
        killed_outright(died.process) ? "killed (137): out of memory? ({})" : "crashed: {}";
    return fmt::format(fmt::runtime(format), words(input));
}

Settled::Failed failed(const SettleInput& input, const Unfinished& test, std::string_view type,
                       std::string message, Seconds duration) {
    TestResult result;
    result.outcome = Outcome::Errored;
    result.type = type;
    result.message = std::move(message);
    result.details = input.last_output;
    result.duration = duration;
    return {test.test, std::move(result)};
}

void crash(const SettleInput& input, const Unfinished& test, Settled& settled) {
    settled.attempts.push_back(failed(input, test, kCrashType, crash_message(input),
                                      test.running_for.value_or(Seconds{0})));
}

void time_out(const SettleInput& input, const Unfinished& test, Settled& settled) {
    // How long it ran is told beside it, and that its runner did not come to an end goes without
    // saying.
    std::string message = "timed out: still running";
    if (input.time_limit > Seconds{0}) {
        message += fmt::format(" after {:g} s (test_timeout_secs)", input.time_limit.count());
    }
    settled.attempts.push_back(failed(input, test, kTimeoutType, std::move(message),
                                      test.running_for.value_or(input.time_limit)));
}

void requeue(const Rest& rest, Settled& settled) {
    for (const Unfinished& test : rest) settled.requeue.push_back(test.test);
}

// In two batches; a single test in one.
void halve(const Rest& rest, Settled& settled) {
    const std::size_t half = (rest.size() + 1) / 2;
    for (std::size_t from = 0; from < rest.size(); from += half) {
        std::vector<TestIndex> tests;
        for (std::size_t i = from; i < std::min(from + half, rest.size()); ++i) {
            tests.push_back(rest[i].test);
        }
        settled.suspects.push_back(std::move(tests));
    }
}

Rest take_running(Rest& rest) {
    Rest running;
    const auto idle = std::stable_partition(
        rest.begin(), rest.end(), [](const Unfinished& test) { return !test.running_for; });
    std::move(idle, rest.end(), std::back_inserter(running));
    rest.erase(idle, rest.end());
    return running;
}

void settle_completed(const SettleInput& input, const Rest& rest, Settled& settled) {
    for (const Unfinished& test : rest) {
        if (test.missing_before == 0 && input.batch_size > 1) {
            settled.requeue.push_back(test.test);
            continue;
        }
        std::string reason = fmt::format(
            "the runner came to its end without a result for this test ({})", words(input));
        if (!input.last_output.empty())
            reason += fmt::format("; its last output:\n{}", input.last_output);
        settled.not_run.push_back({test.test, std::move(reason)});
    }
}

void settle_died(const SettleInput& input, Rest rest, Settled& settled) {
    const bool progress = rest.size() < input.batch_size;
    if (!input.starts_known) {
        // A worker may have died before it heard of the test that it was given last.
        const bool had_begun_it = !input.worker || input.batch_size == 1;
        if (rest.size() == 1 && had_begun_it && !input.beside_others) {
            return crash(input, rest.front(), settled);
        }
        return halve(rest, settled);
    }
    const Rest running = take_running(rest);
    if (running.size() == 1) {
        crash(input, running.front(), settled);
    } else if (running.empty() && !progress) {
        // It died before the first test: something in the batch may be what kills it.
        if (rest.size() == 1 && !input.worker) return crash(input, rest.front(), settled);
        return halve(rest, settled);
    }
    if (running.size() > 1) {
        for (const Unfinished& test : running) settled.suspects.push_back({test.test});
    }
    requeue(rest, settled);
}

void settle_timed_out(const SettleInput& input, Rest rest, Settled& settled) {
    if (input.batch_size == 1) return time_out(input, rest.front(), settled);
    // A start is seen a moment after it happened, so that a whole limit can look a little shorter.
    const Seconds whole = input.time_limit * 0.99;
    const Rest running = take_running(rest);
    for (const Unfinished& test : running) {
        if (input.time_limit > Seconds{0} && *test.running_for >= whole) {
            time_out(input, test, settled);
        } else {
            settled.suspects.push_back({test.test});
        }
    }
    if (input.worker && !running.empty()) return requeue(rest, settled);
    halve(rest, settled);
}

void settle_misfit(const SettleInput& input, const Rest& rest, Settled& settled) {
    if (input.batch_size > 1) return halve(rest, settled);
    settled.not_run.push_back(
        {rest.front().test,
         "its ID alone makes a command that is too long for the operating system"});
}

}  // namespace

Settled settle(const SettleInput& input) {
    Settled settled;
    Rest rest;
    for (const Unfinished& test : input.unfinished) {
        if (test.refusal.empty()) {
            rest.push_back(test);
        } else {
            settled.not_run.push_back({test.test, test.refusal});
        }
    }
    if (rest.empty()) return settled;
    if (is<ending::Completed>(input.ending)) {
        settle_completed(input, rest, settled);
    } else if (is<ending::Died>(input.ending)) {
        settle_died(input, std::move(rest), settled);
    } else if (is<ending::TimedOut>(input.ending)) {
        settle_timed_out(input, std::move(rest), settled);
    } else if (is<ending::DidNotFit>(input.ending)) {
        settle_misfit(input, rest, settled);
    } else {
        requeue(rest, settled);
    }
    return settled;
}

}  // namespace offload::schedule

#include "progress_heartbeat.hpp"

#include <fmt/format.h>

#include "display_text.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kLongestLastLine = 160;

std::string last_line(std::string_view line, const HeartbeatLook& look) {
    return fit_end(harmless_line(line), kLongestLastLine, look.unicode);
}

std::string what_is_awaited(const RunTracker& run, const HeartbeatLook& look, Seconds now) {
    const auto time = text::duration(now);
    const auto tests = text::count(run.total(), "test");
    if (run.phase() == Phase::Preparing) {
        return fmt::format("{}: waiting for the first sandbox; {} to run", time, tests);
    }
    const auto& said = run.collector_said_last();
    return fmt::format("{}: collecting, {} so far{}{}", time, tests, said.empty() ? "" : ": ",
                       last_line(said, look));
}

std::string where_it_stands(const RunTracker& run, Seconds now) {
    const Counts& counts = run.counts();
    std::string line = fmt::format("{}: {}/{} done, {} passed, {} failed", text::duration(now),
                                   run.decided(), run.total(), counts.passed, counts.failed);
    const auto add = [&](std::size_t count, std::string_view word) {
        if (count > 0) line += fmt::format(", {} {}", count, word);
    };
    add(counts.errored, "errored");
    add(counts.flaky, "flaky");
    add(counts.skipped, "skipped");
    add(run.running(), "running");
    add(run.remaining(), "remaining");
    line += fmt::format(", {}", text::count(run.sandboxes_up(), "sandbox", "sandboxes"));
    if (const auto left = run.time_left(now)) {
        line += fmt::format(", about {} left", text::duration(*left));
    }
    return line;
}

}  // namespace

std::vector<std::string> heartbeat_lines(const RunTracker& run, const TestTable& tests,
                                         const HeartbeatLook& look, Seconds now) {
    if (run.phase() != Phase::Running) return {what_is_awaited(run, look, now)};
    std::vector<std::string> lines = {where_it_stands(run, now)};
    for (const auto& running : run.longest_running(1)) {
        if (!running.test || now - running.since < look.worth_naming) continue;
        lines.push_back(fmt::format("    longest running: {} ({}, sandbox {})",
                                    harmless_line(tests[*running.test].id),
                                    text::duration(now - running.since), running.sandbox.value()));
    }
    if (const auto* said = run.batch_said_last()) {
        lines.push_back(fmt::format("    batch {} said last: {}", said->batch.value(),
                                    last_line(said->line, look)));
    }
    return lines;
}

}  // namespace offload::report

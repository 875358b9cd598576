#include "progress_area.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "offload/base/text.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kMostRunningShown = 8;
// On a narrower terminal what runs is worth more than where.
constexpr std::size_t kWideEnoughForPlaces = 60;

std::string_view word_for(Phase phase) {
    switch (phase) {
        case Phase::Collecting:
            return "Collecting";
        case Phase::Preparing:
            return "Preparing";
        case Phase::Running:
            return "Running";
        case Phase::Finishing:
            return "Finishing";
    }
    return "";
}

void add_bar(StyledLine& line, const RunTracker& run, std::size_t columns, bool unicode) {
    if (columns < 40 || run.total() == 0) return;
    const std::size_t width = std::min<std::size_t>(30, columns / 4);
    const Counts& counts = run.counts();
    const std::size_t bad = counts.failed + counts.errored + counts.not_run;
    const auto cells = [&](std::size_t tests) { return tests * width / run.total(); };
    const std::size_t filled = cells(run.decided());
    // One failure among thousands is still seen.
    const std::size_t red = std::min(filled, bad > 0 ? std::max<std::size_t>(1, cells(bad)) : 0);
    const auto repeat = [](std::string_view text, std::size_t times) {
        std::string out;
        for (std::size_t i = 0; i < times; ++i) out += text;
        return out;
    };
    const std::string_view full = unicode ? "━" : "#";
    const std::string_view empty = unicode ? "─" : "-";
    line.add(" ");
    line.add(repeat(full, filled - red), Style::Green).add(repeat(full, red), Style::Red);
    line.add(repeat(empty, width - filled), Style::Dim);
}

StyledLine head_line(const RunTracker& run, const AreaLook& look, Seconds now) {
    StyledLine line;
    line.add(fmt::format("{:<10}", word_for(run.phase())), Style::Bold);
    if (run.phase() == Phase::Collecting) {
        line.add(fmt::format(" {} found", text::count(run.total(), "test")));
    } else {
        add_bar(line, run, look.size.columns, look.unicode);
        line.add(fmt::format(" {}/{}", run.decided(), run.total()), Style::Bold);
    }
    line.add(fmt::format("  {}", text::duration(now)));
    if (const auto left = run.time_left(now)) {
        line.add(fmt::format(", about {} left", text::duration(*left)), Style::Dim);
    }
    return line;
}

StyledLine counts_line(const RunTracker& run, bool unicode) {
    const Counts& counts = run.counts();
    StyledLine line;
    line.add(std::string(11, ' '));
    bool first = true;
    const auto add = [&](std::size_t count, std::string_view word, Style style) {
        if (!first) line.add(unicode ? " · " : ", ", Style::Dim);
        first = false;
        line.add(fmt::format("{} {}", count, word), count > 0 ? style : Style::Dim);
    };
    add(counts.passed, "passed", Style::Green);
    add(counts.failed, "failed", Style::Red);
    if (counts.errored > 0) add(counts.errored, "errored", Style::Red);
    if (counts.flaky > 0) add(counts.flaky, "flaky", Style::Yellow);
    if (counts.skipped > 0) add(counts.skipped, "skipped", Style::Plain);
    if (counts.not_run > 0) add(counts.not_run, "not run", Style::Red);
    add(run.running(), "running", Style::Cyan);
    add(run.remaining(), "remaining", Style::Plain);
    add(run.sandboxes_up(), run.sandboxes_up() == 1 ? "sandbox" : "sandboxes", Style::Plain);
    if (run.sandboxes_coming() > 0) {
        line.add(fmt::format(" (+{} starting)", run.sandboxes_coming()), Style::Dim);
    }
    return line;
}

StyledLine running_line(const RunTracker::Running& running, const TestTable& tests,
                        const AreaLook& look, Seconds now) {
    StyledLine line;
    line.add(fmt::format("{:>10} ", text::duration(std::max(now - running.since, Seconds{0}))),
             Style::Dim);
    std::string place;
    if (look.size.columns >= kWideEnoughForPlaces) {
        place = fmt::format("  sandbox {}", running.sandbox.value());
        if (running.attempt > 1) {
            place = fmt::format("  attempt {},{}", running.attempt, place.substr(1));
        }
    }
    const std::string what = running.test ? harmless_line(tests[*running.test].id)
                                          : fmt::format("batch {}: {}", running.batch.value(),
                                                        text::count(running.tests, "test"));
    const std::size_t taken = line.width() + display_width(place) + 1;
    const std::size_t room = look.size.columns > taken ? look.size.columns - taken : 1;
    line.add(fit_middle(what, room, look.unicode));
    line.add(place, Style::Dim);
    return line;
}

}  // namespace

std::vector<StyledLine::Cut> area_lines(const RunTracker& run, const TestTable& tests,
                                        const AreaLook& look, Seconds now) {
    std::vector<StyledLine> lines;
    lines.push_back(head_line(run, look, now));
    lines.push_back(counts_line(run, look.unicode));
    const auto* batch_said = run.batch_said_last();
    const std::string& said = batch_said != nullptr ? batch_said->line : run.collector_said_last();
    if (!said.empty()) {
        lines.emplace_back().add(std::string(11, ' ') + harmless_line(said), Style::Dim);
    }
    const std::size_t room = look.size.rows / 2 > 2 ? look.size.rows / 2 - 2 : 0;
    for (const auto& running : run.longest_running(std::min(room, kMostRunningShown))) {
        lines.push_back(running_line(running, tests, look, now));
    }
    const std::size_t columns = look.size.columns > 1 ? look.size.columns - 1 : 1;
    std::vector<StyledLine::Cut> cuts;
    for (const StyledLine& line : lines) {
        cuts.push_back(line.cut(columns, look.colour, look.unicode));
    }
    return cuts;
}

std::string RedrawnArea::to_first_row(std::size_t columns) const {
    // A terminal that was made narrower since has wrapped the lines.
    std::size_t rows = 0;
    for (const auto& line : drawn_) {
        rows += std::max<std::size_t>(1, (line.width + columns - 1) / columns);
    }
    return rows > 1 ? fmt::format("\r\x1b[{}A", rows - 1) : std::string("\r");
}

std::string RedrawnArea::draw(std::string_view scrolled, std::vector<StyledLine::Cut> lines,
                              std::size_t columns) {
    std::string out = to_first_row(std::max<std::size_t>(1, columns));
    if (!scrolled.empty()) {
        out += "\x1b[J";
        out += scrolled;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) out += '\n';
        out += lines[i].bytes;
        out += "\x1b[K";
    }
    out += "\x1b[J";
    drawn_ = std::move(lines);
    return out;
}

std::string RedrawnArea::remove(std::size_t columns) {
    std::string out;
    if (!drawn_.empty()) out = to_first_row(std::max<std::size_t>(1, columns)) + "\x1b[J";
    drawn_.clear();
    return out;
}

}  // namespace offload::report

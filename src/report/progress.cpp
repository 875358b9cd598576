#include "offload/report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "offload/base/text.hpp"
#include "progress_area.hpp"
#include "progress_failures.hpp"
#include "progress_heartbeat.hpp"
#include "progress_lines.hpp"
#include "progress_repetitions.hpp"
#include "run_tracker.hpp"

namespace offload::report {
namespace {

constexpr Seconds kDrawEvery{0.1};
constexpr std::size_t kMostHeldBack = 64UL * 1024;
constexpr std::size_t kLongestLine = 500;

struct Heading {
    Style style = Style::Plain;
    std::string_view word;
};

Heading heading_of(Severity severity) {
    switch (severity) {
        case Severity::Note:
        case Severity::Detail:
            return {Style::Cyan, "note:"};
        case Severity::Warning:
            return {Style::Yellow, "warning:"};
        case Severity::Error:
            return {Style::Red, "error:"};
    }
    return {};
}

}  // namespace

class Progress::Display {
  public:
    Display(ProgressOptions options, const TestTable& tests)
        : options_(std::move(options)),
          tests_(tests),
          lines_(options_.colour, options_.ci),
          failures_(options_, tests, lines_),
          run_(std::exchange(options_.known_durations, {})) {}

    void show(const Event& event) {
        now_ = event.at;
        run_.apply(event);
        std::visit([&](const auto& body) { on(body); }, event.body);
        if (std::holds_alternative<RunFinished>(event.body)) {
            tell_of_repetitions();
            leave();
        } else {
            refresh(event.since_start);
        }
    }

    void forecast(Seconds now, Seconds left) { run_.forecast(now, left); }
    void last_words(std::string_view line) { run_.collector_said(line); }

    void refresh(Seconds now) {
        if (left_) return;
        if (options_.mode == ProgressMode::PlainLines) {
            heartbeat(now);
            write_held_back();
        } else if (now - last_drawing_ >= kDrawEvery || lines_.text().size() >= kMostHeldBack) {
            last_drawing_ = now;
            draw(now);
        }
    }

    // Removes the area for good; what comes later is printed as lines.
    void leave() {
        if (options_.mode == ProgressMode::RedrawnArea) {
            const auto last = area_.remove(size().columns) + lines_.take();
            if (!last.empty()) options_.write(last);
            left_ = true;
        }
        write_held_back();
    }

  private:
    TerminalSize size() const { return options_.size ? options_.size() : TerminalSize{}; }

    void draw(Seconds now) {
        AreaLook look{.size = size(), .colour = options_.colour, .unicode = options_.unicode};
        look.size.columns = std::max<std::size_t>(look.size.columns, 1);
        options_.write(
            area_.draw(lines_.take(), area_lines(run_, tests_, look, now), look.size.columns));
    }

    void write_held_back() {
        if (lines_.text().empty()) return;
        options_.write(lines_.take());
        if (options_.mode == ProgressMode::PlainLines) spoke_ = true;
    }

    void heartbeat(Seconds now) {
        if (quiet()) return;
        if (std::exchange(spoke_, false)) last_words_ = now;
        if (run_.phase() == Phase::Finishing || now - last_words_ < options_.heartbeat) return;
        last_words_ = now;
        const HeartbeatLook look{.worth_naming = options_.heartbeat, .unicode = options_.unicode};
        for (const auto& line : heartbeat_lines(run_, tests_, look, now)) say(line);
    }

    void say(std::string_view line) { lines_.say(line); }
    void say(Style style, std::string_view word, std::string_view rest) {
        lines_.say(style, word, rest);
    }
    bool plain() const { return options_.mode == ProgressMode::PlainLines; }
    bool quiet() const { return options_.verbosity == Verbosity::Quiet; }
    bool verbose() const { return options_.verbosity >= Verbosity::Verbose; }
    // How the run goes is told in lines.
    bool narrates() const { return plain() && !quiet(); }
    std::string id_of(TestIndex test) const { return harmless_line(tests_[test].id); }
    std::string group_name(GroupIndex group) const {
        return group.value() < groups_.size() ? harmless_line(groups_[group.value()])
                                              : fmt::format("{}", group.value());
    }

    template <class Other>
    void on(const Other& /*event*/) {}

    void on(const RunStarted& event) {
        groups_ = event.groups;
        if (!narrates()) return;
        say(fmt::format("offload {}: {} tests on {} sandboxes, at most {} at once",
                        harmless_line(event.version), harmless_line(event.framework),
                        harmless_line(event.provider), event.max_parallel));
    }

    void on(const DiscoveryStarted& event) {
        if (!narrates()) return;
        const std::size_t longest = verbose() ? kLongestLine : 160;
        say(fmt::format("collecting group {}: {}", group_name(event.group),
                        fit_end(harmless_line(event.command), longest, options_.unicode)));
    }

    void on(const DiscoveryFinished& event) {
        if (!narrates()) return;
        say(fmt::format("group {}: {} collected in {}", group_name(event.group),
                        text::count(event.tests, "test"), text::duration(event.duration)));
    }

    void on(const RunPlanned& event) {
        if (event.selected == 0 || quiet()) return;
        if (plain()) say(fmt::format("{} to run", text::count(event.selected, "test")));
        if (!event.durations_known) {
            say(Style::Cyan,
                "note:", "how long these tests take is not known yet; the next run will be faster");
        }
    }

    void on(const SandboxReady& event) {
        if (!verbose() && !(narrates() && !first_sandbox_told_)) return;
        say(fmt::format(
            "{} ready after {}",
            first_sandbox_told_ || verbose()
                ? fmt::format("sandbox {} ({})", event.sandbox.value(), harmless_line(event.id))
                : std::string("first sandbox"),
            text::duration(event.creation)));
        first_sandbox_told_ = true;
    }

    void on(const SandboxEnded& event) {
        const auto name = event.id.empty() ? fmt::format("sandbox {}", event.sandbox.value())
                                           : fmt::format("sandbox {} ({})", event.sandbox.value(),
                                                         harmless_line(event.id));
        if (event.trouble) {
            const auto text = event.trouble->to_string();
            if (verbose() || (!quiet() && repetitions_.troubles.is_first(text))) {
                say(Style::Yellow, "note:", fmt::format("{}: {}", name, harmless(text)));
            }
        } else if (verbose()) {
            say(fmt::format("{} ended", name));
        }
        if (event.maybe_leaked) {
            say(Style::Yellow,
                "warning:", fmt::format("{} may still exist; `offload cleanup` tries again", name));
        }
    }

    void on(const BatchStarted& event) {
        if (!verbose()) return;
        say(fmt::format("batch {} started on sandbox {}: {}", event.batch.value(),
                        event.sandbox.value(), text::count(event.tests.size(), "test")));
    }

    void on(const BatchFinished& event) {
        if (verbose()) {
            say(fmt::format("batch {} ended after {}: {}", event.batch.value(),
                            text::duration(event.duration), harmless_line(event.how)));
        } else if (event.outcome == BatchOutcome::Error && blamed_.erase(event.batch) == 0) {
            // What follows is of the batch alone: a path, a number.
            const auto how = std::string_view(event.how).substr(0, event.how.find("; "));
            if (!repetitions_.ended_early.is_first(how)) return;
            say(Style::Yellow, "note:",
                fmt::format("batch {} on sandbox {} ended early: {}", event.batch.value(),
                            event.sandbox.value(), harmless_line(event.how)));
        }
    }

    void on(const AttemptFinished& event) {
        const Attempt& attempt = event.attempt;
        last_attempt_ = {attempt.test, attempt.number};
        if (is_failure(attempt.result.outcome)) {
            mark_told(attempt.test);
            const auto& type = attempt.result.type;
            if (type == kCrashType || type == kTimeoutType) blamed_.insert(attempt.batch);
            failures_.show(event, now_);
        } else if (verbose()) {
            const bool skipped = attempt.result.outcome == Outcome::Skipped;
            const auto reason = skipped ? one_line_reason(attempt.result) : std::string{};
            say(skipped ? Style::Cyan : Style::Green, skipped ? "SKIP" : "PASS",
                fmt::format("{} ({}){}{}", id_of(attempt.test),
                            text::duration(attempt.result.duration), reason.empty() ? "" : ": ",
                            reason));
            if (options_.verbosity == Verbosity::Everything && !skipped) {
                failures_.show_output(attempt.result);
            }
        }
    }

    void on(const TestDecided& event) {
        if (event.status == Status::Flaky) {
            const bool known = last_attempt_.first == event.test && last_attempt_.second > 1;
            say(Style::Yellow, "FLAKY",
                known ? fmt::format("{}: passed on attempt {}", id_of(event.test),
                                    last_attempt_.second)
                      : id_of(event.test));
        } else if ((event.status == Status::Failed || event.status == Status::Errored) &&
                   !was_told(event.test)) {
            say(Style::Red, event.status == Status::Failed ? "FAIL" : "ERROR", id_of(event.test));
        }
    }

    void on(const UnknownResult& event) {
        std::string text = fmt::format("a result for \"{}\" ({}) belongs to no collected test",
                                       harmless_line(event.name), name_of(event.outcome));
        if (!event.closest.empty()) {
            text += fmt::format("; the nearest is \"{}\"", harmless_line(event.closest));
        }
        if (!event.matching_format.empty()) {
            text += fmt::format("; test_id_format = \"{}\" would match",
                                harmless_line(event.matching_format));
        }
        warn(text);
    }

    // One line for all warnings of a kind, and one more that counts them. The journal has all.
    void warn(const std::string& text) {
        if (verbose() || repetitions_.warnings.is_first(text)) say(Style::Yellow, "warning:", text);
    }

    void tell_of_repetitions() {
        for (const auto& [heading, text] : repetitions_.lines()) say(Style::Yellow, heading, text);
    }

    void on(const Notice& event) {
        if (event.severity == Severity::Warning) {
            warn(std::string(text::trim(harmless(event.text))));
            return;
        }
        if (quiet() && event.severity == Severity::Note) return;
        if (!verbose() && event.severity == Severity::Detail) return;
        const auto [style, word] = heading_of(event.severity);
        say(style, word, text::trim(harmless(event.text)));
    }

    void mark_told(TestIndex test) {
        if (test.value() >= told_.size()) told_.resize(std::max<std::size_t>(test.value() + 1, 64));
        told_[test.value()] = true;
    }
    bool was_told(TestIndex test) const {
        return test.value() < told_.size() && told_[test.value()];
    }

    ProgressOptions options_;
    const TestTable& tests_;
    ProgressLines lines_;  // that wait for the next drawing
    ProgressFailures failures_;
    RunTracker run_;
    RedrawnArea area_;
    std::vector<std::string> groups_;
    std::vector<bool> told_;                  // a failure of this test was shown
    std::unordered_set<BatchNumber> blamed_;  // a test told already how the batch ended
    ProgressRepetitions repetitions_;
    std::pair<TestIndex, int> last_attempt_{TestIndex{}, 0};
    SystemTime now_;
    Seconds last_drawing_{-1};
    Seconds last_words_{0};
    bool spoke_ = false;
    bool first_sandbox_told_ = false;
    bool left_ = false;
};

Progress::Progress(ProgressOptions options, const TestTable& tests)
    : display_(std::make_unique<Display>(std::move(options), tests)) {}

Progress::~Progress() { display_->leave(); }

Result<> Progress::consume(const Event& event) {
    display_->show(event);
    return {};
}

void Progress::tick(Seconds since_start) { display_->refresh(since_start); }

void Progress::last_words(std::string_view line) { display_->last_words(line); }

void Progress::forecast(Seconds since_start, Seconds left) {
    display_->forecast(since_start, left);
}

}  // namespace offload::report

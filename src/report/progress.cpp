#include "offload/report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "attempt_text.hpp"
#include "ci/system.hpp"
#include "display_text.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "progress_area.hpp"
#include "progress_heartbeat.hpp"
#include "progress_repetitions.hpp"
#include "run_tracker.hpp"

namespace offload::report {
namespace {

constexpr Seconds kDrawEvery{0.1};
constexpr std::size_t kMostHeldBack = 64UL * 1024;
constexpr std::size_t kLongestLine = 500;
constexpr std::size_t kWorthFolding = 12;  // lines of a failure
constexpr std::size_t kRetryShare = 10;    // a failure that is retried shows a tenth of the lines

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
        } else if (now - last_drawing_ >= kDrawEvery || held_back_.size() >= kMostHeldBack) {
            last_drawing_ = now;
            draw(now);
        }
    }

    // Removes the area for good; what comes later is printed as lines.
    void leave() {
        if (options_.mode == ProgressMode::RedrawnArea) {
            held_back_.insert(0, area_.remove(size().columns));
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
            area_.draw(held_back_, area_lines(run_, tests_, look, now), look.size.columns));
        held_back_.clear();
    }

    void write_held_back() {
        if (held_back_.empty()) return;
        options_.write(held_back_);
        held_back_.clear();
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

    void say(std::string_view line) {
        held_back_ += ci::guarded(options_.ci, line);
        held_back_ += '\n';
    }
    void say(Style style, std::string_view word, std::string_view rest) {
        say(fmt::format("{} {}", styled(style, word, options_.colour), rest));
    }
    bool plain() const { return options_.mode == ProgressMode::PlainLines; }
    bool quiet() const { return options_.verbosity == Verbosity::Quiet; }
    bool verbose() const { return options_.verbosity >= Verbosity::Verbose; }
    bool everything() const { return options_.verbosity == Verbosity::Everything; }
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
            show_failure(event);
        } else if (verbose()) {
            const bool skipped = attempt.result.outcome == Outcome::Skipped;
            const auto reason = skipped ? one_line_reason(attempt.result) : std::string{};
            say(skipped ? Style::Cyan : Style::Green, skipped ? "SKIP" : "PASS",
                fmt::format("{} ({}){}{}", id_of(attempt.test),
                            text::duration(attempt.result.duration), reason.empty() ? "" : ": ",
                            reason));
            if (everything() && !skipped) show_output(attempt.result);
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

    std::string place_of(const Attempt& attempt) const {
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

    void show_failure(const AttemptFinished& event) {
        const Attempt& attempt = event.attempt;
        mark_told(attempt.test);
        const auto& type = attempt.result.type;
        if (type == kCrashType || type == kTimeoutType) blamed_.insert(attempt.batch);
        const bool is_test = tests_[attempt.test].kind == TestKind::Test;
        const auto retry = event.will_retry && is_test
                               ? fmt::format(": {} failed, will retry", attempt_number(attempt))
                           : attempt.number > 1 ? fmt::format(", {}", attempt_number(attempt))
                                                : std::string{};
        const auto headline = id_of(attempt.test) + place_of(attempt) + retry;
        const auto say_headline = [&] {
            say(event.will_retry ? Style::Yellow : Style::Red, word_for_failure(attempt.result),
                headline);
        };
        if (everything()) {
            say_headline();
            return show_output(attempt.result);
        }
        if (failure_lines_shown_ >= options_.total_failure_lines) {
            say_headline();
            say(fmt::format("    {}", one_line_reason(attempt.result)));
            if (!std::exchange(told_of_limit_, true)) {
                say("note: from here on failures are shown without their output; "
                    "`offload logs --failures` has it");
            }
            return;
        }
        AttemptTextOptions look;
        look.most_lines = event.will_retry
                              ? std::max<std::size_t>(5, options_.failure_lines / kRetryShare)
                              : options_.failure_lines;
        look.longest_line = kLongestLine;
        look.indent = "    ";
        look.unicode = options_.unicode;
        look.rank = options_.rank_lines;
        // One who asks for all of it reads on.
        if (verbose()) look.first_rows = std::numeric_limits<std::size_t>::max();
        const auto text = attempt_text(attempt.result, look);
        failure_lines_shown_ += text.lines;
        const bool folded = text.lines >= kWorthFolding && begin_fold(attempt, headline);
        if (!folded) say_headline();
        show_details(text.text);
        if (text.shortened) {
            say(fmt::format("    all of it: offload logs --test {}",
                            harmless_line(shell::quote(tests_[attempt.test].id))));
        }
        if (folded) end_fold();
    }

    // Under a line that tells as much as can be seen of it as long as it is folded.
    bool begin_fold(const Attempt& attempt, std::string_view headline) {
        if (options_.ci == nullptr || options_.ci->fold_begin == nullptr) return false;
        ++folds_;
        held_back_ += options_.ci->fold_begin(
            {.title = fmt::format("{} {}: {}", word_for_failure(attempt.result), headline,
                                  fit_end(one_line_reason(attempt.result), kLongestLine)),
             .name = fmt::format("offload_{}", folds_),
             .at = now_});
        return true;
    }

    void end_fold() {
        held_back_ +=
            options_.ci->fold_end({.name = fmt::format("offload_{}", folds_), .at = now_});
    }

    void show_output(const TestResult& result) {
        AttemptTextOptions look;
        look.indent = "    ";
        look.unicode = options_.unicode;
        show_details(attempt_text(result, look).text);
    }

    // With pytest's "E   …" lines in the colour that they have there.
    void show_details(std::string_view text) {
        for (const auto line : text::lines(text)) {
            const bool reason = text::trim(line).starts_with("E  ");
            say(reason ? styled(Style::Red, line, options_.colour) : std::string(line));
        }
    }

    std::string attempt_number(const Attempt& attempt) const {
        const std::size_t group = tests_[attempt.test].group.value();
        if (group < options_.attempts_per_group.size()) {
            return fmt::format("attempt {} of {}", attempt.number,
                               options_.attempts_per_group[group]);
        }
        return fmt::format("attempt {}", attempt.number);
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
    RunTracker run_;
    RedrawnArea area_;
    std::string held_back_;  // lines that wait for the next drawing
    std::vector<std::string> groups_;
    std::vector<bool> told_;                  // a failure of this test was shown
    std::unordered_set<BatchNumber> blamed_;  // a test told already how the batch ended
    ProgressRepetitions repetitions_;
    std::pair<TestIndex, int> last_attempt_{TestIndex{}, 0};
    std::size_t failure_lines_shown_ = 0;
    std::size_t folds_ = 0;
    SystemTime now_;
    Seconds last_drawing_{-1};
    Seconds last_words_{0};
    bool spoke_ = false;
    bool first_sandbox_told_ = false;
    bool told_of_limit_ = false;
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

#include "progress_narration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "offload/base/text.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kLongestCommand = 500;

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

void ProgressNarration::tell(const Event& event) {
    now_ = event.at;
    std::visit([&](const auto& body) { on(body); }, event.body);
}

std::string ProgressNarration::id_of(TestIndex test) const {
    return harmless_line(tests_[test].id);
}

std::string ProgressNarration::group_name(GroupIndex group) const {
    return group.value() < groups_.size() ? harmless_line(groups_[group.value()])
                                          : fmt::format("{}", group.value());
}

void ProgressNarration::on(const RunStarted& event) {
    groups_ = event.groups;
    if (!narrates()) return;
    say(fmt::format("offload {}: {} tests on {} sandboxes, at most {} at once",
                    harmless_line(event.version), harmless_line(event.framework),
                    harmless_line(event.provider), event.max_parallel));
}

void ProgressNarration::on(const DiscoveryStarted& event) {
    if (!narrates()) return;
    const std::size_t longest = verbose() ? kLongestCommand : 160;
    say(fmt::format("collecting group {}: {}", group_name(event.group),
                    fit_end(harmless_line(event.command), longest, options_.unicode)));
}

void ProgressNarration::on(const DiscoveryFinished& event) {
    if (!narrates()) return;
    say(fmt::format("group {}: {} collected in {}", group_name(event.group),
                    text::count(event.tests, "test"), text::duration(event.duration)));
}

void ProgressNarration::on(const RunPlanned& event) {
    if (event.selected == 0 || quiet()) return;
    if (plain()) say(fmt::format("{} to run", text::count(event.selected, "test")));
    if (!event.durations_known) {
        say(Style::Cyan,
            "note:", "how long these tests take is not known yet; the next run will be faster");
    }
}

void ProgressNarration::on(const SandboxReady& event) {
    if (!verbose() && !(narrates() && !first_sandbox_told_)) return;
    say(fmt::format(
        "{} ready after {}",
        first_sandbox_told_ || verbose()
            ? fmt::format("sandbox {} ({})", event.sandbox.value(), harmless_line(event.id))
            : std::string("first sandbox"),
        text::duration(event.creation)));
    first_sandbox_told_ = true;
}

void ProgressNarration::on(const SandboxEnded& event) {
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

void ProgressNarration::on(const BatchStarted& event) {
    if (!verbose()) return;
    say(fmt::format("batch {} started on sandbox {}: {}", event.batch.value(),
                    event.sandbox.value(), text::count(event.tests.size(), "test")));
}

void ProgressNarration::on(const BatchFinished& event) {
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

void ProgressNarration::on(const AttemptFinished& event) {
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
            fmt::format("{} ({}){}{}", id_of(attempt.test), text::duration(attempt.result.duration),
                        reason.empty() ? "" : ": ", reason));
        if (options_.verbosity == Verbosity::Everything && !skipped) {
            failures_.show_output(attempt.result);
        }
    }
}

void ProgressNarration::on(const TestDecided& event) {
    if (event.status == Status::Flaky) {
        const bool known = last_attempt_.first == event.test && last_attempt_.second > 1;
        say(Style::Yellow, "FLAKY",
            known ? fmt::format("{}: passed on attempt {}", id_of(event.test), last_attempt_.second)
                  : id_of(event.test));
    } else if ((event.status == Status::Failed || event.status == Status::Errored) &&
               !was_told(event.test)) {
        say(Style::Red, event.status == Status::Failed ? "FAIL" : "ERROR", id_of(event.test));
    }
}

void ProgressNarration::on(const UnknownResult& event) {
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

void ProgressNarration::warn(const std::string& text) {
    if (verbose() || repetitions_.warnings.is_first(text)) say(Style::Yellow, "warning:", text);
}

void ProgressNarration::on(const RunFinished& /*event*/) {
    for (const auto& [heading, text] : repetitions_.lines()) say(Style::Yellow, heading, text);
}

void ProgressNarration::on(const Notice& event) {
    if (event.severity == Severity::Warning) {
        warn(std::string(text::trim(harmless(event.text))));
        return;
    }
    if (quiet() && event.severity == Severity::Note) return;
    if (!verbose() && event.severity == Severity::Detail) return;
    const auto [style, word] = heading_of(event.severity);
    say(style, word, text::trim(harmless(event.text)));
}

void ProgressNarration::mark_told(TestIndex test) {
    if (test.value() >= told_.size()) told_.resize(std::max<std::size_t>(test.value() + 1, 64));
    told_[test.value()] = true;
}

}  // namespace offload::report

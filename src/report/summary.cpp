#include "offload/report/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "run_words.hpp"

namespace offload::report {
namespace {

constexpr std::size_t kUnknownShown = 20;
constexpr std::size_t kLongestReason = 160;
constexpr std::size_t kReasonLines = 20;
constexpr std::size_t kToldOneByOne = 5;  // tests that were not run for the same reason

class Summary {
  public:
    Summary(const RunSummary& summary, const TestTable& tests, const SummaryOptions& options,
            const SummaryExtras& extras)
        : summary_(summary), tests_(tests), options_(options), extras_(extras) {}

    std::string render() && {
        if (extras_.nothing_was_run && summary_.counts.total() == 0) {
            verdict();
            line("Nothing was run: reports of earlier runs stay as they are");
            leaked();
            return std::move(out_);
        }
        runner_report();
        lists();
        slowest();
        counts();
        time();
        remarks();
        where_to_look();
        verdict();
        leaked();
        return std::move(out_);
    }

  private:
    void line(std::string_view text) {
        out_ += text;
        out_ += '\n';
    }
    void title(std::string_view text) {
        out_ += '\n';
        line(styled(Style::Bold, text, options_.colour));
    }
    std::string shown(std::string_view text) const {
        return options_.for_terminal ? harmless_line(text) : text::to_valid_utf8(text);
    }
    std::string id_of(TestIndex test) const { return shown(tests_[test].id); }

    void runner_report() {
        if (summary_.runner_report.empty()) return;
        out_ += '\n';
        line(options_.for_terminal ? harmless(summary_.runner_report) : summary_.runner_report);
    }

    void lists() {
        list("Failed tests:", Status::Failed);
        list("Errored tests:", Status::Errored);
        list_not_run();
        list("Flaky tests:", Status::Flaky);
        if (summary_.unknown_results == 0) return;
        title("Results that belong to no collected test:");
        const std::size_t known = std::min(extras_.unknown.size(), kUnknownShown);
        for (std::size_t i = 0; i < known; ++i) {
            const UnknownResult& unknown = extras_.unknown[i];
            std::string text =
                fmt::format("  {} ({})", shown(unknown.name), name_of(unknown.outcome));
            if (!unknown.closest.empty()) text += ": nearest is " + shown(unknown.closest);
            if (!unknown.matching_format.empty()) {
                text +=
                    fmt::format("; test_id_format = \"{}\" would match", unknown.matching_format);
            }
            line(text);
        }
        if (summary_.unknown_results > known) {
            line(fmt::format("  … and {} more", summary_.unknown_results - known));
        }
    }

    void list(std::string_view heading, Status status) {
        std::size_t count = 0;
        for (const Verdict& verdict : summary_.verdicts) {
            if (verdict.status != status) continue;
            if (++count == 1) title(heading);
            if (count <= options_.names) line(entry(verdict));
        }
        if (count <= options_.names) return;
        const auto more = count - options_.names;
        line(options_.junit_file.empty()
                 ? fmt::format("  … and {} more: offload logs", more)
                 : fmt::format("  … and {} more: see {}", more, options_.junit_file.string()));
    }

    // What many tests have in common is told once.
    void list_not_run() {
        std::vector<std::pair<std::string_view, std::vector<TestIndex>>> reasons;
        std::unordered_map<std::string_view, std::size_t> places;
        for (const Verdict& verdict : summary_.verdicts) {
            if (verdict.status != Status::NotRun) continue;
            const auto [place, is_new] = places.try_emplace(verdict.not_run_reason, reasons.size());
            if (is_new) reasons.emplace_back(verdict.not_run_reason, std::vector<TestIndex>{});
            reasons[place->second].second.push_back(verdict.test);
        }
        if (reasons.empty()) return;
        title("Not run:");
        std::size_t listed = 0;
        for (const auto& [reason, tests] : reasons) {
            const bool one_by_one = tests.size() <= kToldOneByOne;
            listed += one_by_one ? tests.size() : 1;
            if (listed > options_.names) break;
            if (one_by_one) {
                for (const TestIndex test : tests) line("  " + id_of(test) + because(reason));
            } else {
                line(fmt::format("  {}{}", text::count(tests.size(), "test"), because(reason)));
                line(fmt::format("    {}, {} and {} more: offload logs --filter 'last(not-run)'",
                                 id_of(tests[0]), id_of(tests[1]), tests.size() - 2));
            }
            words_behind(reason);
        }
        if (listed > options_.names) line("  … and more: offload logs --filter 'last(not-run)'");
    }

    // What a reason of several lines goes on to say, unless it stands below as the run's failure.
    void words_behind(std::string_view reason) {
        const auto lines = text::lines(reason);
        if (lines.size() <= 2 || summary_.failure == reason) return;
        const auto rest = text::last_lines(reason.substr(lines.front().size()), kReasonLines);
        for (const auto words : text::lines(rest)) line("      " + shown(words));
    }

    std::string because(std::string_view reason) const {
        if (text::trim(reason).empty()) return {};
        return ": " + fit_middle(shown(first_and_last(reason)), 2 * kLongestReason);
    }

    std::string entry(const Verdict& verdict) const {
        std::string text = "  " + id_of(verdict.test);
        if (const auto words = attempts_words(verdict); !words.empty())
            text += fmt::format(" ({})", words);
        if (const Attempt* attempt = first_failure(verdict)) {
            const auto reason = one_line_reason(attempt->result);
            if (!reason.empty()) text += ": " + fit_end(reason, kLongestReason);
        }
        if (verdict.carried_from) text += " (carried over)";
        return text;
    }

    void slowest() {
        const auto slowest = slowest_tests(summary_, options_.slowest);
        if (slowest.empty()) return;
        title("Slowest tests:");
        for (const auto& [duration, test] : slowest) {
            line(fmt::format("  {:>8}  {}", text::duration(duration), id_of(test)));
        }
    }

    void counts() {
        const Counts& counts = summary_.counts;
        title("Summary:");
        count("Total", counts.total(), Style::Plain);
        count("Passed", counts.passed, Style::Green);
        count("Failed", counts.failed, Style::Red);
        count("Errored", counts.errored, Style::Red);
        count("Flaky", counts.flaky, Style::Yellow);
        count("Skipped", counts.skipped, Style::Plain);
        count("Not run", counts.not_run, Style::Red);
        const auto carried = std::ranges::count_if(summary_.verdicts, [](const Verdict& verdict) {
            return verdict.carried_from.has_value();
        });
        if (carried == 0) return;
        line(fmt::format("  {:<8} {}: not run this time, they stand as earlier runs left them",
                         "Carried:", carried));
    }

    // No colour inside: scripts look for these lines.
    void count(std::string_view word, std::size_t number, Style style) {
        const auto text = fmt::format("  {:<8} {}", fmt::format("{}:", word), number);
        line(number > 0 ? styled(style, text, options_.colour) : text);
    }

    void time() { line(fmt::format("  {:<8} {}", "Time:", time_words(summary_))); }

    void remarks() {
        if (summary_.hedges > 0) {
            line(fmt::format("  {} of slow tests started on idle sandboxes",
                             text::count(summary_.hedges, "duplicate")));
        }
        if (!extras_.cost.empty()) line(fmt::format("  {:<8} {}", "Cost:", extras_.cost));
    }

    // What costs money until somebody acts on it is the last thing that is read.
    void leaked() {
        const auto& left = summary_.leaked_sandboxes;
        if (left.empty()) return;
        line(styled(Style::Yellow, "warning:", options_.colour) +
             fmt::format(" {} may still exist; `{}` destroys {}:",
                         text::count(left.size(), "sandbox", "sandboxes"),
                         shown(options_.cleanup_command), left.size() == 1 ? "it" : "them"));
        for (std::size_t i = 0; i < std::min(left.size(), options_.names); ++i) {
            line("  " + shown(left[i]));
        }
        if (left.size() > options_.names) {
            line(fmt::format("  … and {} more", left.size() - options_.names));
        }
    }

    void where_to_look() {
        if (options_.output_dir.empty()) return;
        if (extras_.nothing_was_run) {
            line("  Nothing was run: reports of earlier runs stay as they are");
            return;
        }
        std::string reports;
        for (const auto& file : {options_.html_file, options_.junit_file, options_.trace_file}) {
            if (!file.empty()) reports += file.string() + ", ";
        }
        line(fmt::format("  Reports: {}{}", reports, (options_.output_dir / "logs/").string()));
        for (const Verdict& verdict : summary_.verdicts) {
            if (verdict.status != Status::Failed && verdict.status != Status::Errored) continue;
            line(fmt::format("  One failure: offload logs --test {}",
                             shown(shell::quote(tests_[verdict.test].id))));
            break;
        }
    }

    std::string failure() const {
        const auto text =
            options_.errors_stand_above ? first_and_last(*summary_.failure) : *summary_.failure;
        return options_.for_terminal ? harmless(text) : text;
    }

    void verdict() {
        if (summary_.failure && !(options_.errors_stand_above && extras_.nothing_was_run)) {
            out_ += '\n';
            line(styled(Style::Red, "error:", options_.colour) + " " + failure());
        }
        const auto words = verdict_words(summary_);
        out_ += '\n';
        line(styled(words.style, words.text, options_.colour));
    }

    const RunSummary& summary_;
    const TestTable& tests_;
    const SummaryOptions& options_;
    const SummaryExtras& extras_;
    std::string out_;
};

}  // namespace

std::string render_summary(const RunSummary& summary, const TestTable& tests,
                           const SummaryOptions& options, const SummaryExtras& extras) {
    return Summary(summary, tests, options, extras).render();
}

SummaryPrinter::SummaryPrinter(SummaryOptions options, const TestTable& tests,
                               std::function<Result<>(std::string_view)> write)
    : options_(std::move(options)), tests_(tests), write_(std::move(write)) {}

Result<> SummaryPrinter::consume(const Event& event) {
    if (options_.cost) lifetimes_.consume(event);
    substance_.comes_with(event);
    if (const auto* unknown = std::get_if<UnknownResult>(&event.body)) {
        if (extras_.unknown.size() < kUnknownShown) extras_.unknown.push_back(*unknown);
    } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
        if (options_.cost) {
            extras_.cost = describe_cost(lifetimes_.count(), lifetimes_.total(event.since_start),
                                         *options_.cost);
        }
        // An earlier run's would be gone: what is not there now could not be written.
        std::error_code ignored;
        extras_.nothing_was_run = !substance_.is_there();
        for (auto* file : {&options_.junit_file, &options_.html_file, &options_.trace_file}) {
            if (!std::filesystem::exists(*file, ignored)) file->clear();
        }
        return write_(render_summary(finished->summary, tests_, options_, extras_));
    }
    return {};
}

}  // namespace offload::report

#include "ci/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "offload/base/text.hpp"
#include "run_words.hpp"

namespace offload::report::ci {
namespace {

constexpr std::size_t kMostRows = 100;
constexpr std::size_t kMostSlow = 10;
constexpr std::size_t kLongestId = 300;
constexpr std::size_t kLongestReason = 300;
constexpr std::size_t kFailureLines = 20;
constexpr std::size_t kRoomForLast = 200;  // what says that something is left out, and closing tags

std::string_view mark_of(Style style) {
    if (style == Style::Green) return "✅";
    return style == Style::Yellow ? "⚠️" : "❌";
}

class Page {
  public:
    Page(const RunSummary& summary, const PageOptions& options)
        : summary_(summary), options_(options) {}

    std::string render() && {
        const auto words = verdict_words(summary_, "the run could not be carried out");
        const auto what = options_.part.empty() ? std::string("Offload")
                                                : fmt::format("Offload, {}", options_.part);
        if (!add(fmt::format("## {} {}: {}\n\n", mark_of(words.style), plain_text(what),
                             plain_text(words.text)))) {
            return {};
        }
        figures();
        failure();
        list("Errored", Status::Errored);
        list("Failed", Status::Failed);
        list("Not run", Status::NotRun);
        list("Flaky", Status::Flaky);
        slowest();
        return std::move(out_);
    }

  private:
    bool add(std::string_view text) {
        if (out_.size() + text.size() + kRoomForLast > options_.most_bytes) return false;
        out_ += text;
        return true;
    }

    static std::string code(std::string_view text, std::size_t longest) {
        return fmt::format("<code>{}</code>", plain_text(fit_middle(harmless_line(text), longest)));
    }

    void figures() {
        const Counts& counts = summary_.counts;
        std::string text =
            "| Total | Passed | Failed | Errored | Flaky | Skipped | Not run |\n"
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n\n", counts.total(),
                            counts.passed, counts.failed, counts.errored, counts.flaky,
                            counts.skipped, counts.not_run);
        text += fmt::format("Time: {}\n", plain_text(time_words(summary_)));
        const auto& sandboxes = options_.sandboxes;
        if (sandboxes.made + sandboxes.not_made > 0) {
            text += fmt::format("<br>Sandboxes: {} at once, {} in all{}\n", summary_.slots,
                                sandboxes.made,
                                sandboxes.not_made == 0
                                    ? ""
                                    : fmt::format(", {} could not be made", sandboxes.not_made));
        }
        const auto left = summary_.leaked_sandboxes.size();
        if (left > 0) {
            text += fmt::format("<br>{} may still exist: <code>offload cleanup</code>\n",
                                text::count(left, "sandbox", "sandboxes"));
        }
        add(text + "\n");
    }

    void failure() {
        if (!summary_.failure) return;
        std::string text = "<pre>";
        const auto said = text::last_lines(harmless(*summary_.failure), kFailureLines);
        for (const auto line : text::lines(said)) text += plain_text(line) + "\n";
        add(text + "</pre>\n\n");
    }

    std::string place(const Place& place) const {
        const auto words =
            place.line == 0 ? place.file : fmt::format("{}:{}", place.file, place.line);
        const auto shown = code(words, kLongestId);
        if (options_.system.link == nullptr) return shown;
        const auto url = options_.system.link(place, options_.variables);
        return url.empty() ? shown : fmt::format("<a href=\"{}\">{}</a>", plain_text(url), shown);
    }

    std::string row(const Verdict& verdict) const {
        const Test& test = options_.tests[verdict.test];
        std::string text = "| " + code(test.id, kLongestId);
        if (const auto words = attempts_words(verdict); !words.empty())
            text += fmt::format(" ({})", words);
        if (verdict.carried_from) text += " (carried over)";
        text += " | ";
        std::optional<Place> where;
        if (const Attempt* attempt = first_failure(verdict)) {
            text += code(one_line_reason(attempt->result), kLongestReason);
            where = place_of(attempt->result, test.file, options_.rank_lines, options_.repository);
        } else if (const auto reason = first_and_last(verdict.not_run_reason); !reason.empty()) {
            text += code(reason, kLongestReason);
        }
        if (where) text += "<br>" + place(*where);
        return text + " |\n";
    }

    void list(std::string_view title, Status status) {
        std::size_t count = 0;
        std::size_t shown = 0;
        bool room = true;
        for (const Verdict& verdict : summary_.verdicts) {
            if (verdict.status != status) continue;
            if (++count == 1)
                room = add(fmt::format("### {}\n\n| Test | Why |\n| --- | --- |\n", title));
            room = room && count <= kMostRows && add(row(verdict));
            if (room) ++shown;
        }
        // The room for it is kept.
        if (shown < count) out_ += fmt::format("\n{}: {} more\n", title, count - shown);
        if (count > 0) out_ += "\n";
    }

    void slowest() {
        const auto slowest = slowest_tests(summary_, kMostSlow);
        if (slowest.empty()) return;
        std::string text =
            "<details><summary>Slowest tests</summary>\n\n"
            "| Time | Test |\n| ---: | --- |\n";
        for (const auto& [duration, test] : slowest) {
            text += fmt::format("| {} | {} |\n", text::duration(duration),
                                code(options_.tests[test].id, kLongestId));
        }
        add(text + "\n</details>\n\n");
    }

    const RunSummary& summary_;
    const PageOptions& options_;
    std::string out_;
};

}  // namespace

std::string page(const RunSummary& summary, const PageOptions& options) {
    return Page(summary, options).render();
}

std::string plain_text(std::string_view text) {
    static constexpr std::string_view kPlain = " ./,-";
    std::string out;
    char before = 0;
    for (const char c : harmless_line(text)) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
        // Two blanks, or one at an end, are kept by no renderer; a scheme makes a link.
        const bool kept = letter || (c != before && kPlain.find(c) != std::string_view::npos);
        if (kept && !(c == '/' && before == ':')) {
            out += c;
        } else {
            out += fmt::format("&#{};", static_cast<int>(c));
        }
        before = c;
    }
    return out;
}

}  // namespace offload::report::ci

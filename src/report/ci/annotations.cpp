#include "ci/annotations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "attempt_text.hpp"
#include "display_text.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "run_words.hpp"

namespace offload::report::ci {
namespace {

constexpr std::size_t kLongestTitle = 200;  // GitHub takes 255
constexpr std::size_t kLines = 12;
constexpr std::size_t kLongestLine = 300;

class Writer {
  public:
    explicit Writer(const AnnotationOptions& options) : options_(options) {}

    // Only those for which there is room are made in full: that looks at files.
    void add(Level level, const auto& make) {
        auto& kind = kinds_[static_cast<std::size_t>(level)];
        if (++kind.count <= options_.most) kind.annotations.push_back(make());
    }

    std::vector<Annotation> take() && {
        std::vector<Annotation> all;
        for (auto& kind : kinds_) {
            if (kind.count > options_.most && options_.most > 0) {
                kind.annotations.back() = {
                    .level = kind.annotations.back().level,
                    .title = fmt::format("{} more", kind.count - options_.most + 1),
                    .message = fmt::format("{} more are not shown here: see the summary of the run",
                                           kind.count - options_.most + 1)};
            }
            std::ranges::move(kind.annotations, std::back_inserter(all));
        }
        return all;
    }

  private:
    struct Kind {
        std::size_t count = 0;
        std::vector<Annotation> annotations = {};
    };
    const AnnotationOptions& options_;
    std::array<Kind, 2> kinds_;
};

std::string title(std::string_view id, std::string_view rest) {
    return fmt::format("{} {}", fit_middle(harmless_line(id), kLongestTitle - rest.size() - 1),
                       rest);
}

Annotation of_failure(Level level, const Verdict& verdict, const AnnotationOptions& options) {
    const Test& test = options.tests[verdict.test];
    Annotation annotation{.level = level};
    const auto attempts = attempts_words(verdict);
    const std::string_view became = verdict.status == Status::Flaky ? "is flaky" : "failed";
    annotation.title = title(
        test.id, attempts.empty() ? std::string(became) : fmt::format("{} ({})", became, attempts));
    const Attempt* attempt = first_failure(verdict);
    if (attempt == nullptr) {
        if (auto file = options.repository.find(test.file))
            annotation.place = Place{.file = *std::move(file)};
        annotation.message = std::string(became);
        return annotation;
    }
    annotation.place = place_of(attempt->result, test.file, options.rank_lines, options.repository);
    const auto text = attempt_text(attempt->result, {.most_lines = kLines,
                                                     .longest_line = kLongestLine,
                                                     .rank = options.rank_lines,
                                                     .first_rows = kLines});
    // What is read of it first says what was wrong, wherever that stands in the text.
    const auto reason = one_line_reason(attempt->result);
    annotation.message = text.text.starts_with(reason) ? text.text : reason + "\n\n" + text.text;
    if (text.shortened) {
        annotation.message += fmt::format("All of it: offload logs --test {}\n",
                                          harmless_line(shell::quote(test.id)));
    }
    if (text::trim(annotation.message).empty()) annotation.message = std::string(became);
    return annotation;
}

// Tests that were not run for one reason are one remark.
void add_not_run(const RunSummary& summary, const AnnotationOptions& options, Writer& writer) {
    std::vector<std::pair<std::string_view, std::vector<TestIndex>>> reasons;
    std::unordered_map<std::string_view, std::size_t> positions;
    for (const Verdict& verdict : summary.verdicts) {
        if (verdict.status != Status::NotRun) continue;
        const auto [position, is_new] =
            positions.try_emplace(verdict.not_run_reason, reasons.size());
        if (is_new) reasons.emplace_back(verdict.not_run_reason, std::vector<TestIndex>{});
        reasons[position->second].second.push_back(verdict.test);
    }
    for (const auto& [reason, tests] : reasons) {
        writer.add(Level::Error, [&, &why = reason, &which = tests] {
            const auto& first = options.tests[which.front()].id;
            return Annotation{
                .title = which.size() == 1
                             ? title(first, "was not run")
                             : fmt::format("{} were not run", text::count(which.size(), "test")),
                .message = text::trim(why).empty() ? std::string("not run")
                                                   : harmless_line(first_and_last(why))};
        });
    }
}

}  // namespace

std::vector<Annotation> annotations(const RunSummary& summary, const AnnotationOptions& options) {
    Writer writer(options);
    if (summary.failure) {
        writer.add(Level::Error, [&] {
            return Annotation{.title = "The run could not be carried out",
                              .message = text::last_lines(harmless(*summary.failure), kLines)};
        });
    }
    const auto each = [&](Level level, Status status) {
        for (const Verdict& verdict : summary.verdicts) {
            const bool told = options.told_already || verdict.carried_from;
            if (verdict.status != status || told) continue;
            writer.add(level, [&] { return of_failure(level, verdict, options); });
        }
    };
    each(Level::Error, Status::Errored);
    each(Level::Error, Status::Failed);
    add_not_run(summary, options, writer);
    each(Level::Warning, Status::Flaky);
    if (!summary.leaked_sandboxes.empty()) {
        writer.add(Level::Warning, [&] {
            return Annotation{.level = Level::Warning,
                              .title = fmt::format("{} may still exist",
                                                   text::count(summary.leaked_sandboxes.size(),
                                                               "sandbox", "sandboxes")),
                              .message = "`offload cleanup` destroys them"};
        });
    }
    return std::move(writer).take();
}

}  // namespace offload::report::ci

// Buildkite: headings in a job's log, under which what follows is folded away
// (https://buildkite.com/docs/pipelines/configure/managing-log-output), and annotations of a build
// in Markdown (https://buildkite.com/docs/agent/cli/reference/annotate).
#include <fmt/format.h>

#include <array>

#include "ci/system.hpp"

namespace offload::report::ci {
namespace {

std::string fold_begin(const Fold& fold) { return fmt::format("--- {}\n", fold.title); }

// A heading counts down to the next one.
std::string fold_end(const Fold& /*fold*/) { return "~~~ offload\n"; }

std::string guard_headings(std::string_view line) {
    static constexpr std::array<std::string_view, 4> kMarks{"---", "+++", "~~~", "^^^"};
    for (const auto mark : kMarks) {
        if (line.starts_with(mark)) return fmt::format(" {}", line);
    }
    return std::string(line);
}

// Annotations are the build's, and one of the same context takes the place of the other: steps and
// shards have contexts of their own.
std::vector<std::string> page_command(Mood mood, std::string_view part,
                                      const Variables& variables) {
    std::string context = "offload";
    if (const auto step = variables("BUILDKITE_STEP_KEY"); !step.empty()) context += "-" + step;
    if (!part.empty()) context += fmt::format("-{}", part);
    const std::array<std::string_view, 3> styles{"success", "warning", "error"};
    return {"buildkite-agent", "annotate",
            "--style",         std::string(styles[static_cast<std::size_t>(mood)]),
            "--context",       std::move(context)};
}

}  // namespace

const CiSystem kBuildkite{.name = "buildkite",
                          .title = "Buildkite",
                          .variable = "BUILDKITE",
                          .fold_begin = fold_begin,
                          .fold_end = fold_end,
                          .before_summary = "+++ Summary\n",
                          .guard = guard_headings,
                          .workspace_variable = "BUILDKITE_BUILD_CHECKOUT_PATH",
                          .page_command = page_command,
                          .most_page_bytes = 1024UL * 1024};

}  // namespace offload::report::ci

// GitHub Actions: lines of a step's output that are commands to its runner, and a Markdown file for
// each step.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; what the
// runner takes for a command is in its ActionCommand.cs: `::NAME KEY=VALUE,…::DATA` at the start of
// a line but for white space, and the older `##[NAME …]DATA` anywhere in it.
#include <fmt/format.h>

#include "ci/system.hpp"
#include "offload/base/text.hpp"

namespace offload::report::ci {
namespace {

// The percent sign goes first: what stands for the others holds one.
std::string escaped_data(std::string_view text) {
    auto out = text::replace_all(text, "%", "%25");
    out = text::replace_all(out, "\r", "%0D");
    return text::replace_all(out, "\n", "%0A");
}

std::string escaped_property(std::string_view text) {
    return text::replace_all(text::replace_all(escaped_data(text), ":", "%3A"), ",", "%2C");
}

std::string annotation(const Annotation& annotation) {
    std::string properties;
    const auto add = [&](std::string_view key, std::string_view value) {
        if (value.empty()) return;
        properties +=
            fmt::format("{}{}={}", properties.empty() ? " " : ",", key, escaped_property(value));
    };
    if (annotation.place) {
        const auto number = [](std::size_t n) { return n == 0 ? "" : std::to_string(n); };
        add("file", annotation.place->file);
        add("line", number(annotation.place->line));
        add("col", number(annotation.place->column));
    }
    add("title", annotation.title);
    return fmt::format("::{}{}::{}\n", annotation.level == Level::Error ? "error" : "warning",
                       properties, escaped_data(text::trim(annotation.message)));
}

std::string group_begin(const Fold& fold) {
    return fmt::format("::group::{}\n", escaped_data(fold.title));
}

std::string group_end(const Fold& /*fold*/) { return "::endgroup::\n"; }

// Broken rather than switched off with `stop-commands`: stdout and stderr reach the runner on two
// ways that it reads at once, and a run that is killed could not switch commands on again for what
// follows in its step.
std::string guard_commands(std::string_view line) {
    // The runner skips all that Unicode takes for white space.
    std::size_t begin = 0;
    while (begin < line.size() && (line[begin] <= ' ' || line[begin] >= '\x7f')) ++begin;
    auto out = std::string(line);
    if (line.substr(begin).starts_with("::")) out.insert(begin + 1, " ");
    return text::replace_all(out, "##[", "## [");
}

std::string escaped_url(std::string_view path) {
    std::string out;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || std::string_view("/-._~").find(c) != path.npos;
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string link(const Place& place, const Variables& variables) {
    const auto server = variables("GITHUB_SERVER_URL");
    const auto repository = variables("GITHUB_REPOSITORY");
    const auto commit = variables("GITHUB_SHA");
    if (server.empty() || repository.empty() || commit.empty()) return {};
    return fmt::format("{}/{}/blob/{}/{}{}", server, repository, commit, escaped_url(place.file),
                       place.line == 0 ? "" : fmt::format("#L{}", place.line));
}

}  // namespace

// Of a step, ten annotations of each level are shown, and a summary of up to one MiB.
const CiSystem kGitHub{.name = "github",
                       .title = "GitHub Actions",
                       .variable = "GITHUB_ACTIONS",
                       .fold_begin = group_begin,
                       .fold_end = group_end,
                       .guard = guard_commands,
                       .annotation = annotation,
                       .most_annotations = 10,
                       .workspace_variable = "GITHUB_WORKSPACE",
                       .page_variable = "GITHUB_STEP_SUMMARY",
                       .most_page_bytes = 1024UL * 1024,
                       .link = link};

}  // namespace offload::report::ci

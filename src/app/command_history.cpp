// offload history: the file of earlier runs' durations in a git repository.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "offload/history/history_file.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

// Branches that hold little are no reason to keep less than this.
constexpr std::size_t kUsualCapacity = 20;
constexpr std::chrono::seconds kGitLimit{30};
constexpr std::string_view kDriver = "offload-history";

Result<history::History> load(const std::string& path) {
    OFFLOAD_TRY(auto loaded, history::load(path));
    if (loaded.broken_lines > 0) {
        print_warning(fmt::format("{}: {} left out that {} no history", path,
                                  text::count(loaded.broken_lines, "line"),
                                  loaded.broken_lines == 1 ? "is" : "are"));
    }
    return std::move(loaded.history);
}

Result<> merge(const HistoryOptions& options) {
    OFFLOAD_TRY(const auto base, load(options.base));
    OFFLOAD_TRY(const auto ours, load(options.ours));
    OFFLOAD_TRY(const auto theirs, load(options.theirs));
    const auto capacity = std::max({kUsualCapacity, ours.most_samples(), theirs.most_samples()});
    const auto merged = history::History::merge(base, ours, theirs, capacity);
    return write_file_atomically(options.ours, merged.render());
}

Result<std::string> git(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "git");
    const auto shown = fmt::format("{}", fmt::join(arguments, " "));
    process::Limits limits;
    limits.deadline = steady_now() + kGitLimit;
    const auto done = process::capture({.argv = std::move(arguments)}, limits);
    if (!done.end.success()) {
        return fail(Error{.message = fmt::format("{} failed: {}", shown, done.end.describe()),
                          .hint = "this command works inside a git repository",
                          .causes = {Error{std::string(text::trim(done.err))}}});
    }
    return std::string(text::trim(done.out));
}

Result<> add_attribute(const fs::path& attributes, const std::string& line) {
    std::string content;
    if (fs::exists(attributes)) {
        OFFLOAD_TRY(content, read_file(attributes));
    }
    for (const auto present : text::lines(content)) {
        if (text::trim(present) == line) return {};
    }
    if (!content.empty() && content.back() != '\n') content += '\n';
    return write_file_atomically(attributes, content + line + "\n");
}

// A path with spaces or quotes stands in double quotes, as gitattributes(5) has it.
std::string pattern_of(const std::string& path) {
    if (path.find_first_of(" \t\"\\") == std::string::npos) return path;
    return '"' + text::replace_all(text::replace_all(path, "\\", "\\\\"), "\"", "\\\"") + '"';
}

Result<> set_up(const config::Config& config) {
    OFFLOAD_TRY(const auto top, git({"rev-parse", "--show-toplevel"}));
    const auto path = fs::weakly_canonical(fs::absolute(config.history.path));
    const auto inside = path.lexically_relative(fs::weakly_canonical(top));
    if (inside.empty() || *inside.begin() == "..") {
        return fail(
            Error{.message = fmt::format("{} is not inside the repository {}", path.string(), top),
                  .hint = "git merges only what it holds: set another [history] path"});
    }
    const auto section = fmt::format("merge.{}.", kDriver);
    OFFLOAD_CHECK(git({"config", section + "name", "Offload test history"}));
    OFFLOAD_CHECK(git({"config", section + "driver", "offload history merge %O %A %B"}));
    OFFLOAD_CHECK(add_attribute(fs::path(top) / ".gitattributes",
                                fmt::format("{} merge={}", pattern_of(inside.string()), kDriver)));
    return write_stdout(fmt::format(
        "git merges {} with `offload history merge` from now on.\n"
        "Commit .gitattributes; each clone needs `offload history setup-merge-driver` once.\n",
        inside.string()));
}

}  // namespace

CLI::App* declare_history(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("history", "Look after the history of durations");
    auto& chosen = options.history;
    command->require_subcommand(1);
    auto* merging = command->add_subcommand("merge", "Unite two histories: a merge driver for git");
    merging->add_option("BASE", chosen.base, "The common ancestor (%O)")->required();
    merging->add_option("OURS", chosen.ours, "Our side; replaced by the result (%A)")->required();
    merging->add_option("THEIRS", chosen.theirs, "Their side (%B)")->required();
    merging->callback([&chosen] { chosen.action = HistoryAction::Merge; });
    auto* setting_up = command->add_subcommand(
        "setup-merge-driver", "Make git merge this repository's history file by itself");
    setting_up->callback([&chosen] { chosen.action = HistoryAction::SetUpMergeDriver; });
    merging->fallthrough();
    setting_up->fallthrough();
    command->footer(R"(
The file is recorded by `offload run --record-history`; see [history] in the config.

Exit status: 0 done, 1 a file could not be read or written, or git refused.
)");
    return command;
}

int execute_history(const Options& options) {
    Result<> done;
    if (options.history.action == HistoryAction::Merge) {
        done = merge(options.history);
    } else {
        const auto loaded = load_config(options.global);
        print(loaded.diagnostics);
        if (!loaded.config) return kFailure;
        process::prepare_this_process();
        done = set_up(*loaded.config);
    }
    if (done) return kSuccess;
    print(done.error());
    return kFailure;
}

}  // namespace offload::app

// offload collect: which tests are there? `offload run --collect-only` is the same.
#include <fmt/format.h>

#include <algorithm>

#include "collect.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "kinds.hpp"
#include "listing.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/engine/run.hpp"
#include "offload/process/child.hpp"
#include "selection.hpp"
#include "signals.hpp"

namespace offload::app {
namespace {

void print_broken(const TestTable& tests, const engine::Collected& collected) {
    for (const auto& [index, result] : collected.broken) {
        std::string text = fmt::format("offload: {} cannot be collected", tests[index].id);
        if (!result.message.empty()) text += fmt::format(": {}", result.message);
        text += '\n';
        for (const auto line : text::lines(result.details)) text += fmt::format("  {}\n", line);
        write_stderr(text);
    }
}

// They are read for a filter that may ask for them alone.
KnownDurations durations_if_asked(const SelectionOptions& selection, const config::Config& config) {
    return selection.filter.empty() ? KnownDurations{} : known_durations(config);
}

bool sets_up(const config::Config& config) {
    return config.offload.setup_command ||
           std::ranges::any_of(config.groups, [](const config::Group& group) {
               return group.setup_command.has_value();
           });
}

}  // namespace

CLI::App* declare_collect(CLI::App& program, Options& options) {
    auto* command = program.add_subcommand("collect", "List the tests that would run");
    auto& collect = options.collect;
    command
        ->add_option_function<std::string>(
            "-f,--format",
            [&collect](const std::string& name) {
                collect.format = name == "json" ? ListFormat::Json : ListFormat::Text;
            },
            "text: one ID a line; json: an array of objects with id, group, retry_count and more "
            "(text)")
        ->type_name("NAME")
        ->check(CLI::IsMember({"text", "json"}));
    one_each(command->add_option("--group", collect.groups, "Only this group; may be repeated"))
        ->type_name("GROUP");
    declare_selection(*command, collect.selection);
    declare_shard(*command, collect.selection);
    command->footer(R"(
IDs go to stdout and nothing else does.

Examples:
  offload collect | wc -l
  offload collect -f json | jq -r '.[] | select(.group == "unit") | .id'

Exit status: 0 listed; 1 a group could not be discovered, a module could not be collected, or
there is no test at all.
)");
    return command;
}

int execute_collect(const Options& options) {
    const auto& collect = options.collect;
    const auto loaded = load_config(options.global, {.groups = collect.groups});
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    return list_tests(*loaded.config, options.global, collect);
}

int list_tests(const config::Config& config, const GlobalOptions& global,
               const CollectOptions& collect) {
    const auto selection =
        make_selection(collect.selection, config, durations_if_asked(collect.selection, config));
    if (!selection) {
        print(selection.error());
        return kFailure;
    }
    process::prepare_this_process();
    engine::Interrupter interrupter;
    const SignalWatch signals([&](int signal) { interrupter.interrupt(signal); });
    TestTable tests;
    const auto collected = engine::collect(
        {.config = config,
         .working_folder = config::working_folder(config, std::filesystem::current_path()).string(),
         .run_id = make_run_id(),
         .version = std::string(version()),
         .only_groups = collect.groups,
         .known_durations = {},
         .started = global.started,
         .selection = *selection},
        tests, interrupter);
    if (const auto signal = signals.received()) return exit_status_of_signal(*signal);
    for (const auto& warning : collected.warnings) print_warning(warning);
    for (const auto& error : collected.errors) print(error);
    if (!collected.errors.empty() && sets_up(config)) {
        print_warning(
            "setup_command is not run to list tests; where finding them needs what it makes, run "
            "it "
            "by hand first");
    }
    print_broken(tests, collected);
    const auto listed =
        write_stdout(render_listing(collect.format, tests, collected.selected, config.groups));
    if (!listed) print(listed.error());
    const bool complete = listed && collected.errors.empty() && collected.broken.empty();
    const bool some = !collected.selected.empty() || !collect.selection.shard.empty();
    return complete && some ? kSuccess : kFailure;
}

}  // namespace offload::app

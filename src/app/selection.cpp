#include "selection.hpp"

#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "commands.hpp"
#include "console.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "past.hpp"
#include "sharding.hpp"

namespace offload::app {
namespace {

// One a line; what discovery would leave out is left out here as well.
Result<std::vector<std::string>> read_list(const std::string& file) {
    std::string text;
    if (file == "-") {
        text.assign(std::istreambuf_iterator<char>(std::cin), {});
    } else {
        OFFLOAD_TRY(text, read_file(file));
    }
    std::vector<std::string> names;
    for (const auto line : text::lines(text)) {
        const auto name = text::trim(line);
        if (!name.empty() && !name.starts_with('#')) names.emplace_back(name);
    }
    if (names.empty()) {
        return fail(Error{.message = "--list-from names no test",
                          .place = file == "-" ? "standard input" : file,
                          .hint = "expected one test ID, file, folder or glob a line"});
    }
    return names;
}

// Tests are named as seen from where they run.
void make_relative(std::vector<std::string>& names, const std::filesystem::path& folder) {
    const auto prefix = folder.string() + "/";
    for (auto& name : names) {
        if (name == folder) name = prefix;
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
            if (name.empty()) name = ".";
        }
    }
}

}  // namespace

void declare_selection(CLI::App& command, SelectionOptions& selection) {
    command.add_option("WHAT", selection.ids,
                       "Only these tests: IDs, beginnings of IDs, files, folders, globs");
    command
        .add_option("--filter", selection.filter,
                    "Only tests that match: 'file(tests/shop) and not slow(2s)'")
        ->type_name("EXPR");
    command
        .add_option("--list-from", selection.list_from,
                    "Only the tests that FILE names, one a line; - is standard input")
        ->type_name("FILE");
    command.add_flag("--failed", selection.failed,
                     "Only what failed or was not run last time; the rest is carried over");
}

void declare_shard(CLI::App& command, SelectionOptions& selection) {
    command
        .add_option("--shard", selection.shard,
                    "Only the K-th of N parts, which other machines run; see offload merge")
        ->type_name("K/N");
    command
        .add_option("--durations", selection.durations,
                    "What shards are balanced by, the same on all machines: a junit.xml, or the "
                    "output_dir of an earlier run")
        ->type_name("PATH");
}

Result<select::Selection> parse_selection(const SelectionOptions& options,
                                          const config::Config& config) {
    select::Selection selection{.what = options.ids, .failed = options.failed};
    if (!options.list_from.empty()) {
        OFFLOAD_TRY(auto listed, read_list(options.list_from));
        std::ranges::move(listed, std::back_inserter(selection.what));
    }
    make_relative(selection.what, config::working_folder(config, std::filesystem::current_path()));
    if (!options.filter.empty()) {
        OFFLOAD_TRY(selection.filter, select::Expression::parse(options.filter));
    }
    return selection;
}

Result<select::Selection> make_selection(const SelectionOptions& options,
                                         const config::Config& config,
                                         const KnownDurations& durations) {
    OFFLOAD_TRY(auto selection, parse_selection(options, config));
    const bool results =
        selection.failed || (selection.filter && selection.filter->asks_for_results());
    auto past = std::make_shared<select::Past>();
    if (results) *past = read_past(config.report.output_dir, config.file.filename().string());
    if (selection.failed && past->results.empty()) {
        print_warning("--failed: no earlier run is known, so all tests are run");
    }
    if (selection.filter && selection.filter->asks_for_durations()) {
        for (const auto& known : durations) past->durations.emplace(known.id, known.duration);
    }
    selection.past = std::move(past);
    if (!options.shard.empty() || !options.durations.empty()) {
        OFFLOAD_TRY(selection.sharding, make_sharding(options, config));
    }
    return selection;
}

}  // namespace offload::app

// offload merge: one run's reports from those of its shards.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "ci_job.hpp"
#include "collect.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "exit_wishes.hpp"
#include "kinds.hpp"
#include "offload/base/text.hpp"
#include "offload/process/child.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/shards.hpp"
#include "run_sinks.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

using Shards = std::vector<report::ShardJournal>;

// A sink that could not write is told nothing more.
class Outlets {
  public:
    explicit Outlets(const Sinks& sinks) {
        for (const auto& sink : sinks) sinks_.push_back(sink.get());
    }
    void tell(const Event& event) {
        std::erase_if(sinks_, [&](Sink* sink) {
            const auto consumed = sink->consume(event);
            if (consumed) return false;
            print(Error{.message = fmt::format("cannot write {}", sink->name()),
                        .causes = {consumed.error()}});
            failed_ = failed_ || sink->required();
            return true;
        });
    }
    bool failed() const { return failed_; }

  private:
    std::vector<Sink*> sinks_;
    bool failed_ = false;
};

Result<Shards> read_shards(const MergeOptions& merge, const fs::path& output) {
    Shards shards;
    std::error_code ignored;
    for (const fs::path from : merge.from) {
        const auto journal = fs::is_directory(from, ignored) ? from / report::kJournalFile : from;
        if (fs::equivalent(journal.parent_path().empty() ? "." : journal.parent_path(), output,
                           ignored)) {
            return fail(Error{.message = "the reports of a shard are where those of all are to go",
                              .place = journal.string(),
                              .hint = "name another folder with --output, or move the shard's"});
        }
        OFFLOAD_TRY(auto shard, report::read_shard(journal));
        shards.push_back(std::move(shard));
    }
    OFFLOAD_CHECK(report::fit_together(shards));
    return shards;
}

Result<int> merge_into(config::Config config, const Options& options) {
    const auto& merge = options.merge;
    if (!merge.output.empty()) config.report.output_dir = merge.output;
    OFFLOAD_TRY(const auto shards, read_shards(merge, config.report.output_dir));
    TestTable tests;
    OFFLOAD_TRY(const auto sinks, make_sinks(config, options, tests, nullptr));
    Outlets outlets(sinks);
    const report::MergeRequest request{
        .run_id = make_run_id(),
        .version = std::string(version()),
        .exit_status = [&](const RunSummary& summary) {
            return exit_status(summary, wishes_of(config.offload, merge.flaky_exit_code));
        }};
    const auto summary = report::merge_shards(shards, request, tests,
                                              [&](const Event& event) { outlets.tell(event); });
    return outlets.failed() ? kFailure : summary.exit_status;
}

}  // namespace

CLI::App* declare_merge(CLI::App& program, Options& options) {
    auto* command =
        program.add_subcommand("merge", "Make one report of the shards of a run (run --shard)");
    auto& merge = options.merge;
    command->add_option("DIR", merge.from, "The folders of the shards' reports, or their journals")
        ->required();
    command
        ->add_option("-o,--output", merge.output,
                     "Where the reports go; over the config's output_dir")
        ->type_name("DIR");
    command
        ->add_option("--flaky-exit-code", merge.flaky_exit_code,
                     "Exit status instead of 2 when tests passed only on retry")
        ->type_name("N")
        ->check(CLI::Range(0, 255));
    declare_ci_system(*command, options);
    command->footer(R"(
Each shard's folder has to hold its journal.ndjson. Writes report.html, junit.xml, logs/ and a journal
of the whole, as one run would have, and prints its summary. Batch 7 of shard 2 is batch 2007 there.

It is an error where the shards are not of one run: of different commits, configs or lists of tests,
the same one twice, or divided otherwise. A shard that is missing is named, and its tests are not run.

Example:
  offload run --shard 1/3          # and 2/3, 3/3, on other machines
  offload merge shards/*

Exit status: as of `offload run`, for all shards together; 1 where one is missing.
)");
    return command;
}

int execute_merge(const Options& options) {
    process::prepare_this_process();
    const auto loaded = load_config(options.global);
    print(loaded.diagnostics);
    if (!loaded.config) return kFailure;
    const auto merged = merge_into(*loaded.config, options);
    if (merged) return *merged;
    print(merged.error());
    return kFailure;
}

}  // namespace offload::app

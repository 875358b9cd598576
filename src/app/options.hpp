// What the command line says, as plain data: one struct per command, and what all of them share.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/report/colour.hpp"

namespace offload::app {

struct GlobalOptions {
    std::string config = "offload.toml";
    bool config_named = false;  // by the user
    int verbose = 0;            // how often it was asked for
    bool quiet = false;
    report::ColourWish colour = report::ColourWish::Auto;
    SteadyTime started = steady_now();  // of the program
};

struct SelectionOptions {
    std::vector<std::string> ids = {};  // beginnings of them, files, folders and globs, too
    std::string filter = {};
    std::string list_from = {};  // a file that holds the like, "-" for standard input
    bool failed = false;
    std::string shard = {};      // K/N; empty: all of it
    std::string durations = {};  // what shards are balanced by: a file or a folder of reports
};

struct RunOptions {
    std::optional<std::size_t> parallel;
    bool collect_only = false;
    std::vector<std::string> copy_dirs;  // LOCAL:REMOTE
    std::vector<std::string> env;        // KEY=VALUE
    bool no_cache = false;
    std::optional<std::string> override_image;
    bool fail_fast = false;
    bool trace = false;
    bool ci = false;
    bool show_estimated_cost = false;
    bool record_history = false;
    std::vector<std::string> groups;
    SelectionOptions selection;
    std::optional<std::size_t> repeat;
    bool until_failure = false;
    std::string events;  // where they go; empty: nowhere
    std::optional<int> flaky_exit_code;
};

enum class ListFormat { Text, Json };

struct CollectOptions {
    ListFormat format = ListFormat::Text;
    std::vector<std::string> groups = {};
    SelectionOptions selection = {};
};

struct DoctorOptions {
    std::string folder = ".";
    std::optional<std::size_t> parallel = {};
    std::vector<std::string> groups = {};
};

struct BuildOptions {
    bool no_cache = false;
};

struct CheckpointStatusOptions {
    std::string remote;  // whose notes are fetched; empty: the usual one
};

struct ValidateOptions {
    bool show_values = false;  // what ${VAR} comes to
};

struct InitOptions {
    std::string provider = "local";  // as `type` has it
    std::string framework;           // likewise; empty: detected
    bool force = false;
    bool from_xdist = false;
};

struct CompletionsOptions {
    std::string shell;
};

struct ManOptions {
    std::string about;  // a command; empty: the program
    std::string dir;    // where all pages go; empty: one to stdout
};

struct SchemaOptions {
    bool markdown = false;
};

struct ReportOptions {
    std::string from;  // folder or journal; empty: the config's output_dir
    bool open = false;
};

struct MergeOptions {
    std::vector<std::string> from;  // folders or journals
    std::string output;             // empty: the config's output_dir
    std::optional<int> flaky_exit_code;
};

struct LogsOptions {
    std::string run;    // number or ID; empty: the last
    std::string junit;  // a file; empty: the journal
    bool failures = false;
    bool errors = false;
    std::vector<std::string> tests;
    std::string test_regex;
    SelectionOptions selection;
};

struct CleanupOptions {
    bool forget = false;  // what cannot be destroyed is taken to be gone
};

enum class HistoryAction { Merge, SetUpMergeDriver };

struct HistoryOptions {
    HistoryAction action = HistoryAction::Merge;
    std::string base = {};
    std::string ours = {};
    std::string theirs = {};
};

struct Options {
    GlobalOptions global;
    std::optional<std::string> ci_system;  // of run and merge; nothing: as the config has it
    RunOptions run;
    CollectOptions collect;
    DoctorOptions doctor;
    BuildOptions build;
    CheckpointStatusOptions checkpoint_status;
    ValidateOptions validate;
    InitOptions init;
    SchemaOptions schema;
    CompletionsOptions completions;
    ManOptions man;
    LogsOptions logs;
    ReportOptions report;
    MergeOptions merge;
    CleanupOptions cleanup;
    HistoryOptions history;
};

}  // namespace offload::app

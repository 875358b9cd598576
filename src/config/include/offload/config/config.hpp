// What the user wants: offload.toml after expansion and checking, plus command-line overrides.
//
// Immutable once load() has returned. Holds no behaviour; every default of the contract is here.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/time.hpp"

namespace offload::config {

using Environment = std::map<std::string, std::string>;

struct CopyDir {
    std::string local;
    std::string remote;
};

struct OffloadSection {
    std::size_t max_parallel = 10;
    std::chrono::seconds test_timeout{900};
    std::optional<std::string> working_dir;
    std::optional<std::string> sandbox_project_root;  // filled from sandbox_repo_root when absent
    std::optional<std::string> sandbox_repo_root;
    std::optional<std::string> sandbox_init_cmd;
    std::optional<std::string> post_patch_cmd;
    bool impatiently_requeue_batches = true;
    std::size_t max_parallel_collection = 0;  // 0: as many as there are CPU cores
    std::chrono::seconds discovery_timeout{3600};
};

struct LocalProvider {
    std::optional<std::string> working_dir;
    Environment env;
    std::string shell = "/bin/sh";
};

struct CommandProvider {
    std::optional<std::string> prepare_command;
    std::string create_command;
    std::string exec_command;
    std::string destroy_command;
    std::optional<std::string> download_command;
    std::optional<std::string> working_dir;
    std::chrono::seconds timeout{3600};
    bool exec_stdin = false;
    std::vector<CopyDir> copy_dirs;
    Environment env;
    double cpu_cores = 1.0;
};

struct ModalProvider {
    std::optional<std::string> dockerfile;
    bool include_cwd = false;
    std::vector<CopyDir> copy_dirs;
    Environment env;
    double cpu_cores = 0.125;
    std::optional<double> memory_gb;
    std::string experimental_options = "{}";  // the table as JSON
};

struct DockerProvider {
    std::string engine = "docker";     // or "podman"
    std::optional<std::string> host;   // the address of its socket
    std::optional<std::string> image;  // this or a Dockerfile
    std::optional<std::string> dockerfile;
    std::string context = ".";
    Environment build_args;
    bool include_cwd = false;
    std::vector<CopyDir> copy_dirs;
    Environment env;
    std::optional<double> cpu_cores;
    std::optional<double> memory_gb;
    std::optional<std::string> network;
    std::optional<std::string> user;
    std::vector<std::string> run_args;
};

using Provider = std::variant<LocalProvider, CommandProvider, ModalProvider, DockerProvider>;

enum class WorkerMode { Auto, Off };

// What a pytest process collects before it runs tests.
enum class PytestCollect {
    Auto,   // what might make a difference
    All,    // all that discovery collects
    Files,  // the files of its own tests
};

struct PytestFramework {
    std::vector<std::string> paths;
    // The words before pytest's own arguments, e.g. {"python", "-m", "pytest"}; from python and
    // extra_args, or from command.
    std::vector<std::string> prefix = {"python", "-m", "pytest"};
    std::vector<std::string> run_args;        // execution only
    std::vector<std::string> discovery_args;  // discovery only
    std::optional<std::string> markers;       // -m, only for groups without filters
    PytestCollect collect = PytestCollect::Auto;
    bool as_xdist = true;  // workers and batches present themselves as workers of pytest-xdist's
};

struct CargoFramework {
    std::optional<std::string> package;
    std::optional<std::string> features;
    std::optional<std::string> bin;
    bool include_ignored = false;
};

struct CtestFramework {
    std::string build_dir = "build";
    std::optional<std::string> config;  // of a multi-configuration build: "Release"
};

struct CommandFramework {
    std::string discover_command;
    std::string run_command;
    std::optional<std::string> result_file;
};

// Known, but not built: loads and validates, and is an error when the run starts.
struct VitestFramework {};

using FrameworkKind = std::variant<PytestFramework, CargoFramework, CtestFramework,
                                   CommandFramework, VitestFramework>;

struct Framework {
    std::string type;  // as written: "pytest", "cargo", "nextest", "ctest", "default", "vitest"
    FrameworkKind kind;
    std::string test_id_format;  // from the file, else the framework's own default
    std::optional<std::string> working_dir;
    WorkerMode worker = WorkerMode::Auto;
};

struct Group {
    std::string name;
    std::size_t retry_count = 0;
    std::string filters;                    // as written, for {filters}
    std::vector<std::string> filter_words;  // split as a shell would
    bool schedule_individual = false;
    std::vector<std::string> resources;       // one unit of each for every batch
    std::optional<std::size_t> max_parallel;  // batches at once; nothing: no limit of its own
};

struct Report {
    std::string output_dir = "test-results";
    bool junit = true;
    std::string junit_file = "junit.xml";
    std::vector<std::string> download_globs;
    bool download_globs_failure_only = false;
};

enum class RecordHistory { Flag, Always };

struct History {
    bool present = false;  // the file has a [history] section
    RecordHistory record_history = RecordHistory::Flag;
    std::string path = "offload-history.jsonl";
    std::size_t reservoir_size = 20;
    // Of a test about whose file and group nothing is known either. Nothing: the mean of all.
    std::optional<Seconds> default_duration;
};

struct Checkpoint {
    bool present = false;
    std::vector<std::string> build_inputs;
};

// Dollars, for estimates: what Modal asks for a core (0.00003942 a second) and a GiB of memory
// (0.00000672 a second) of a sandbox.
struct Cost {
    double per_core_hour = 0.1419;
    double per_gib_hour = 0.0242;
};

struct Config {
    std::filesystem::path file;
    OffloadSection offload;
    Provider provider;
    Framework framework;
    std::vector<Group> groups;                     // in the order of the file
    std::map<std::string, std::size_t> resources;  // units of each
    Report report;
    History history;
    Checkpoint checkpoint;
    Cost cost;
    std::vector<CopyDir> extra_copy_dirs;  // from --copy-dir
    Environment extra_env;                 // from --env; wins over the provider's
    bool no_cache = false;                 // from --no-cache
};

// The folder in which discovery and local tests run, absolute: the first that is set of
// [framework] working_dir, [offload] working_dir, a local provider's working_dir, else `cwd`.
std::filesystem::path working_folder(const Config& config, const std::filesystem::path& cwd);

std::string_view type_name(const Provider& provider);  // "local", "default", "modal", "docker"

}  // namespace offload::config

// What the user wants: offload.toml after expansion and checking, plus command-line overrides.
//
// Immutable once load() has returned. Holds the defaults of all sections but those of the kinds,
// whose options belong to their own folders.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/config/kind.hpp"
#include "offload/config/values.hpp"

namespace offload::config {

// What a run comes to in which all tests passed, some only on retry.
enum class FlakyPolicy { ExitTwo, Pass, Fail };

struct OffloadSection {
    std::size_t max_parallel = 10;
    std::size_t workers_per_sandbox = 1;  // 0: as many as it has cores
    std::chrono::seconds test_timeout{900};
    std::optional<std::string> working_dir;
    std::optional<std::string> sandbox_project_root;  // filled from sandbox_repo_root when absent
    std::optional<std::string> sandbox_repo_root;
    std::optional<std::string> sandbox_init_cmd;
    std::optional<std::string> post_patch_cmd;
    bool impatiently_requeue_batches = true;
    std::optional<Seconds> max_batch_duration;  // expected of a batch; nothing: no limit
    std::size_t max_parallel_collection = 0;    // 0: as many as there are CPU cores
    std::chrono::seconds discovery_timeout{3600};
    // Of a run in which all passed, where a sandbox may be left; nothing: no other than without.
    std::optional<std::size_t> leak_exit_code;
    FlakyPolicy flaky = FlakyPolicy::ExitTwo;
    std::optional<std::string> setup_command;     // on this machine, before all else
    std::optional<std::string> teardown_command;  // likewise, after all else
    std::chrono::seconds setup_timeout{3600};     // of each, also of the groups'
    std::chrono::seconds teardown_timeout{300};
};

struct Provider {
    std::string type;  // the usual name of its kind: "local", "default", "docker"
    std::shared_ptr<const ProviderOptions> options = std::make_shared<const ProviderOptions>();

    template <class T>
    static Provider of(std::string type, T options) {
        return {std::move(type), std::make_shared<const T>(std::move(options))};
    }
    // The options of the kind that they belong to.
    template <class T>
    const T& as() const {
        return dynamic_cast<const T&>(*options);
    }
};

enum class WorkerMode { Auto, Off };

struct Framework {
    std::string type;  // as written: "pytest", "cargo", "nextest", "ctest", "default", "vitest"
    std::shared_ptr<const FrameworkOptions> options = std::make_shared<const FrameworkOptions>();
    std::string test_id_format;  // from the file, else the framework's own default
    std::optional<std::string> working_dir;
    WorkerMode worker = WorkerMode::Auto;

    template <class T>
    const T& as() const {
        return dynamic_cast<const T&>(*options);
    }
};

struct Group {
    std::string name;
    std::size_t retry_count = 0;
    std::string filters;                    // as written, for {filters}
    std::vector<std::string> filter_words;  // split as a shell would
    bool schedule_individual = false;
    std::optional<std::string> setup_command;  // on this machine, before the group is discovered
    std::optional<std::string> teardown_command;
    std::vector<std::string> resources;       // one unit of each for every batch
    std::optional<std::size_t> max_parallel;  // batches at once; nothing: no limit of its own
};

// What there is only so much of.
struct Resource {
    std::size_t units = 1;
};

// How junit.xml tells the attempts of one test.
enum class JunitAttempts {
    Nested,     // one testcase, with the elements of Surefire and nextest for the others
    Testcases,  // a testcase for each
};

// In the config file, from 1; 0:0: not in it.
struct Place {
    std::size_t line = 0;
    std::size_t column = 0;
};

// What a run tells the system whose job it is, in that system's own ways.
enum class CiSystem { Auto, Off, GitHub, GitLab, Buildkite };
// By value, as the key and the flag have it; "auto" goes by the variables that systems set.
inline constexpr std::array<std::string_view, 5> kCiSystems{"auto", "off", "github", "gitlab",
                                                            "buildkite"};

struct Report {
    std::string output_dir = "test-results";
    bool junit = true;
    std::string junit_file = "junit.xml";
    JunitAttempts junit_attempts = JunitAttempts::Nested;
    bool html = true;
    CiSystem ci = CiSystem::Auto;
    std::vector<std::string> download_globs;
    bool junit_parts = true;
    bool download_globs_failure_only = false;
    bool download_globs_changed_only = false;
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
    std::vector<CopyDir> extra_copy_dirs;      // from --copy-dir
    Environment extra_env;                     // from --env; wins over the provider's
    bool no_cache = false;                     // from --no-cache
    std::map<std::string, Place> places = {};  // by key of the file: "groups.all.setup_command"

    // 0:0 where the file does not have the key.
    Place place_of(const std::string& key) const;
    // "offload.toml:12:17", for errors that show only in a run. Of a key that the file does not
    // have, the file.
    std::string where(const std::string& key) const;
};

// The folder in which discovery and local tests run, absolute: the first that is set of
// [framework] working_dir, [offload] working_dir, ProviderOptions::tests_folder(), else `cwd`.
std::filesystem::path working_folder(const Config& config, const std::filesystem::path& cwd);

// At least 1; on this machine always that.
std::size_t workers_in_a_sandbox(const Config& config);
// How many batches or workers may run at once, in all sandboxes together.
std::size_t most_workers(const Config& config);

}  // namespace offload::config

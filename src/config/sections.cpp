#include "sections.hpp"

#include <algorithm>

#include "offload/config/config.hpp"

namespace offload::config {
namespace {

constexpr const char* kNoCommand = "remove it, or name the command that is run by /bin/sh";

Keys offload_keys() {
    using S = OffloadSection;
    return {
        key("max_parallel", &S::max_parallel, Era::V0_4,
            "How many sandboxes may run tests at the same time. `--parallel N` overrides it.",
            {.range = kParallel}),
        key("workers_per_sandbox", &S::workers_per_sandbox, Era::V1_0,
            "How many batches or workers run in one sandbox at the same time, where sandboxes are "
            "not on this machine; `auto`: one for each of its cores (`[provider] cpu_cores`).",
            {.range = {1, 1000}, .zero = "auto"}),
        key("test_timeout_secs", &S::test_timeout, Era::V0_4,
            "How long one batch of tests may take. The test that hangs fails; the others run "
            "again.",
            {.range = kSeconds}),
        key("discovery_timeout_secs", &S::discovery_timeout, Era::V1_0,
            "How long finding the tests of a group may take.", {.range = kSeconds}),
        key("working_dir", &S::working_dir, Era::V0_4,
            "The folder in which tests are found, and run where that is on this machine. "
            "`[framework] working_dir` goes before it, `working_dir` of a local provider behind "
            "it.",
            {.otherwise = "the current folder"}),
        key("sandbox_project_root", &S::sandbox_project_root, Era::V0_4,
            "Where the project lies inside a sandbox; tests run there, and find the path in "
            "`$OFFLOAD_ROOT`. Remote providers need it. With a local one it sets the variable, "
            "and nothing else.",
            {.otherwise = "`sandbox_repo_root`"}),
        key("sandbox_repo_root", &S::sandbox_repo_root, Era::V0_9,
            "Where the repository lies inside a sandbox, for projects that are a folder of it. "
            "What is copied lands there."),
        key("sandbox_init_cmd", &S::sandbox_init_cmd, Era::V0_9,
            "Runs once while the image is built. Evaluated inside it.",
            {.expander = Expander::SandboxShell}),
        key("post_patch_cmd", &S::post_patch_cmd, Era::V0_9,
            "Runs in the image after changed sources have been laid over it. Evaluated inside it.",
            {.expander = Expander::SandboxShell}),
        key("impatiently_requeue_batches", &S::impatiently_requeue_batches, Era::V0_9,
            "Whether tests of a batch that is late for certain may run a second time on an idle "
            "sandbox. Never done on this machine."),
        key("max_batch_duration_secs", &S::max_batch_duration, Era::V0_9,
            "The most that is expected of one batch, by what its tests took before. Workers, which "
            "are given their tests while they run, need no such limit.",
            {.otherwise = "what fits the number of sandboxes"}),
        key("max_parallel_collection", &S::max_parallel_collection, Era::V0_9,
            "How many groups are searched for tests at the same time.",
            {.range = {0, kParallel.most}, .otherwise = "one per CPU core"}),
        key("leak_exit_code", &S::leak_exit_code, Era::V1_0,
            "The exit status of a run in which all tests passed, but a sandbox could not be "
            "destroyed in spite of several attempts and may still exist.",
            {.range = {0, 255}, .otherwise = "a warning at the end, and no other exit status"}),
        key("flaky", &S::flaky, Era::V1_0,
            "What a run comes to in which all tests passed, some only on retry. `exit-2`: exit "
            "status 2. `pass`: 0. `fail`: 1. Such tests are named either way; "
            "`--flaky-exit-code N` overrides it.",
            {.choices = {"exit-2", "pass", "fail"}}),
        key("setup_command", &S::setup_command, Era::V1_0,
            "Runs once on this machine before anything else, discovery included: what it builds, "
            "discovery finds. Lines of `KEY=VALUE` that it writes to the file `$OFFLOAD_ENV` "
            "become variables of all tests. Where it fails, no test runs.",
            {.expander = Expander::SandboxShell, .if_empty = kNoCommand}),
        key("teardown_command", &S::teardown_command, Era::V1_0,
            "Runs once on this machine after everything else, whatever became of the run or of "
            "`setup_command`, Ctrl-C included. Where it fails, so does the run.",
            {.expander = Expander::SandboxShell, .if_empty = kNoCommand}),
        key("setup_timeout_secs", &S::setup_timeout, Era::V1_0,
            "How long a `setup_command` may take, also that of a group.", {.range = kSeconds}),
        key("teardown_timeout_secs", &S::teardown_timeout, Era::V1_0,
            "How long a `teardown_command` may take, also that of a group.", {.range = kSeconds}),
        Key{.name = "stream_output",
            .era = Era::V0_4,
            .doc = "Deprecated, without effect.",
            .rule = {.shown = false, .deprecated = true},
            .slot = [](void*) { return Slot{}; }},
    };
}

Keys framework_keys() {
    using S = Framework;
    return {
        key("test_id_format", &S::test_id_format, Era::V0_4,
            "How the ID of a test is made of the attributes of a JUnit testcase: `{name}`, "
            "`{classname}`, or both. Kind `default` has none of its own: required where results "
            "come from JUnit.",
            {.otherwise = "the kind's own"}),
        key("working_dir", &S::working_dir, Era::V0_4,
            "The folder in which tests are found, and run where that is on this machine.",
            {.otherwise = "`[offload] working_dir`"}),
        key("worker", &S::worker, Era::V1_0,
            "`auto`: where framework and provider allow it, a process is given its tests while it "
            "runs. `off`: each batch is a process of its own.",
            {.choices = {"auto", "off"}}),
    };
}

Keys group_keys() {
    using S = Group;
    return {
        key("retry_count", &S::retry_count, Era::V0_4,
            "How often a failed test runs again. One that passes then is reported as flaky, and "
            "the run exits with 2 instead of 0.",
            {.range = {0, 1'000'000}}),
        key("filters", &S::filters, Era::V0_4,
            "Which tests belong to the group: arguments for the framework's search, split as a "
            "shell would. Of several groups that select a test, the first in the file has it."),
        key("schedule_individual", &S::schedule_individual, Era::V0_9,
            "Each test runs alone in its batch."),
        key("setup_command", &S::setup_command, Era::V1_0,
            "As in `[offload]`, for this group: runs after that one, before any discovery, unless "
            "`--group` leaves the group out. Its variables are those of the group's tests alone.",
            {.expander = Expander::SandboxShell, .if_empty = kNoCommand}),
        key("teardown_command", &S::teardown_command, Era::V1_0,
            "As in `[offload]`, for this group: runs before that one.",
            {.expander = Expander::SandboxShell, .if_empty = kNoCommand}),
        key("resources", &S::resources, Era::V1_0,
            "What `[resources]` counts and each batch of the group holds one unit of while it "
            "runs."),
        key("max_parallel", &S::max_parallel, Era::V1_0,
            "How many batches of the group run at the same time.",
            {.range = kParallel, .otherwise = "no limit of its own"}),
    };
}

Keys report_keys() {
    using S = Report;
    return {
        key("output_dir", &S::output_dir, Era::V0_4,
            "The folder of reports and logs: junit.xml, report.html, and logs/ with the output of "
            "every "
            "batch.",
            {.if_empty = "remove it for the default, \"test-results\""}),
        key("junit", &S::junit, Era::V0_4, "Whether JUnit XML is written."),
        key("junit_file", &S::junit_file, Era::V0_4, "The name of that file, in `output_dir`.",
            {.if_empty = "remove it for the default, \"junit.xml\""}),
        key("junit_attempts", &S::junit_attempts, Era::V1_0,
            "How that file tells a test that ran more than once. `nested`: one testcase, with the "
            "elements of Surefire and nextest. `testcases`: one for each attempt.",
            {.choices = {"nested", "testcases"}}),
        key("junit_parts", &S::junit_parts, Era::V1_0,
            "Whether junit-parts/ is written beside it: for each sandbox a file with what it has "
            "told."),
        key("html", &S::html, Era::V1_0,
            "Whether report.html is written: the run to look at, in one file."),
        key("ci", &S::ci, Era::V1_0,
            "The CI system that is told of the run in its own ways: annotations, a summary of the "
            "job, folded logs. `auto`: the one whose job it is. `--ci-system NAME` overrides it.",
            {.choices = {kCiSystems.begin(), kCiSystems.end()}}),
        key("download_globs", &S::download_globs, Era::V0_9,
            "Files that should come back after each batch, as patterns relative to the folder in "
            "which tests run. They cannot leave it. A pattern that matches nothing is taken as "
            "`find -path` takes it: `*` crosses folders."),
        key("download_globs_failure_only", &S::download_globs_failure_only, Era::V0_9,
            "Only batches with a failed test give their files."),
        key("download_globs_changed_only", &S::download_globs_changed_only, Era::V1_0,
            "Only files that a batch has made or changed come back. Otherwise those as well that "
            "stood in the sandbox from before, once each."),
    };
}

Keys history_keys() {
    using S = History;
    return {
        key("record_history", &S::record_history, Era::V0_9,
            "`flag`: runs with `--record-history` are recorded. `always`: every run.",
            {.choices = {"flag", "always"}}),
        key("path", &S::path, Era::V0_9, "The file, which may be committed.",
            {.if_empty = "remove it for the default, \"offload-history.jsonl\""}),
        key("reservoir_size", &S::reservoir_size, Era::V0_9,
            "How many durations of each test are kept.", {.range = {1, 1'000'000}}),
        key("default_duration_secs", &S::default_duration, Era::V0_9,
            "What a test is expected to take of whose file and group nothing is known.",
            {.otherwise = "the mean of all tests"}),
    };
}

Keys checkpoint_keys() {
    return {key("build_inputs", &Checkpoint::build_inputs, Era::V0_9,
                "Git pathspecs of the files on which the expensive part of the image depends.")};
}

Keys cost_keys() {
    return {
        key("per_core_hour", &Cost::per_core_hour, Era::V1_0, "Dollars for a core and an hour."),
        key("per_gib_hour", &Cost::per_gib_hour, Era::V1_0,
            "Dollars for a GiB of memory and an hour.")};
}

std::vector<SectionDeclaration> declare() {
    return {
        {"offload", "The run as a whole.", offload_keys(), std::make_shared<OffloadSection>()},
        {"provider", "Where tests run. What it knows depends on its `type`.", {}},
        {"framework",
         "What finds and runs the tests. What it knows depends on its `type`; these keys are "
         "common to all.",
         framework_keys(), std::make_shared<Framework>()},
        {"groups.NAME",
         "A named set of tests. There is at least one; the order of the file counts.", group_keys(),
         std::make_shared<Group>()},
        {"resources",
         "What there is only so much of, by names of your own; `resources` of a group claims it.",
         {},
         std::make_shared<Resource>(),
         key("NAME", &Resource::units, Era::V1_0,
             "How many units there are: so many batches that claim it run at the same time.",
             {.range = kParallel, .required = true})},
        {"report", "What a run leaves behind.", report_keys(), std::make_shared<Report>()},
        {"history",
         "Durations of earlier runs, in a file of their own. Without this section there is none.",
         history_keys(), std::make_shared<History>()},
        {"checkpoint",
         "Images in layers: the expensive part is built again only when its inputs change.",
         checkpoint_keys(), std::make_shared<Checkpoint>()},
        {"cost", "Prices, for `--show-estimated-cost`.", cost_keys(), std::make_shared<Cost>()},
    };
}

}  // namespace

std::string_view to_string(Era era) {
    switch (era) {
        case Era::V0_4:
            return "0.4";
        case Era::V0_9:
            return "0.9";
        case Era::V0_10:
            return "0.10";
        case Era::V1_0:
            return "1.0";
    }
    return "";
}

std::span<const SectionDeclaration> sections() {
    static const std::vector<SectionDeclaration> declared = declare();
    return declared;
}

const SectionDeclaration& declaration_of(std::string_view section) {
    return *std::ranges::find(sections(), section, &SectionDeclaration::name);
}

const Keys& keys_of(std::string_view section) { return declaration_of(section).keys; }

std::vector<KeysOfKind> all_keys_of(const SectionDeclaration& section, const Kinds& kinds) {
    std::vector<KeysOfKind> out = {{{}, &section.keys}};
    if (section.name == "provider") {
        for (const auto* kind : kinds.providers) out.push_back({kind->names, &kind->keys});
    } else if (section.name == "framework") {
        for (const auto* kind : kinds.frameworks) out.push_back({kind->names, &kind->keys});
    }
    return out;
}

std::vector<std::string> known_sections() {
    std::vector<std::string> out;
    for (const auto& section : sections()) {
        out.push_back(section.name.substr(0, section.name.find('.')));
    }
    return out;
}

}  // namespace offload::config

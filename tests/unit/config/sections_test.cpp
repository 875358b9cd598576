// What each setting means, in both eras' words.
#include <fmt/format.h>

#include <filesystem>

#include "helpers.hpp"
#include "offload/base/file.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Config good(const Loaded& loaded) {
    EXPECT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    return loaded.config.value_or(Config{});
}

framework::PytestOptions pytest(std::string_view framework) {
    return good(read(minimal("", framework))).framework.as<framework::PytestOptions>();
}

TEST(Pytest, PrefixOfThe04Era) {
    EXPECT_THAT(pytest("").prefix, ElementsAre("python", "-m", "pytest"));
    EXPECT_THAT(pytest("python = \"uv\"\nextra_args = [\"run\", \"--with=pytest\"]").prefix,
                ElementsAre("uv", "run", "--with=pytest", "-m", "pytest"));
    EXPECT_EQ(*pytest("markers = \"not slow\"").markers, "not slow");
}

TEST(Pytest, PrefixOfThe09EraIsSplitAsAShellWould) {
    EXPECT_THAT(pytest("command = \"bash -c 'exec pytest \\\"$@\\\"' --\"").prefix,
                ElementsAre("bash", "-c", "exec pytest \"$@\"", "--"));
    const auto both = pytest(
        "command = \"pytest\"\nrun_args = \"-o addopts= -k 'a b'\"\n"
        "discovery_args = \"--quiet\"");
    EXPECT_THAT(both.run_args, ElementsAre("-o", "addopts=", "-k", "a b"));
    EXPECT_THAT(both.discovery_args, ElementsAre("--quiet"));
}

TEST(Pytest, SaysWhatIsCollectedAndWhetherWorkersAreThoseOfXdist) {
    EXPECT_EQ(pytest("").collect, framework::PytestCollect::Auto);
    EXPECT_EQ(pytest("collect = \"all\"").collect, framework::PytestCollect::All);
    EXPECT_EQ(pytest("collect = \"files\"").collect, framework::PytestCollect::Files);
    EXPECT_EQ(pytest("").fork, framework::PytestFork::Auto);
    EXPECT_EQ(pytest("fork = \"off\"").fork, framework::PytestFork::Off);
    EXPECT_TRUE(pytest("").as_xdist);
    EXPECT_FALSE(pytest("as_xdist = false").as_xdist);
}

TEST(Pytest, CommandWinsOverPythonWithAWarning) {
    const auto loaded = read(minimal("", "command = \"pytest\"\npython = \"python3\""));
    EXPECT_THAT(good(loaded).framework.as<framework::PytestOptions>().prefix,
                ElementsAre("pytest"));
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("framework.python has no effect")));
}

// TRAPS 17
TEST(Pytest, ArgumentsThatAreNoShellWordsAreErrors) {
    for (const char* framework :
         {"run_args = \"-k 'open\"", "command = \"pytest 'open\"", "discovery_args = \"\\\"x\"",
          "command = \"\"", "command = \"  \"", "python = \"\""}) {
        EXPECT_FALSE(read(minimal("", framework)).config) << framework;
    }
    EXPECT_FALSE(read(minimal("", "", "filters = \"-k 'open\"")).config);
}

class PathsDefault : public testing::Test {
  protected:
    void SetUp() override {
        auto made = TemporaryFolder::create("offload-config-");
        ASSERT_TRUE(made);
        folder_.emplace(*std::move(made));
    }
    std::vector<std::string> paths(std::string_view framework) {
        return pytest("working_dir = \"" + folder_->path().string() + "\"\n" +
                      std::string(framework))
            .paths;
    }
    std::optional<TemporaryFolder> folder_;
};

TEST_F(PathsDefault, IsTestsWhereThatFolderExists) {
    EXPECT_THAT(paths(""), IsEmpty());
    std::filesystem::create_directory(folder_->path() / "tests");
    EXPECT_THAT(paths(""), ElementsAre("tests"));
    EXPECT_THAT(paths("python = \"python3\""), ElementsAre("tests"));
}

TEST_F(PathsDefault, IsNoneWithACommandAndWithAnEmptyList) {
    std::filesystem::create_directory(folder_->path() / "tests");
    EXPECT_THAT(paths("command = \"pytest\""), IsEmpty());
    EXPECT_THAT(paths("paths = []"), IsEmpty());  // TRAPS 47
    EXPECT_THAT(paths("paths = [\"a\", \"b c\"]"), ElementsAre("a", "b c"));
}

TEST(Cargo, BothNamesAndAllItsKeys) {
    for (const std::string type : {"cargo", "nextest"}) {
        const auto config = good(read(
            "[provider]\ntype = \"local\"\n[framework]\ntype = \"" + type +
            "\"\npackage = \"p\"\nfeatures = [\"a\", \"b\"]\nbin = \"x\"\ninclude_ignored = true\n"
            "[groups.all]\n"));
        const auto& cargo = config.framework.as<framework::CargoOptions>();
        EXPECT_EQ(*cargo.package, "p");
        EXPECT_EQ(*cargo.features, "a,b");
        EXPECT_EQ(*cargo.bin, "x");
        EXPECT_TRUE(cargo.include_ignored);
        EXPECT_EQ(config.framework.test_id_format, "{classname} {name}");
    }
}

TEST(TestIdFormat, DefaultsAndOverrides) {
    EXPECT_EQ(good(read(minimal())).framework.test_id_format, "{name}");
    EXPECT_EQ(good(read(minimal("", "test_id_format = \"{classname}::{name}\"")))
                  .framework.test_id_format,
              "{classname}::{name}");
    EXPECT_FALSE(read(minimal("", "test_id_format = \"x\"")).config);
}

std::string command_section(std::string_view run, std::string_view more = "") {
    return fmt::format(
        "[provider]\ntype = \"local\"\n[framework]\ntype = \"default\"\n"
        "discover_command = \"go list {{filters}}\"\nrun_command = \"{}\"\n{}[groups.all]\n",
        run, more);
}

TEST(TestIdFormat, IsNotDemandedWhereNoJUnitIsRead) {
    const auto loaded = read(command_section("go test {tests}"));
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_TRUE(loaded.config);
}

TEST(TestIdFormat, IsDemandedWhereJUnitIsRead) {
    for (const auto& text : {command_section("go test {tests} > {result_file}"),
                             command_section("go test {tests}", "result_file = \"junit.xml\"\n")}) {
        EXPECT_THAT(lines_of(read(text)),
                    ElementsAre(HasSubstr("framework.test_id_format is required")));
    }
}

TEST(CommandFrameworkSection, ReadsItsKeys) {
    const auto config = good(read(commands("", "result_file = \"out.xml\"\nworking_dir = \"w\"")));
    const auto& command = config.framework.as<framework::CommandOptions>();
    EXPECT_EQ(command.discover_command, "list {filters}");
    EXPECT_EQ(command.run_command, "run {tests}");
    EXPECT_EQ(*command.result_file, "out.xml");
    EXPECT_EQ(*config.framework.working_dir, "w");
}

// TRAPS 47
TEST(CommandFrameworkSection, ResultPlaceholderNeedsNoResultFile) {
    const auto loaded = read(
        "[provider]\ntype = \"local\"\n[framework]\ntype = \"default\"\n"
        "discover_command = \"ls {filters}\"\nrun_command = \"r {tests} > {result_file}\"\n"
        "test_id_format = \"{name}\"\n[groups.all]\n");
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    EXPECT_TRUE(loaded.config);
}

TEST(CommandFrameworkSection, RunCommandWithoutTestsIsAWarning) {
    const auto loaded = read(
        "[provider]\ntype = \"local\"\n[framework]\ntype = \"default\"\n"
        "discover_command = \"ls {filters}\"\nrun_command = \"make check\"\n"
        "test_id_format = \"{name}\"\n[groups.all]\n");
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("{tests}")));
}

TEST(CommandProviderSection, ReadsItsKeys) {
    const auto config = good(read(
        commands("prepare_command = \"p\"\ndownload_command = \"d {paths}\"\nworking_dir = \"w\"\n"
                 "timeout_secs = 60\nexec_stdin = true\ncopy_dirs = [\"a:/b\"]\ncpu_cores = 2\n"
                 "env = { A = \"1\" }")));
    const auto& provider = config.provider.as<provider::CommandOptions>();
    EXPECT_EQ(*provider.prepare_command, "p");
    EXPECT_EQ(provider.create_command, "make box {image_id}");
    EXPECT_EQ(*provider.download_command, "d {paths}");
    EXPECT_EQ(*provider.working_dir, "w");
    EXPECT_EQ(provider.timeout, std::chrono::seconds(60));
    EXPECT_TRUE(provider.exec_stdin);
    EXPECT_EQ(provider.copy_dirs.at(0).remote, "/b");
    EXPECT_EQ(provider.env.at("A"), "1");
    EXPECT_DOUBLE_EQ(provider.cpu_cores, 2.0);
}

TEST(CommandProviderSection, DefaultTimeoutIsOneHour) {
    EXPECT_EQ(good(read(commands())).provider.as<provider::CommandOptions>().timeout,
              std::chrono::hours(1));
}

TEST(CommandProviderSection, ExecWithoutCommandIsAnError) {
    const auto loaded = read(
        "[offload]\nsandbox_project_root = \"/a\"\n[provider]\ntype = \"default\"\n"
        "create_command = \"c\"\nexec_command = \"e\"\ndestroy_command = \"d\"\n"
        "[framework]\ntype = \"pytest\"\n[groups.all]\n");
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("{command}")));
}

TEST(CopyDirs, WithoutAColonAreErrors) {
    for (const char* pair : {"nocolon", ":/b", "a:", ""}) {
        EXPECT_FALSE(read(commands("copy_dirs = [\"" + std::string(pair) + "\"]")).config) << pair;
    }
}

TEST(Env, ValuesThatAreNoStringsBecomeTextWithAWarning) {
    const auto loaded = read(commands("env = { PORT = 8080, DEBUG = true }"));
    EXPECT_EQ(good(loaded).provider.as<provider::CommandOptions>().env,
              (Environment{{"PORT", "8080"}, {"DEBUG", "true"}}));
    EXPECT_THAT(lines_of(loaded),
                ElementsAre(HasSubstr("PORT = \"8080\""), HasSubstr("DEBUG = \"true\"")));
    EXPECT_FALSE(read(commands("env = { X = [1] }")).config);
    EXPECT_FALSE(read(commands("env = \"X=1\"")).config);
}

// TRAPS 29
TEST(Env, NamesThatNoShellCanExportAreErrors) {
    for (const char* name : {"\"\"", "\"A B\"", "\"A=B\"", "1A", "A-B"}) {
        EXPECT_FALSE(read(commands("env = { " + std::string(name) + " = \"x\" }")).config) << name;
    }
}

// TRAPS 29
TEST(Env, ValuesSurviveWithEveryMetacharacter) {
    const auto config =
        good(read(commands("[provider.env]\nX = \"a'b\\\"c\\nd;$e `f` \\\\ * é\"")));
    EXPECT_EQ(config.provider.as<provider::CommandOptions>().env.at("X"),
              "a'b\"c\nd;$e `f` \\ * é");
}

Loaded modal(std::string_view keys, std::string_view offload = "sandbox_project_root = \"/app\"") {
    return read("[offload]\n" + std::string(offload) + "\n[provider]\ntype = \"modal\"\n" +
                std::string(keys) + "\n[framework]\ntype = \"pytest\"\n[groups.all]\n");
}

// TRAPS 47
TEST(Modal, WholeNumbersAreNumbers) {
    const auto config = good(modal("memory_gb = 8\ncpu_cores = 4"));
    const auto& provider = config.provider.as<provider::ModalOptions>();
    EXPECT_DOUBLE_EQ(*provider.memory_gb, 8.0);
    EXPECT_DOUBLE_EQ(provider.cpu_cores, 4.0);
}

TEST(Modal, NumbersMustBePositiveAndFinite) {
    for (const char* keys : {"memory_gb = 0", "cpu_cores = -1.0", "cpu_cores = nan",
                             "cpu_cores = inf", "cpu_cores = \"4\"", "memory_gb = true"}) {
        EXPECT_FALSE(modal(keys).config) << keys;
    }
}

TEST(Modal, HasDefaults) {
    const auto config = good(modal(""));
    const auto& provider = config.provider.as<provider::ModalOptions>();
    EXPECT_DOUBLE_EQ(provider.cpu_cores, 0.125);
    EXPECT_FALSE(provider.include_cwd);
    EXPECT_FALSE(provider.memory_gb);
    EXPECT_EQ(provider.experimental_options, "{}");
}

Loaded docker(const std::string& keys) {
    return read("[offload]\nsandbox_project_root = \"/app\"\n[provider]\ntype = \"docker\"\n" +
                keys + "\n[framework]\ntype = \"pytest\"\n[groups.all]\n");
}

TEST(Docker, ReadsEveryKey) {
    const auto config = good(
        docker("engine = \"podman\"\nhost = \"unix:///s\"\ndockerfile = \"D\"\ncontext = \"c\"\n"
               "build_args = { A = \"1\" }\ninclude_cwd = true\ncopy_dirs = [\"a:/b\"]\n"
               "env = { E = \"2\" }\ncpu_cores = 2\nmemory_gb = 1.5\nnetwork = \"none\"\n"
               "user = \"me\"\nrun_args = [\"--shm-size=1g\"]"));
    const auto& provider = config.provider.as<provider::docker::DockerOptions>();
    EXPECT_EQ(provider.engine, provider::docker::Brand::Podman);
    EXPECT_EQ(*provider.host, "unix:///s");
    EXPECT_EQ(*provider.dockerfile, "D");
    EXPECT_EQ(provider.context, "c");
    EXPECT_EQ(provider.build_args.at("A"), "1");
    EXPECT_TRUE(provider.include_cwd);
    EXPECT_EQ(provider.copy_dirs.at(0).remote, "/b");
    EXPECT_EQ(provider.env.at("E"), "2");
    EXPECT_DOUBLE_EQ(*provider.cpu_cores, 2);  // TRAPS 47
    EXPECT_DOUBLE_EQ(*provider.memory_gb, 1.5);
    EXPECT_EQ(*provider.network, "none");
    EXPECT_EQ(*provider.user, "me");
    EXPECT_EQ(provider.run_args, std::vector<std::string>{"--shm-size=1g"});
}

TEST(Docker, WantsAnImageOrADockerfileAndNotBoth) {
    EXPECT_TRUE(docker("image = \"i\"").config);
    EXPECT_TRUE(docker("dockerfile = \"D\"").config);
    EXPECT_FALSE(docker("").config);
    EXPECT_FALSE(docker("image = \"i\"\ndockerfile = \"D\"").config);
    EXPECT_FALSE(docker("image = \"i\"\nengine = \"lxc\"").config);
}

TEST(SandboxRoot, IsRequiredForRemoteProvidersAlone) {
    EXPECT_FALSE(modal("", "").config);
    EXPECT_FALSE(read(commands("", "", "")).config);
    EXPECT_FALSE(good(read(minimal())).offload.sandbox_project_root);
}

TEST(SandboxRoot, RepositoryRootIsItsDefault) {
    EXPECT_EQ(*good(modal("", "sandbox_repo_root = \"/r\"")).offload.sandbox_project_root, "/r");
    const auto both =
        good(modal("", "sandbox_repo_root = \"/r\"\nsandbox_project_root = \"/r/p\""));
    EXPECT_EQ(*both.offload.sandbox_project_root, "/r/p");
    EXPECT_EQ(*both.offload.sandbox_repo_root, "/r");
}

TEST(WorkingFolder, FirstThatIsSetCounts) {
    Config config;
    provider::LocalOptions local;
    config.provider = Provider::of("local", local);
    EXPECT_EQ(working_folder(config, "/here"), "/here");
    local.working_dir = "p";
    config.provider = Provider::of("local", local);
    EXPECT_EQ(working_folder(config, "/here"), "/here/p");
    config.offload.working_dir = ".";
    EXPECT_EQ(working_folder(config, "/here"), "/here");
    config.framework.working_dir = "/abs/x/";
    EXPECT_EQ(working_folder(config, "/here"), "/abs/x");
}

TEST(WorkingFolder, OfARemoteProviderIsNotWhereTestsRun) {
    Config config;
    provider::CommandOptions provider;
    provider.working_dir = "elsewhere";
    config.provider = Provider::of("default", provider);
    EXPECT_EQ(working_folder(config, "/here"), "/here");
}

TEST(SmallSections, GlobsThatLeaveTheFolderAreErrors) {  // TRAPS 43
    for (const char* glob : {"../out/**", "/etc/*", "a/../../b"}) {
        const auto loaded =
            read(minimal() + "[report]\ndownload_globs = [\"ok/**\", \"" + glob + "\"]\n");
        EXPECT_FALSE(loaded.config) << glob;
        ASSERT_FALSE(loaded.diagnostics.empty());
        EXPECT_THAT(loaded.diagnostics.back().to_string(), testing::HasSubstr(glob));
    }
    EXPECT_TRUE(read(minimal() + "[report]\ndownload_globs = [\"./a/..b/**\"]\n").config);
}

TEST(SmallSections, ReadTheirKeys) {
    const auto config =
        good(read(minimal() +
                  "[report]\noutput_dir = \"o\"\njunit = false\njunit_file = \"j.xml\"\n"
                  "download_globs = [\"a/**\"]\ndownload_globs_failure_only = true\n"
                  "[history]\nrecord_history = \"always\"\npath = \"h\"\nreservoir_size = 5\n"
                  "default_duration_secs = 2\n[checkpoint]\nbuild_inputs = [\"x\"]\n"));
    EXPECT_EQ(config.report.output_dir, "o");
    EXPECT_FALSE(config.report.junit);
    EXPECT_EQ(config.report.junit_file, "j.xml");
    EXPECT_THAT(config.report.download_globs, ElementsAre("a/**"));
    EXPECT_TRUE(config.report.download_globs_failure_only);
    EXPECT_TRUE(config.history.present);
    EXPECT_EQ(config.history.record_history, RecordHistory::Always);
    EXPECT_EQ(config.history.reservoir_size, 5U);
    EXPECT_EQ(config.history.default_duration, Seconds{2});
    EXPECT_THAT(config.checkpoint.build_inputs, ElementsAre("x"));
}

TEST(SmallSections, AreOptional) {
    const auto config = good(read(minimal()));
    EXPECT_EQ(config.report.output_dir, "test-results");
    EXPECT_EQ(config.report.junit_file, "junit.xml");
    EXPECT_TRUE(config.report.junit);
    EXPECT_FALSE(config.history.present);
    EXPECT_FALSE(config.checkpoint.present);
}

TEST(Resources, AreClaimedByGroups) {
    const auto loaded =
        read(minimal() +
             "[resources]\ndb = 2\n\"license server\" = 1\n[groups.a]\nresources = [\"db\"]\n"
             "max_parallel = 3\n[groups.b]\n");
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->resources.at("db"), 2U);
    EXPECT_EQ(loaded.config->resources.at("license server"), 1U);
    EXPECT_THAT(loaded.config->groups[1].resources, ElementsAre("db"));
    EXPECT_EQ(loaded.config->groups[1].max_parallel, 3U);
    EXPECT_FALSE(loaded.config->groups[2].max_parallel);
}

TEST(Resources, MustBeDeclaredAndCounted) {
    const auto misspelt =
        read(minimal() + "[resources]\ndatabase = 1\n[groups.a]\nresources = [\"databse\"]\n");
    EXPECT_THAT(lines_of(misspelt),
                ElementsAre(AllOf(HasSubstr("groups.a.resources"), HasSubstr("databse"),
                                  HasSubstr("did you mean \"database\"?"))));
    const auto none = read(minimal() + "[groups.a]\nresources = [\"db\"]\nmax_parallel = 0\n");
    EXPECT_THAT(lines_of(none), SizeIs(2));
    EXPECT_FALSE(read(minimal() + "[resources]\ndb = 0\n[groups.a]\n").config);
}

TEST(Worker, IsAutoOrOff) {
    EXPECT_EQ(good(read(minimal("", "worker = \"off\""))).framework.worker, WorkerMode::Off);
    EXPECT_EQ(good(read(minimal())).framework.worker, WorkerMode::Auto);
    EXPECT_FALSE(read(minimal("", "worker = \"on\"")).config);
}

TEST(Unbuilt, ModalCarriesOutImageStepsAndCheckpoints) {
    const auto loaded = modal(
        "", "sandbox_project_root = \"/app\"\nsandbox_init_cmd = \"x\"\npost_patch_cmd = \"y\"");
    ASSERT_TRUE(loaded.config);
    EXPECT_THAT(unbuilt_features(loaded), IsEmpty());
}

Loaded image_steps_with(const std::string& prepare) {
    return read(
        "[offload]\nsandbox_project_root = \"/app\"\nsandbox_init_cmd = \"x\"\n"
        "post_patch_cmd = \"y\"\n[provider]\ntype = \"default\"\ncreate_command = \"c\"\n"
        "exec_command = \"{command}\"\ndestroy_command = \"d\"\nprepare_command = \"" +
        prepare + "\"\n[framework]\ntype = \"pytest\"\n[groups.all]\n");
}

TEST(Unbuilt, TheBundledScriptCarriesOutImageSteps) {
    const auto loaded = image_steps_with("uv run @modal_sandbox.py prepare");
    ASSERT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    EXPECT_THAT(unbuilt_features(loaded), IsEmpty());
}

// Its init command is handed to the user's own prepare_command; of the other step nobody knows.
TEST(Unbuilt, PatchStepOfOwnCommandsIsAnErrorAtRun) {
    const auto loaded = image_steps_with("docker build");
    ASSERT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    const auto found = unbuilt_features(loaded);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].line, 4U);
    EXPECT_EQ(found[0].severity, Diagnostic::Severity::Error);
}

TEST(Unbuilt, ImageStepsOnLocalAreAWarningAtLoad) {
    const auto loaded = read(minimal("sandbox_init_cmd = \"x\""));
    ASSERT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("no effect with a local provider")));
    EXPECT_THAT(unbuilt_features(loaded), IsEmpty());
}

TEST(Unbuilt, CheckpointIsAWarning) {
    const auto loaded = read(minimal() + "[history]\n[checkpoint]\nbuild_inputs = []\n");
    ASSERT_TRUE(loaded.config);
    const auto found = unbuilt_features(loaded);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_FALSE(has_errors(found));
}

}  // namespace
}  // namespace offload::config

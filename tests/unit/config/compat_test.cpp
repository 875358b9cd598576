// Configs of public projects, of several eras, unmodified: they load, and mean what they did.
#include <filesystem>

#include "helpers.hpp"

namespace offload::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(OFFLOAD_TEST_DATA) / "compat";

Loaded compat(const std::string& name) {
    Loaded loaded = load(kFolder / name, {}, variables());
    EXPECT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    if (!loaded.config) loaded.config.emplace();
    return loaded;
}

TEST(Compat, AllSixteenLoadAndHaveASummary) {
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
        if (entry.path().extension() != ".toml") continue;
        ++count;
        const auto loaded = load(entry.path(), {}, variables());
        EXPECT_TRUE(loaded.config) << entry.path() << testing::PrintToString(lines_of(loaded));
        EXPECT_FALSE(summary(loaded).empty()) << entry.path();
    }
    EXPECT_EQ(count, 16U);
}

TEST(Compat, The04ConfigsLoadWithoutAWarningAndCanRun) {
    for (const auto& entry : fs::directory_iterator(kFolder / "v0.4")) {
        const auto loaded = load(entry.path(), {}, variables());
        EXPECT_THAT(lines_of(loaded), IsEmpty()) << entry.path();
        ASSERT_TRUE(loaded.config);
        EXPECT_FALSE(has_errors(unbuilt_features(loaded))) << entry.path();
    }
}

TEST(Compat, CargoLocal) {
    const auto config = *compat("v0.4/cargo-local.toml").config;
    EXPECT_EQ(config.offload.max_parallel, 4U);
    EXPECT_EQ(config.offload.test_timeout, std::chrono::seconds(300));
    EXPECT_EQ(*config.provider.as<provider::LocalOptions>().working_dir, ".");
    EXPECT_EQ(config.framework.type, "cargo");
    EXPECT_EQ(config.framework.test_id_format, "{classname} {name}");
}

TEST(Compat, CargoModal) {
    const auto config = *compat("v0.4/cargo-modal.toml").config;
    EXPECT_TRUE(config.provider.as<provider::ModalOptions>().include_cwd);
    EXPECT_EQ(config.groups.at(0).retry_count, 1U);
    EXPECT_EQ(*config.offload.sandbox_project_root, "/app");
}

TEST(Compat, DefaultFrameworkWithTheModalScript) {
    const auto config = *compat("v0.4/default-framework-modal-script.toml").config;
    const auto& provider = config.provider.as<provider::CommandOptions>();
    EXPECT_EQ(provider.exec_command, "uv run @modal_sandbox.py exec {sandbox_id} {command}");
    EXPECT_EQ(provider.timeout, std::chrono::seconds(600));
    const auto& framework = config.framework.as<framework::CommandOptions>();
    EXPECT_THAT(framework.run_command, HasSubstr("--junitxml={result_file} {tests}"));
    EXPECT_FALSE(framework.result_file);
    EXPECT_THAT(config.groups.at(0).filter_words,
                ElementsAre("-m", "not acceptance and not release"));
}

TEST(Compat, PytestWithTheModalScript) {
    const auto config = *compat("v0.4/pytest-default-provider-modal-script.toml").config;
    const auto& pytest = config.framework.as<framework::PytestOptions>();
    EXPECT_THAT(pytest.prefix, ElementsAre("uv", "run", "--with=pytest", "-m", "pytest"));
    EXPECT_THAT(pytest.paths, ElementsAre("examples/tests"));
    ASSERT_THAT(config.groups, SizeIs(2));
    EXPECT_EQ(config.groups[0].name, "unit");
    EXPECT_EQ(config.groups[1].name, "slow");
    EXPECT_EQ(config.groups[1].retry_count, 3U);
}

TEST(Compat, DarwinianEvolver) {
    const auto config = *compat("wild/darwinian_evolver-offload-era3.toml").config;
    const auto& pytest = config.framework.as<framework::PytestOptions>();
    EXPECT_THAT(pytest.prefix, ElementsAre("uv", "run", "--group", "test", "pytest"));
    EXPECT_THAT(pytest.paths, ElementsAre("darwinian_evolver/"));
}

TEST(Compat, Latchkey) {
    const auto loaded = compat("wild/latchkey-offload-era2.toml");
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("stream_output")));  // TRAPS 46
    EXPECT_THAT(loaded.config->groups.at(0).filter_words, IsEmpty());
    const auto& framework = loaded.config->framework.as<framework::CommandOptions>();
    EXPECT_FALSE(framework.result_file);  // TRAPS 47
}

// TRAPS 46
TEST(Compat, MngAcceptanceNamesItsMisplacedKey) {
    const auto loaded = compat("wild/mng-offload-modal-acceptance-era3.toml");
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("retry_count belongs to [groups.NAME]"),
                                              HasSubstr("stream_output")));
    EXPECT_EQ(loaded.config->groups.at(0).retry_count, 4U);
    EXPECT_THAT(loaded.config->groups.at(0).filter_words,
                ElementsAre("-mnot release and not docker"));
    const auto& pytest = loaded.config->framework.as<framework::PytestOptions>();
    EXPECT_THAT(pytest.run_args, ElementsAre("--no-cov", "-p", "no:xdist", "-o", "addopts="));
    EXPECT_THAT(pytest.paths, ElementsAre("."));
    EXPECT_FALSE(has_errors(unbuilt_features(loaded)));
}

TEST(Compat, Mng) {
    const auto config = *compat("wild/mng-offload-modal-era2.toml").config;
    EXPECT_EQ(config.offload.max_parallel, 50U);
    EXPECT_THAT(config.framework.as<framework::CommandOptions>().run_command,
                HasSubstr("if [ ! -f /tmp/.patch_applied ]"));
}

TEST(Compat, MngrAcceptance) {
    const auto config = *compat("wild/mngr-offload-modal-acceptance-era5.toml").config;
    EXPECT_EQ(config.provider.as<provider::ModalOptions>().experimental_options,
              R"({"enable_docker":true})");
    const auto& pytest = config.framework.as<framework::PytestOptions>();
    ASSERT_THAT(pytest.prefix, SizeIs(4));
    EXPECT_EQ(pytest.prefix[2],
              "export PATH=\"$PWD/.venv/bin:$PATH\" VIRTUAL_ENV=\"$PWD/.venv\"; exec "
              ".venv/bin/pytest \"$@\"");
    EXPECT_THAT(pytest.paths, IsEmpty());
    EXPECT_EQ(*config.offload.post_patch_cmd, "bash scripts/post-source-setup.sh");
    EXPECT_THAT(config.report.download_globs, ElementsAre(".test_output/**"));
}

TEST(Compat, Mngr) {
    for (const char* name :
         {"wild/mngr-offload-modal-era4.toml", "wild/mngr-offload-modal-era5.toml"}) {
        const auto config = *compat(name).config;
        ASSERT_THAT(config.groups, SizeIs(2));
        EXPECT_EQ(config.groups[0].name, "all");
        EXPECT_EQ(config.groups[1].name, "flaky");
        EXPECT_EQ(config.groups[1].retry_count, 4U);
        EXPECT_TRUE(config.checkpoint.present);
    }
    EXPECT_EQ(compat("wild/mngr-offload-modal-era5.toml").config->history.path,
              "offload-history-modal.jsonl");
    EXPECT_FALSE(compat("wild/mngr-offload-modal-era4.toml").config->history.present);
}

TEST(Compat, OffloadItself) {
    const auto cargo = *compat("wild/offload-offload-cargo-default-era2.toml").config;
    EXPECT_THAT(*cargo.provider.as<provider::CommandOptions>().prepare_command,
                HasSubstr("--include-cwd .devcontainer/Dockerfile"));
    const auto artifacts = *compat("wild/offload-offload-pytest-artifacts-era3.toml").config;
    EXPECT_THAT(artifacts.groups.at(0).filter_words, ElementsAre("-k", "test_produces"));
    EXPECT_EQ(artifacts.report.output_dir, "test-results-artifacts");
    EXPECT_EQ(artifacts.provider.type, "local");
}

// TRAPS 48
TEST(Compat, Sculptor) {
    for (const char* name :
         {"wild/sculptor-offload-era5.toml", "wild/sculptor-offload-perf-era5.toml"}) {
        const auto config = *compat(name).config;
        EXPECT_THAT(*config.offload.post_patch_cmd, HasSubstr("/node/v${NODE_VERSION}/bin:$PATH"));
        EXPECT_EQ(*config.offload.sandbox_project_root, "/app/sculptor");
        EXPECT_EQ(*config.offload.sandbox_repo_root, "/app");
        EXPECT_EQ(config.provider.as<provider::ModalOptions>().env.at("SESSION_TOKEN"), "");
        EXPECT_THAT(config.checkpoint.build_inputs, testing::Not(IsEmpty()));
    }
    EXPECT_FALSE(
        compat("wild/sculptor-offload-perf-era5.toml").config->offload.impatiently_requeue_batches);
    EXPECT_EQ(compat("wild/sculptor-offload-era5.toml").config->report.junit_file,
              "junit-integration.xml");
}

TEST(Compat, Zenml) {
    const auto config = *compat("wild/zenml-offload-unit-era5.toml").config;
    EXPECT_EQ(*config.offload.sandbox_project_root, "/app");
    EXPECT_DOUBLE_EQ(*config.provider.as<provider::ModalOptions>().memory_gb, 8.0);
    EXPECT_THAT(config.provider.as<provider::ModalOptions>().env, SizeIs(6));
    EXPECT_THAT(config.groups.at(0).filter_words,
                ElementsAre("tests/unit", "-m", "not serial_only"));
    EXPECT_EQ(config.report.output_dir, ".ci/offload");
}

}  // namespace
}  // namespace offload::config

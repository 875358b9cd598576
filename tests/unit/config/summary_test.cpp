#include "helpers.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Summary, ShowsSettingsWithTheirOrigins) {
    const auto text = summary(read(minimal("max_parallel = 3")));
    EXPECT_THAT(text, AllOf(HasSubstr("local provider, pytest framework, 1 group"),
                            testing::ContainsRegex("max_parallel +3 +offload.toml:2"),
                            testing::ContainsRegex("test_timeout_secs +900 +default"),
                            HasSubstr("[groups.all]")));
}

TEST(Summary, AssumesNoDurationUnlessTold) {
    EXPECT_THAT(summary(read(minimal() + "[history]\n")),
                AllOf(HasSubstr("reservoir_size"), Not(HasSubstr("default_duration_secs"))));
    EXPECT_THAT(summary(read(minimal() + "[history]\ndefault_duration_secs = 2.5\n")),
                testing::ContainsRegex("default_duration_secs +2.5 +offload.toml:"));
}

TEST(Summary, HidesSecretsWhereverTheyComeFrom) {
    Overrides overrides;
    overrides.env = {"NPM_TOKEN=opaque1", "PLAIN=visible1"};
    const auto loaded = parse(commands("env = { DB_PASSWORD = \"opaque2\", LEVEL = \"visible2\" }\n"
                                       "working_dir = \"/srv/${MY_SECRET}\""),
                              "offload.toml", overrides, variables({{"MY_SECRET", "opaque3"}}));
    const auto text = summary(loaded);
    EXPECT_THAT(text, AllOf(HasSubstr("visible1"), HasSubstr("visible2"), HasSubstr("NPM_TOKEN"),
                            HasSubstr("DB_PASSWORD"), Not(HasSubstr("opaque"))));
}

TEST(Summary, OfAConfigWithErrorsIsEmpty) { EXPECT_EQ(summary(read("")), ""); }

TEST(Summary, CoversEveryProviderAndFramework) {
    EXPECT_THAT(
        summary(read(commands("download_command = \"d {paths}\"", "result_file = \"r\""))),
        AllOf(HasSubstr("create_command"), HasSubstr("result_file"), HasSubstr("\"d {paths}\"")));
    EXPECT_THAT(summary(read("[offload]\nsandbox_repo_root = \"/r\"\n[provider]\ntype = \"modal\"\n"
                             "memory_gb = 8\nexperimental_options = { gpu = true }\n"
                             "[framework]\ntype = \"cargo\"\npackage = \"p\"\n[groups.all]\n")),
                AllOf(HasSubstr("memory_gb"), HasSubstr("{\"gpu\":true}"), HasSubstr("package"),
                      testing::ContainsRegex("sandbox_project_root +\"/r\" +sandbox_repo_root")));
}

}  // namespace
}  // namespace offload::config

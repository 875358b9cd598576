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

TEST(Summary, ShowsReferencesAsWrittenUnlessValuesAreAskedFor) {
    const auto loaded = parse(
        "[offload]\nsandbox_repo_root = \"/r/${WHERE}\"\n"
        "[provider]\ntype = \"modal\"\nenv = { LEVEL = \"at ${LEVEL:-nothing}\" }\n"
        "copy_dirs = [\"plain:/p\", \"${WHERE}:/q\"]\n"
        "experimental_options = { region = \"${WHERE}\" }\n"
        "[framework]\ntype = \"pytest\"\npython = \"${PY}\"\n"
        "extra_args = [\"run\", \"${WITH}\"]\n"
        "[groups.all]\nfilters = \"-k '${WHERE}'\"\n",
        "offload.toml", {},
        variables({{"WHERE", "valued-1"},
                   {"LEVEL", "valued-2"},
                   {"PY", "valued-3"},
                   {"WITH", "valued 4"}}));
    ASSERT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    const auto written = summary(loaded);
    EXPECT_THAT(written, Not(HasSubstr("valued")));
    EXPECT_THAT(written,
                AllOf(testing::ContainsRegex("sandbox_repo_root +\"/r/\\$\\{WHERE\\}\" "),
                      testing::ContainsRegex("sandbox_project_root +\"/r/\\$\\{WHERE\\}\" "),
                      HasSubstr("\"at ${LEVEL:-nothing}\""), HasSubstr("\"plain:/p\""),
                      HasSubstr("\"${WHERE}:/q\""), HasSubstr("{\"region\":\"${WHERE}\"}"),
                      HasSubstr("\"-k '${WHERE}'\""), HasSubstr("${PY}"), HasSubstr("${WITH}")));
    const auto values = summary(loaded, Values::Expanded);
    EXPECT_THAT(values, Not(HasSubstr("${")));
    EXPECT_THAT(values, AllOf(HasSubstr("/r/valued-1"), HasSubstr("at valued-2"),
                              HasSubstr("valued-3"), HasSubstr("valued 4")));
}

TEST(Summary, ValuesThatAreAskedForAreNoSecrets) {
    const auto loaded =
        parse(commands("working_dir = \"/srv/${MY_SECRET}/${PLAIN}\""), "offload.toml", {},
              variables({{"MY_SECRET", "opaque"}, {"PLAIN", "visible"}}));
    EXPECT_THAT(summary(loaded, Values::Expanded),
                AllOf(HasSubstr("/srv/(hidden)/visible"), Not(HasSubstr("opaque"))));
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

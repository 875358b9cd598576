// Diagnostics: what is a problem, where it is said to be, and what to do about it.
#include "offload/config/load.hpp"

#include <fstream>

#include "helpers.hpp"
#include "offload/base/file.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Load, MinimalConfigHasNoProblem) {
    const auto loaded = read(minimal());
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->offload.max_parallel, 10U);
    EXPECT_EQ(loaded.config->offload.test_timeout, std::chrono::seconds(900));
    EXPECT_TRUE(loaded.config->offload.impatiently_requeue_batches);
}

TEST(Load, EveryProblemIsListedInTheOrderOfTheFile) {
    const auto loaded = read(
        "[offload]\n"
        "max_parallel = \"ten\"\n"
        "test_timeout_secs = 0\n"
        "[provider]\n"
        "type = \"locl\"\n"
        "[framework]\n"
        "type = \"default\"\n"
        "discover_command = \"ls\"\n"
        "[groups.all]\n"
        "retry_count = -1\n"
        "filters = \"-m 'slow\"\n");
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(
        lines_of(loaded),
        ElementsAre(AllOf(StartsWith("offload.toml:2:16: error: offload.max_parallel is \"ten\""),
                          HasSubstr("expected an integer of at least 1")),
                    StartsWith("offload.toml:3:21: error: offload.test_timeout_secs is 0"),
                    AllOf(StartsWith("offload.toml:5:8: error: provider.type is \"locl\""),
                          HasSubstr("did you mean \"local\"?")),
                    StartsWith("offload.toml:6:1: error: framework.run_command is required"),
                    StartsWith("offload.toml:6:1: error: framework.test_id_format is required"),
                    AllOf(StartsWith("offload.toml:8:20: error: "), HasSubstr("{filters}")),
                    StartsWith("offload.toml:10:15: error: groups.all.retry_count is -1"),
                    AllOf(StartsWith("offload.toml:11:11: error: groups.all.filters"),
                          HasSubstr("shell words"))));
}

// TRAPS 46
TEST(UnknownKey, IsAWarningWithItsPlaceAndTheNearestKey) {
    const auto loaded = read(minimal("max_paralel = 3"));
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded),
                ElementsAre("offload.toml:2:1: warning: unknown key max_paralel in [offload] is "
                            "ignored (did you mean max_parallel?)"));
}

// TRAPS 46
TEST(UnknownKey, KnownElsewhereIsSentThere) {
    const auto loaded = read(minimal("retry_count = 2"));
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("retry_count belongs to [groups.NAME]")));
}

TEST(UnknownKey, OfAnotherTypeOfTheSectionIsSentThere) {
    const auto loaded = read(minimal("", "discover_command = \"x\""));
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded),
                ElementsAre(HasSubstr("belongs to [framework] of type \"default\"")));
}

TEST(UnknownKey, NearAKeyOfAnotherSectionIsSentThere) {
    const auto loaded = read(minimal("retry_cont = 2"));
    EXPECT_THAT(lines_of(loaded), ElementsAre(AllOf(HasSubstr("did you mean retry_count?"),
                                                    HasSubstr("[groups.NAME]"))));
}

TEST(UnknownKey, LikeNoneListsThoseThatTheSectionKnows) {
    const auto loaded = read(minimal("zzzzzzzzzzzzzzzzzzzzzz = 2"));
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("[offload] knows max_parallel")));
}

TEST(UnknownSection, IsAWarning) {
    const auto loaded = read(minimal() + "[reprot]\njunit = true\n");
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(AllOf(HasSubstr("unknown section [reprot]"),
                                                    HasSubstr("did you mean [report]?"))));
}

TEST(UnknownSection, KeyOutsideAnySectionIsSentToIts) {
    const auto loaded = read("max_parallel = 2\n" + minimal());
    EXPECT_THAT(lines_of(loaded), ElementsAre(AllOf(StartsWith("offload.toml:1:1: warning"),
                                                    HasSubstr("belongs to [offload]"))));
}

// TRAPS 46
TEST(Deprecated, StreamOutputIsAcceptedWithAWarning) {
    const auto loaded = read(minimal("stream_output = true"));
    EXPECT_TRUE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("deprecated")));
}

TEST(Missing, SectionsAreNamedWithAWayOut) {
    const auto loaded = read("");
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(
        lines_of(loaded),
        ElementsAre(HasSubstr("provider.type is required"), HasSubstr("framework.type is required"),
                    AllOf(HasSubstr("there is no group"), HasSubstr("[groups.all]"))));
}

TEST(Missing, CommandsOfTheDefaultProviderAreAllNamed) {
    const auto loaded = read(
        "[offload]\nsandbox_project_root = \"/app\"\n[provider]\ntype = \"default\"\n"
        "[framework]\ntype = \"cargo\"\n[groups.all]\n");
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("provider.create_command is required"),
                                              HasSubstr("provider.exec_command is required"),
                                              HasSubstr("provider.destroy_command is required")));
}

TEST(Groups, KeepTheOrderOfTheFile) {
    const auto loaded = read(minimal() + "[groups.zebra]\n[groups.ant]\n[groups.\"my group\"]\n");
    ASSERT_TRUE(loaded.config);
    std::vector<std::string> names;
    for (const auto& group : loaded.config->groups) names.push_back(group.name);
    EXPECT_THAT(names, ElementsAre("all", "zebra", "ant", "my group"));
}

TEST(Groups, KeysWithoutAGroupNameAreExplained) {
    const auto loaded = read(
        "[provider]\ntype = \"local\"\n[framework]\ntype = \"pytest\"\n"
        "[groups]\nretry_count = 2\n");
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded),
                ElementsAre(AllOf(StartsWith("offload.toml:6:"), HasSubstr("expected a table"),
                                  HasSubstr("[groups.all]"))));
}

TEST(Variables, UnsetOneNamesTheKeyAndItsLine) {
    const auto loaded = read(minimal("working_dir = \"${NOPE}/x\""));
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded),
                ElementsAre(AllOf(StartsWith("offload.toml:2:15: error: offload.working_dir"),
                                  HasSubstr("${NOPE}"))));
}

TEST(Variables, AreExpandedAtAnyDepthButNotInKeys) {
    const auto loaded = read(
        "[offload]\nsandbox_project_root = \"${ROOT}\"\n"
        "[provider]\ntype = \"${KIND:-modal}\"\ncopy_dirs = [\"${ROOT}/a:/b\"]\n"
        "env = { X = \"${ROOT}\", Y = \"pa$$word\", Z = \"$${ROOT}\" }\n"
        "experimental_options = { \"${ROOT}\" = [\"${ROOT}\", { deep = \"${ROOT}\" }] }\n"
        "[framework]\ntype = \"pytest\"\npaths = [\"${ROOT}/tests\"]\n"
        "[groups.all]\nfilters = \"-k ${ROOT}\"\n",
        {{"ROOT", "/r"}});
    ASSERT_TRUE(loaded.config) << testing::PrintToString(lines_of(loaded));
    const auto& modal = loaded.config->provider.as<provider::ModalOptions>();
    EXPECT_EQ(modal.copy_dirs.at(0).local, "/r/a");
    EXPECT_EQ(modal.env, (Environment{{"X", "/r"}, {"Y", "pa$$word"}, {"Z", "${ROOT}"}}));
    EXPECT_EQ(modal.experimental_options, R"({"${ROOT}":["/r",{"deep":"/r"}]})");
    EXPECT_THAT(loaded.config->groups.at(0).filter_words, ElementsAre("-k", "/r"));
    EXPECT_EQ(*loaded.config->offload.sandbox_project_root, "/r");
}

// TRAPS 48
TEST(Variables, InHostCommandsAreCheckedAndLeftToTheShell) {
    const auto good = read(commands("prepare_command = \"ID=1; build ${ID} ${HOME} $${X} $Y\""),
                           {{"HOME", "/h"}});
    ASSERT_TRUE(good.config) << testing::PrintToString(lines_of(good));
    EXPECT_EQ(*good.config->provider.as<provider::CommandOptions>().prepare_command,
              "ID=1; build ${ID} ${HOME} $${X} $Y");

    const auto bad = read(commands("prepare_command = \"build ${NOPE}\""));
    EXPECT_FALSE(bad.config);
    EXPECT_THAT(lines_of(bad),
                ElementsAre(AllOf(StartsWith("offload.toml:8:19: error: provider.prepare_command"),
                                  HasSubstr("${NOPE}"))));
}

// TRAPS 48
TEST(Variables, InSandboxCommandsAreNeitherCheckedNorTouched) {
    const std::string text = "cd /v${NODE_VERSION} && $${X} && ${broken";
    const auto loaded =
        parse("[offload]\nsandbox_project_root = \"/app\"\nsandbox_init_cmd = \"" + text +
                  "\"\npost_patch_cmd = \"" + text +
                  "\"\n[provider]\ntype = \"modal\"\n[framework]\ntype = \"default\"\n"
                  "discover_command = \"ls {filters}\"\nrun_command = \"{tests}" +
                  text + "\"\ntest_id_format = \"{name}\"\n[groups.all]\n",
              "offload.toml", {}, variables());
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(*loaded.config->offload.sandbox_init_cmd, text);
    EXPECT_EQ(*loaded.config->offload.post_patch_cmd, text);
    EXPECT_EQ(loaded.config->framework.as<framework::CommandOptions>().run_command,
              "{tests}" + text);
}

TEST(Text, NulCharacterIsAnError) {
    const auto loaded = read(minimal("working_dir = \"a\\u0000b\""));
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(HasSubstr("NUL")));
}

TEST(File, BrokenTomlIsOneErrorWithItsPlace) {
    const auto loaded = read("[offload]\nmax_parallel = \n[provider\n");
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded),
                ElementsAre(AllOf(StartsWith("offload.toml:2:"), HasSubstr("not valid TOML"))));
}

TEST(File, KeyThatIsGivenTwiceIsAnError) {
    const auto loaded = read(minimal("max_parallel = 1\nmax_parallel = 2"));
    EXPECT_THAT(lines_of(loaded), ElementsAre(StartsWith("offload.toml:3:")));
}

TEST(File, CarriageReturnsAndByteOrderMarkAreNoProblem) {
    std::string text = "\xEF\xBB\xBF";
    for (const char c : minimal("max_parallel = 3")) {
        if (c == '\n') text += '\r';
        text += c;
    }
    const auto loaded = read(text);
    EXPECT_THAT(lines_of(loaded), IsEmpty());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->offload.max_parallel, 3U);
}

TEST(File, ThatCannotBeReadIsOneErrorWithAWayOut) {
    const auto loaded = load("/nonexistent/offload.toml", {}, variables());
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(lines_of(loaded), ElementsAre(AllOf(StartsWith("/nonexistent/offload.toml: error"),
                                                    HasSubstr("offload init"))));
}

TEST(File, FolderInPlaceOfTheFileIsAnError) {
    auto folder = TemporaryFolder::create("offload-config-");
    ASSERT_TRUE(folder);
    const auto loaded = load(folder->path(), {}, variables());
    EXPECT_FALSE(loaded.config);
    EXPECT_EQ(loaded.diagnostics.size(), 1U);
}

TEST(File, GarbageNeverThrows) {
    for (const char* text : {"\x00\xff\xfe", "[[[[", "a.b.c.d = 1\na.b = 2", "offload = 3",
                             "[[groups]]\n", "groups = []", "provider = \"x\"", "\"\" = 1"}) {
        const auto loaded = read(text);
        EXPECT_FALSE(loaded.config) << text;
        EXPECT_FALSE(loaded.diagnostics.empty()) << text;
    }
}

TEST(Origins, NameTheLineTheFlagOrTheDefault) {
    Overrides overrides;
    overrides.max_parallel = 7;
    const auto loaded = parse(minimal("max_parallel = 3\ntest_timeout_secs = 5"), "offload.toml",
                              overrides, variables());
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->offload.max_parallel, 7U);
    EXPECT_EQ(origin_of(loaded, "offload.max_parallel"), "--parallel");
    EXPECT_EQ(origin_of(loaded, "offload.test_timeout_secs"), "offload.toml:3");
    EXPECT_EQ(origin_of(loaded, "report.output_dir"), "default");
}

}  // namespace
}  // namespace offload::config

#include "helpers.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

Loaded with(const Overrides& overrides) {
    return parse(minimal(), "offload.toml", overrides, variables());
}

TEST(Overrides, AreTakenOver) {
    Overrides overrides;
    overrides.env = {"A=1", "B=x=y", "C=", "A=2", "D=${NOT_EXPANDED}"};
    overrides.copy_dirs = {"./a:/b", "c:/d:e"};
    overrides.no_cache = true;
    overrides.groups = {"all"};
    const auto loaded = with(overrides);
    ASSERT_TRUE(loaded.config);
    EXPECT_EQ(loaded.config->extra_env,
              (Environment{{"A", "2"}, {"B", "x=y"}, {"C", ""}, {"D", "${NOT_EXPANDED}"}}));
    ASSERT_EQ(loaded.config->extra_copy_dirs.size(), 2U);
    EXPECT_EQ(loaded.config->extra_copy_dirs[1].local, "c");
    EXPECT_EQ(loaded.config->extra_copy_dirs[1].remote, "/d:e");
    EXPECT_TRUE(loaded.config->no_cache);
}

TEST(Overrides, MalformedOnesNameTheFlag) {
    Overrides overrides;
    overrides.env = {"NOVALUE", "=x", "A B=1"};
    overrides.copy_dirs = {"nocolon"};
    overrides.max_parallel = 0;
    overrides.groups = {"al"};
    const auto loaded = with(overrides);
    EXPECT_FALSE(loaded.config);
    EXPECT_THAT(
        lines_of(loaded),
        ElementsAre(StartsWith("--parallel: error: "),
                    AllOf(StartsWith("--copy-dir: error: "), HasSubstr("LOCAL:REMOTE")),
                    AllOf(StartsWith("--env: error: "), HasSubstr("KEY=VALUE")),
                    StartsWith("--env: error: "), StartsWith("--env: error: "),
                    AllOf(StartsWith("--group: error: "), HasSubstr("did you mean \"all\"?"))));
}

}  // namespace
}  // namespace offload::config

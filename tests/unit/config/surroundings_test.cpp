#include <filesystem>

#include "helpers.hpp"
#include "offload/base/file.hpp"

namespace offload::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> warnings(const Loaded& loaded, const std::string& path) {
    if (!loaded.config) {
        ADD_FAILURE() << testing::PrintToString(lines_of(loaded));
        return {};
    }
    std::vector<std::string> out;
    for (const auto& diagnostic : check_surroundings(loaded, variables({{"PATH", path}}))) {
        EXPECT_EQ(diagnostic.severity, Diagnostic::Severity::Warning);
        out.push_back(diagnostic.to_string());
    }
    return out;
}

class SurroundingsTest : public testing::Test {
  protected:
    void SetUp() override {
        auto made = TemporaryFolder::create("offload-config-");
        ASSERT_TRUE(made);
        folder_.emplace(*std::move(made));
    }
    void tool(const std::string& name) {
        ASSERT_TRUE(write_file_atomically(folder_->path() / name, "#!/bin/sh\n", 0755));
    }
    std::string path() const { return folder_->path().string(); }
    std::optional<TemporaryFolder> folder_;
};

TEST_F(SurroundingsTest, ToolThatIsNotThereIsAWarningWithItsLine) {
    const auto loaded = read(minimal("", "command = \"poetry run pytest\""));
    EXPECT_THAT(warnings(loaded, path()),
                ElementsAre(AllOf(HasSubstr("offload.toml:7:11: warning"), HasSubstr("poetry"))));
    tool("poetry");
    EXPECT_THAT(warnings(loaded, path()), IsEmpty());
}

TEST_F(SurroundingsTest, LifecycleCommandsAreLookedUp) {
    const auto loaded = read(commands("prepare_command = \"A=1 docker build . && x\""));
    EXPECT_THAT(warnings(loaded, path()),
                AllOf(Contains(HasSubstr("docker")), Contains(HasSubstr("make")),
                      Contains(HasSubstr("drop")), Contains(HasSubstr("list"))));
    for (const char* name : {"docker", "make", "in", "drop", "list"}) tool(name);
    EXPECT_THAT(warnings(loaded, path()), IsEmpty());
}

TEST_F(SurroundingsTest, ShellConstructsAreNoTools) {
    for (const char* name : {"make", "in", "drop", "list"}) tool(name);
    for (const char* command : {"cd x && y", "if true; then x; fi", "@script.py x", "(a; b)",
                                "for i in 1; do x; done", "$TOOL x", "'unclosed"}) {
        const auto loaded = parse(commands("prepare_command = '''" + std::string(command) + "'''"),
                                  "offload.toml", {}, variables());
        EXPECT_THAT(warnings(loaded, path()), Not(Contains(HasSubstr("not in $PATH")))) << command;
    }
}

TEST_F(SurroundingsTest, PlainVariableThatNothingSetsIsAWarning) {
    for (const char* name : {"make", "in", "drop", "list"}) tool(name);
    EXPECT_THAT(warnings(read(commands("prepare_command = \"make $NOPE\"")), path()),
                ElementsAre(HasSubstr("$NOPE")));
}

TEST_F(SurroundingsTest, DockerfileAndCopiedFoldersAreLookedFor) {
    tool("uv");
    tool("pytest");
    Overrides overrides;
    overrides.copy_dirs = {"/nonexistent/c:/c"};
    const auto loaded = parse(
        "[offload]\nsandbox_project_root = \"/a\"\n[provider]\ntype = \"modal\"\n"
        "dockerfile = \"no/Dockerfile\"\ncopy_dirs = [\"no-such:/x\"]\n[framework]\n"
        "type = \"pytest\"\ncommand = \"pytest\"\n[groups.all]\n",
        "offload.toml", overrides, variables());
    EXPECT_THAT(warnings(loaded, path()),
                ElementsAre(HasSubstr("offload.toml:5:14: warning: provider.dockerfile"),
                            HasSubstr("no-such"), HasSubstr("--copy-dir: warning: ")));
}

TEST_F(SurroundingsTest, WorkingFolderThatIsNotThereIsAWarning) {
    EXPECT_THAT(warnings(read(minimal("working_dir = \"/nonexistent\"")), path()),
                ElementsAre(HasSubstr("offload.working_dir")));
}

TEST_F(SurroundingsTest, PathsOfPytestAreLookedFor) {
    tool("pytest");
    const auto loaded =
        read(minimal("", "command = \"pytest\"\nworking_dir = \"" + path() +
                             "\"\npaths = [\"pytest\", \"pytest::test_x\", \"gone\"]"));
    EXPECT_THAT(warnings(loaded, path()), ElementsAre(HasSubstr("names gone")));
}

}  // namespace
}  // namespace offload::config

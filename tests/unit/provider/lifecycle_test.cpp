#include "command/lifecycle.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "offload/base/file.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class LifecycleText : public testing::Test {
  protected:
    void write(const std::string& name, std::string_view text) const {
        ASSERT_TRUE(write_file_atomically(folder() / name, text));
        fs::permissions(folder() / name, fs::perms::owner_all);
    }
    fs::path folder() const { return folder_.path(); }

    // What it prints, and what goes wrong.
    std::string run(const std::string& text) const {
        const auto out =
            run_lifecycle({.key = "some_command",
                           .text = text,
                           .working_folder = folder().string(),
                           .env = {},
                           .deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1},
                           .cancel = {}});
        return out ? *out : out.error().to_string();
    }

  private:
    TemporaryFolder folder_ = TemporaryFolder::create("offload-lifecycle-test-").value();
};

TEST_F(LifecycleText, NeedsNoShellForAProgramAndItsArguments) {
    write("program", "#!/bin/cat\n");
    EXPECT_EQ(run("./program"), "#!/bin/cat\n");
    write("parent", "#!/bin/sh\ntr '\\0' ' ' < /proc/$PPID/cmdline\n");
    EXPECT_THAT(run("./parent 'a b'"), Not(HasSubstr("parent")));
    EXPECT_THAT(run("./parent 'a b'; :"), HasSubstr("sh -c ./parent 'a b'; :"));
}

TEST_F(LifecycleText, EndsAsUnderAShellWhereThereIsNoSuchProgram) {
    EXPECT_THAT(run("./missing x"), HasSubstr("not found"));
    EXPECT_THAT(run("./missing x"), HasSubstr("exit status 127"));
    write("plain", "echo \"no interpreter, $1\"\n");
    EXPECT_EQ(run("./plain 'but it runs'"), "no interpreter, but it runs\n");
}

TEST_F(LifecycleText, FindsItsPlaceInTheEnvironment) {
    ASSERT_EQ(::setenv("PWD", "/", 1), 0);
    EXPECT_EQ(run("printenv PWD"), fs::canonical(folder()).string() + "\n");
    const auto link = folder() / "link";
    fs::create_directory_symlink(folder(), link);
    ASSERT_EQ(::setenv("PWD", link.c_str(), 1), 0);
    EXPECT_EQ(run("printenv PWD"), link.string() + "\n") << "that is as good";
    ASSERT_EQ(::unsetenv("PWD"), 0);
    EXPECT_THAT(run("printenv PWD"), HasSubstr("exit status 1"));
}

}  // namespace
}  // namespace offload::provider

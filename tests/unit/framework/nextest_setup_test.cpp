#include "cargo/nextest_setup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include "offload/base/shell.hpp"

namespace offload::framework::nextest {
namespace {

using testing::HasSubstr;
using testing::Not;

std::optional<std::string> once(std::string_view config) {
    return with_setup_once(config, "/run/once.sh", "/run/state-");
}

TEST(NextestSetup, ScriptsStandBehindTheProgramThatRunsThemOnce) {  // TRAPS 59
    for (const char* command : {"\"sh 'my setup.sh' now\"", "[\"sh\", \"my setup.sh\", \"now\"]",
                                "{ command-line = \"sh 'my setup.sh' now\" }"}) {
        for (const char* table : {"scripts.setup.db", "script.db"}) {
            SCOPED_TRACE(std::string(table) + command);
            const auto config = once(std::string("experimental = ['setup-scripts']\n[") + table +
                                     "]\ncommand = " + command +
                                     "\nslow-timeout = '60s'\n[profile.default]\nretries = 2\n");
            ASSERT_TRUE(config.has_value());
            EXPECT_THAT(*config, HasSubstr("/run/once.sh"));
            EXPECT_THAT(*config, testing::ContainsRegex(
                                     "'/run/state-[0-9a-f]+', 'sh', 'my setup.sh', 'now' ?\\]"));
            EXPECT_THAT(*config, HasSubstr("slow-timeout = '60s'"));
            EXPECT_THAT(*config, HasSubstr("retries = 2"));
        }
    }
}

TEST(NextestSetup, ProgramBelowTheWorkspaceIsFoundFromItsRoot) {
    const auto config = once(
        "[scripts.setup.db]\n"
        "command = { command-line = 'tools/up x', relative-to = 'workspace-root' }\n");
    ASSERT_TRUE(config.has_value());
    EXPECT_THAT(*config, HasSubstr("'./tools/up', 'x'"));
}

TEST(NextestSetup, WhatItCannotStartIsLeftAsItIs) {
    for (const char* config :
         {"", "[profile.default]\nretries = 1\n", "[scripts.setup.db]\ncommand = ''\n",
          "[scripts.setup.db]\ncommand = \"sh 'unclosed\"\n",
          "[scripts.wrapper.w]\ncommand = 'w'\n",
          "[scripts.setup.db]\ncommand = { command-line = 'up', relative-to = 'target' }\n",
          "[scripts.setup.db]\ncommand = { command-line = 'up', env = { A = 'b' } }\n",
          "no toml ["}) {
        EXPECT_EQ(once(config), std::nullopt) << config;
    }
}

TEST(NextestSetup, EqualNamesOfOtherCommandsShareNothing) {
    const auto state_of = [](const std::string& command) {
        const auto config = once("[scripts.setup.db]\ncommand = '" + command + "'\n").value();
        const auto at = config.find("/run/state-");
        return config.substr(at, config.find('\'', at) - at);
    };
    EXPECT_EQ(state_of("one"), state_of("one"));
    EXPECT_NE(state_of("one"), state_of("two"));
}

TEST(NextestSetup, CasesOfScriptsAreKnownByTheirName) {
    EXPECT_TRUE(is_setup_case("@setup-script:db db"));
    EXPECT_FALSE(is_setup_case("demo setup-script"));
}

class OnceProgram : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/offload-once-XXXXXX";
        folder_ = ::mkdtemp(name);
        std::ofstream(folder_ / "once.sh") << once_program();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    // As nextest starts it, with a file of its own for variables; the exit status.
    int run(const std::string& script, const std::string& variables) const {
        const auto command = "NEXTEST_ENV=" + shell::quote((folder_ / variables).string()) +
                             " sh " + shell::quote((folder_ / "once.sh").string()) + " " +
                             shell::quote((folder_ / "state").string()) + " sh -c " +
                             shell::quote("cd " + shell::quote(folder_.string()) + "; " + script);
        return WEXITSTATUS(std::system(command.c_str()));
    }
    std::string content(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(folder_ / name).rdbuf();
        return std::move(text).str();
    }

    std::filesystem::path folder_;
};

TEST_F(OnceProgram, RunsOnceAndRepeatsItsVariables) {  // TRAPS 59
    const std::string script = "echo ran >> runs; echo \"A=b c\" >> \"$NEXTEST_ENV\"";
    EXPECT_EQ(run(script, "first"), 0);
    EXPECT_EQ(run(script, "second"), 0);
    EXPECT_EQ(content("runs"), "ran\n");
    EXPECT_EQ(content("first"), "A=b c\n");
    EXPECT_EQ(content("second"), "A=b c\n");
}

TEST_F(OnceProgram, RepeatsAFailure) {
    EXPECT_EQ(run("echo ran >> runs; exit 3", "first"), 3);
    EXPECT_EQ(run("echo ran >> runs; exit 3", "second"), 3);
    EXPECT_EQ(content("runs"), "ran\n");
}

TEST_F(OnceProgram, OthersWaitForTheOneThatRunsIt) {
    std::vector<std::thread> batches;
    for (int batch = 0; batch < 8; ++batch) {
        batches.emplace_back([this, batch] {
            EXPECT_EQ(
                run("echo begin >> runs; sleep 0.3; echo end >> runs; echo A=b >> \"$NEXTEST_ENV\"",
                    "env" + std::to_string(batch)),
                0);
        });
    }
    for (auto& batch : batches) batch.join();
    EXPECT_EQ(content("runs"), "begin\nend\n");
    for (int batch = 0; batch < 8; ++batch)
        EXPECT_EQ(content("env" + std::to_string(batch)), "A=b\n");
}

TEST_F(OnceProgram, RunsAgainWhereItWasEndedInTheMiddle) {
    // The program that waits for the script is ended with it, as by nextest's slow-timeout.
    EXPECT_NE(run("echo ran >> runs; kill -9 $PPID; exit 0", "first"), 0);
    EXPECT_EQ(run("echo ran >> runs; exit 0", "second"), 0);
    EXPECT_EQ(content("runs"), "ran\nran\n");
}

}  // namespace
}  // namespace offload::framework::nextest

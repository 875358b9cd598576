#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

#include "offload/base/signal_name.hpp"
#include "offload/process/child.hpp"

namespace offload::process {
namespace {

TEST(SignalName, NamesKnownSignalsAndNumbersOthers) {
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
    EXPECT_EQ(signal_name(99), "signal 99");
}

TEST(End, DescribesHowItEnded) {
    EXPECT_EQ(End{Exited{1}}.describe(), "exit status 1");
    EXPECT_EQ(End{Signalled{SIGKILL}}.describe(), "killed by signal 9 (SIGKILL)");
    EXPECT_EQ(End{Signalled{99}}.describe(), "killed by signal 99");
    EXPECT_EQ(End{NotStarted{ENOENT}}.describe(),
              "could not be started: No such file or directory");
}

TEST(End, DescribesWhyItWasEnded) {
    End end{Signalled{SIGTERM}};
    end.cancelled = true;
    EXPECT_EQ(end.describe(), "cancelled (killed by signal 15 (SIGTERM))");
    end.cancelled = false;
    end.timed_out = true;
    end.wall = Seconds{2.5};
    EXPECT_EQ(end.describe(), "timed out after 2.5 s (killed by signal 15 (SIGTERM))");
}

TEST(End, OnlyAFreeExitWithZeroIsASuccess) {
    EXPECT_TRUE(End{Exited{0}}.success());
    EXPECT_FALSE(End{Exited{1}}.success());
    EXPECT_FALSE(End{Signalled{SIGTERM}}.success());
    EXPECT_FALSE(End{NotStarted{ENOENT}}.success());
    End end{Exited{0}};
    end.timed_out = true;
    EXPECT_FALSE(end.success());
}

}  // namespace
}  // namespace offload::process

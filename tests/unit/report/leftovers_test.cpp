#include "offload/report/leftovers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "journal_files.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal.hpp"
#include "offload/report/kept_runs.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

// TRAPS 24: after SIGKILL a later command can clean up.
class LeftoversTest : public testing::Test {
  protected:
    // A run that ended without a word while sandbox 1 lived and sandbox 2 was being created.
    void killed_run() {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.start();
        for (std::size_t i = 0; i < 2; ++i) run.sandbox(i);
        run.tell(SandboxEnded{.sandbox = SandboxNumber(0), .id = "sb-0", .trouble = {}});
        run.tell(SandboxCreating{.sandbox = SandboxNumber(2), .slot = SlotNumber(0)});
    }
    void clean_run(std::size_t tests = 1) {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.start();
        run.sandbox(0);
        if (tests > 0) {
            run.discover(std::vector<std::string>(tests, "t::a"));
            run.batch(0, 0, {0});
        }
        run.tell(SandboxEnded{.sandbox = SandboxNumber(0), .id = "sb-0", .trouble = {}});
        run.tell(RunFinished{});
    }
    std::vector<UnfinishedRun> runs() { return find_leftovers(folder.path()).value().runs; }
    std::size_t files() {
        return static_cast<std::size_t>(
            std::ranges::count_if(std::filesystem::recursive_directory_iterator(folder.path()),
                                  [](const auto& entry) { return entry.is_regular_file(); }));
    }
    TemporaryFolder folder = TemporaryFolder::create("report").value();
};

TEST_F(LeftoversTest, CleanRunOrNoRunLeavesNothing) {
    EXPECT_TRUE(find_leftovers(folder.path() / "none").value().runs.empty());
    clean_run();
    EXPECT_TRUE(runs().empty());
    EXPECT_EQ(find_leftovers(folder.path()).value().over, std::vector<std::string>{"r1"});
}

TEST_F(LeftoversTest, KilledRunNamesItsSandboxes) {
    killed_run();
    const auto found = runs();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].run_id, "r1");
    EXPECT_EQ(found[0].provider, "local");
    EXPECT_FALSE(found[0].in_progress);
    ASSERT_EQ(found[0].sandboxes.size(), 2U);
    EXPECT_EQ(found[0].sandboxes[0].id, "sb-1");
    EXPECT_EQ(found[0].sandboxes[1].id, "");
    EXPECT_EQ(found[0].sandboxes[1].sandbox, SandboxNumber(2));
}

TEST_F(LeftoversTest, SandboxThatCouldNotBeDestroyedIsALeftover) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        run.sandbox(0);
        run.tell(SandboxEnded{.sandbox = SandboxNumber(0),
                              .id = "sb-0",
                              .trouble = Error{"no"},
                              .maybe_leaked = true});
        run.tell(RunFinished{});
    }
    ASSERT_EQ(runs().size(), 1U);
    EXPECT_EQ(runs()[0].sandboxes.at(0).id, "sb-0");
}

TEST_F(LeftoversTest, OneThatWasBeingDestroyedIsProbablyGone) {
    {
        auto journal = Journal::create(folder.path()).value();
        RunScript run;
        run.sinks = {journal.get()};
        for (std::size_t i = 0; i < 3; ++i) run.sandbox(i);
        for (std::size_t i = 0; i < 2; ++i) run.tell(SandboxDestroying{SandboxNumber(i)});
        run.tell(SandboxEnded{.sandbox = SandboxNumber(1),
                              .id = "sb-1",
                              .trouble = Error{"no"},
                              .maybe_leaked = true});
    }
    const auto found = runs();
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].sandboxes.size(), 3U);
    EXPECT_EQ(found[0].sandboxes[0].id, "sb-0");
    EXPECT_TRUE(found[0].sandboxes[0].destroying);
    EXPECT_FALSE(found[0].sandboxes[1].destroying);  // that it failed is known
    EXPECT_FALSE(found[0].sandboxes[2].destroying);
}

TEST_F(LeftoversTest, LaterRunsDoNotHideThem) {
    killed_run();
    clean_run();
    clean_run();
    ASSERT_EQ(runs().size(), 1U);
    EXPECT_EQ(runs()[0].sandboxes.size(), 2U);
    EXPECT_NE(runs()[0].journal.filename(), kJournalFile);
}

TEST_F(LeftoversTest, DestroyedOnesAreForgotten) {
    killed_run();
    const auto first = runs().at(0);
    const std::vector<SandboxNumber> one{SandboxNumber(1)};
    ASSERT_TRUE(note_destroyed(first, one));
    ASSERT_EQ(runs().at(0).sandboxes.size(), 1U);
    EXPECT_EQ(runs()[0].sandboxes[0].sandbox, SandboxNumber(2));
    const std::vector<SandboxNumber> other{SandboxNumber(2)};
    ASSERT_TRUE(note_destroyed(first, other));
    EXPECT_TRUE(runs().empty());
    EXPECT_EQ(find_leftovers(folder.path()).value().over, std::vector<std::string>{"r1"});
    EXPECT_EQ(files(), 1U);  // `offload logs` still has something to read
}

// Also where no sandbox of it is left: `offload cleanup` clears away its files.
TEST_F(LeftoversTest, KilledRunIsNamedUntilItIsClearedAwayHoweverManyFollow) {
    killed_run();
    const std::vector<SandboxNumber> both{SandboxNumber(1), SandboxNumber(2)};
    ASSERT_TRUE(note_destroyed(runs().at(0), both));
    for (std::size_t i = 0; i < kKeptRuns + 3; ++i) clean_run();
    EXPECT_TRUE(runs().empty());
    EXPECT_EQ(files(), kKeptRuns + 2);  // one more until the next run
    forget_over(folder.path(), find_leftovers(folder.path()).value().over);
    EXPECT_EQ(files(), kKeptRuns);
}

TEST_F(LeftoversTest, RunThatIsKilledBeforeItsFirstTestIsNamedToo) {
    clean_run();
    killed_run();
    ASSERT_EQ(runs().size(), 1U);
    EXPECT_EQ(kept_runs(folder.path()).size(), 1U);
    const std::vector<SandboxNumber> both{SandboxNumber(1), SandboxNumber(2)};
    ASSERT_TRUE(note_destroyed(runs().at(0), both));
    EXPECT_EQ(files(), 2U);
    forget_over(folder.path(), find_leftovers(folder.path()).value().over);
    EXPECT_EQ(files(), 1U);
}

TEST_F(LeftoversTest, NotesSurviveACutLine) {
    killed_run();
    std::ofstream(folder.path() / kJournalFile, std::ios::app) << R"({"event":"test_sta)";
    const std::vector<SandboxNumber> both{SandboxNumber(1), SandboxNumber(2)};
    ASSERT_TRUE(note_destroyed(runs().at(0), both));
    EXPECT_TRUE(runs().empty());
}

TEST_F(LeftoversTest, RunInProgressIsMarkedAndItsJournalIsNotReplaced) {
    auto journal = Journal::create(folder.path()).value();
    RunScript run;
    run.sinks = {journal.get()};
    run.start();
    run.sandbox(0);
    ASSERT_EQ(runs().size(), 1U);
    EXPECT_TRUE(runs()[0].in_progress);
    clean_run();
    run.sandbox(1);
    ASSERT_EQ(runs().size(), 1U);
    EXPECT_TRUE(runs()[0].in_progress);
    EXPECT_EQ(runs()[0].sandboxes.size(), 2U);
}

// The lock is one with the child's until that has become another program.
TEST_F(LeftoversTest, ChildThatAKilledRunWasJustStartingIsNotTakenForTheRun) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t run = ::fork();
    if (run == 0) {
        const auto journal = Journal::create(folder.path());
        const pid_t child = ::fork();
        if (child == 0) {
            ::pause();
            ::_exit(0);
        }
        (void)::write(ready[1], &child, sizeof child);
        ::pause();
        ::_exit(0);
    }
    pid_t child = 0;
    ASSERT_EQ(::read(ready[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
    const auto journal = folder.path() / kJournalFile;
    EXPECT_TRUE(is_in_progress(journal));
    ::kill(run, SIGKILL);
    ASSERT_EQ(::waitpid(run, nullptr, 0), run);
    EXPECT_FALSE(is_in_progress(journal));
    EXPECT_TRUE(runs().empty());
    ::kill(child, SIGKILL);
    for (const int end : ready) ::close(end);
}

// TRAPS 43
TEST_F(LeftoversTest, FileThatIsNoJournalIsKeptAndTold) {
    std::ofstream(folder.path() / kJournalFile) << "mine\n";
    clean_run();
    const auto found = find_leftovers(folder.path()).value();
    EXPECT_TRUE(found.runs.empty());
    EXPECT_EQ(found.unreadable.size(), 1U);
    EXPECT_EQ(files(), 2U);
}

}  // namespace
}  // namespace offload::report

#include "offload/report/kept_runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "journal_files.hpp"
#include "offload/base/file.hpp"
#include "offload/report/journal.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class KeptRunsTest : public testing::Test {
  protected:
    enum class Ends { Well, BeforeTheFirstTest, Killed };

    void run(const std::string& id, Ends how = Ends::Well) {
        auto journal = Journal::create(folder.path()).value();
        RunScript script;
        script.sinks = {journal.get()};
        script.now = Seconds(static_cast<double>(++clock_));
        RunStarted started;
        started.run_id = id;
        started.config_file = "c.toml";
        script.tell(std::move(started));
        script.discover({"t::a"});
        RunSummary summary;
        if (how == Ends::BeforeTheFirstTest) {
            summary.interrupted_by = 2;
        } else {
            script.batch(0, 0, {0});
        }
        if (how != Ends::Killed) script.tell(RunFinished{.summary = summary});
        EXPECT_TRUE(script.errors.empty());
    }
    std::vector<std::string> ids() {
        std::vector<std::string> found;
        for (const auto& kept : kept_runs(folder.path())) found.push_back(kept.run_id);
        return found;
    }
    std::string found(std::string_view which) {
        const auto kept = find_run(folder.path(), which);
        return kept ? kept->run_id : kept.error().to_string();
    }
    TemporaryFolder folder = TemporaryFolder::create("report").value();

  private:
    int clock_ = 0;
};

TEST_F(KeptRunsTest, NewestComesFirst) {
    EXPECT_TRUE(ids().empty());
    for (const char* id : {"b", "a", "c"}) run(id);
    EXPECT_THAT(ids(), ElementsAre("c", "a", "b"));
    EXPECT_EQ(kept_runs(folder.path()).front().journal, folder.path() / kJournalFile);
    EXPECT_EQ(kept_runs(folder.path())[1].config_file, "c.toml");
}

// TRAPS 61
TEST_F(KeptRunsTest, RunWithNothingToTellLeavesTheLastOneInItsPlace) {
    run("a");
    const auto before = read_file(folder.path() / kJournalFile).value();
    run("b", Ends::BeforeTheFirstTest);
    EXPECT_EQ(read_file(folder.path() / kJournalFile).value(), before);
    EXPECT_THAT(ids(), ElementsAre("a"));
    EXPECT_EQ(journals_in(folder.path()).value().size(), 1U);
}

TEST_F(KeptRunsTest, TenAreKept) {
    for (int i = 10; i < 25; ++i) run(std::to_string(i));
    EXPECT_EQ(ids().size(), kKeptRuns);
    EXPECT_EQ(ids().front(), "24");
    EXPECT_EQ(ids().back(), "15");
    EXPECT_LE(journals_in(folder.path()).value().size(), kKeptRuns + 1);
}

TEST_F(KeptRunsTest, SameIdTwiceIsTwoRuns) {
    for (int i = 0; i < 3; ++i) run("same");
    EXPECT_THAT(ids(), ElementsAre("same", "same", "same"));
}

TEST_F(KeptRunsTest, IdThatIsNoFileNameDoesNotLeaveTheFolder) {
    run("../../evil");
    run("b");
    EXPECT_THAT(ids(), ElementsAre("b", "../../evil"));
    EXPECT_EQ(kept_runs(folder.path())[1].journal.parent_path(), folder.path() / kRunsFolder);
}

TEST_F(KeptRunsTest, KilledRunIsOneOfThem) {
    run("a");
    run("b", Ends::Killed);
    run("c");
    EXPECT_THAT(ids(), ElementsAre("c", "b", "a"));
}

// TRAPS 43
TEST_F(KeptRunsTest, FileThatIsNoJournalIsNoRunAndStays) {
    std::ofstream(folder.path() / kJournalFile) << "mine\n";
    for (const char* id : {"a", "b"}) run(id);
    EXPECT_THAT(ids(), ElementsAre("b", "a"));
    EXPECT_EQ(journals_in(folder.path()).value().size(), 3U);
}

TEST_F(KeptRunsTest, IsFoundByNumberAndByTheBeginningOfItsId) {
    for (const char* id : {"2026-x", "2026-y", "2025-z"}) run(id);
    EXPECT_EQ(found("1"), "2025-z");
    EXPECT_EQ(found("3"), "2026-x");
    EXPECT_EQ(found("2025"), "2025-z");
    EXPECT_EQ(found("2026-x"), "2026-x");
    for (const char* wrong : {"0", "4", "2026-", "", "x", "99999999999999999999"}) {
        EXPECT_THAT(found(wrong), HasSubstr("1 (2025-z), 2 (2026-y), 3 (2026-x)")) << wrong;
    }
}

}  // namespace
}  // namespace offload::report

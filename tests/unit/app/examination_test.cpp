// What `offload doctor` finds out of a suite, on suites that are made up.

#include "examination.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace offload::app {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Ids = std::vector<std::string>;

// Where a test runs.
struct Scene {
    const Ids& before;  // in its process
    Way way;
    std::size_t run;  // number of the run, from 0

    bool after(const std::string& id) const {
        return std::find(before.begin(), before.end(), id) != before.end();
    }
    bool beside_others() const { return way == Way::Batches || way == Way::Workers; }
};
using Rule = std::function<bool(const Scene&)>;  // whether it passes

// Tests t00 to t19, which pass where no rule says otherwise.
class Suite {
  public:
    Suite() {
        for (int i = 0; i < 20; ++i)
            ids_.push_back("t" + std::string(i < 10 ? "0" : "") + std::to_string(i));
    }
    Suite& rule(const std::string& id, Rule passes) {
        rules_[id] = std::move(passes);
        return *this;
    }
    Suite& bond(const std::string& id, std::uint32_t number) {
        bonds_[id] = number;
        return *this;
    }
    Suite& says(std::string text) {
        says_ = std::move(text);
        return *this;
    }
    // Another ID in each run.
    Suite& random_id() {
        random_id_ = true;
        return *this;
    }
    Suite& runner_fails_in(Way way) {
        runner_ = way;
        return *this;
    }
    Suite& cannot_run() {
        broken_ = true;
        return *this;
    }

    Observation operator()(const Trial& trial) {
        ++runs;
        Observation seen;
        if (broken_) return {.failure = "no runner"};
        for (const auto& id : trial.only) {
            if (std::find(ids_.begin(), ids_.end(), id) == ids_.end()) {
                return {.failure = "there is no " + id};
            }
        }
        Ids chosen;
        for (const auto& id : ids_) {
            const bool named =
                std::find(trial.only.begin(), trial.only.end(), id) != trial.only.end();
            if (trial.only.empty() || named) chosen.push_back(id);
        }
        if (random_id_ && trial.only.empty()) chosen.push_back("random" + std::to_string(runs));
        seen.order = chosen;
        for (const auto& process : cut(chosen, trial.way)) {
            Ids before;
            for (const auto& id : process) {
                bool passes = true;
                for (std::size_t time = 0; time < trial.times; ++time) {
                    const auto rule = rules_.find(id);
                    passes = passes && (rule == rules_.end() ||
                                        rule->second({before, trial.way, runs + time}));
                }
                seen.tests[id] = {passes ? Status::Passed : Status::Failed, passes ? "" : says_,
                                  bonds_.contains(id) ? bonds_.at(id) : 0};
                before.push_back(id);
            }
            seen.processes.push_back(before);
        }
        const bool fails = runner_ == trial.way;
        seen.tests[std::string(kRunnerItself)] = {fails ? Status::Errored : Status::Passed,
                                                  fails ? "too little coverage" : "", 0};
        return seen;
    }

    std::size_t runs = 0;

  private:
    static std::vector<Ids> cut(const Ids& chosen, Way way) {
        std::vector<Ids> processes;
        if (way == Way::Plain) return {chosen};
        if (way == Way::Alone) {
            for (const auto& id : chosen) processes.push_back({id});
            return processes;
        }
        // Batches are halves; workers take turns.
        processes.resize(2);
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            processes[way == Way::Batches ? i * 2 / chosen.size() : i % 2].push_back(chosen[i]);
        }
        return processes;
    }

    Ids ids_;
    std::map<std::string, Rule> rules_;
    std::map<std::string, std::uint32_t> bonds_;
    std::string says_;
    bool random_id_ = false;
    bool broken_ = false;
    std::optional<Way> runner_;
};

Examination examined(Suite suite) {
    return examine([&](const Trial& trial) { return suite(trial); });
}

Finding only_finding(const Examination& examination) {
    EXPECT_THAT(examination.findings, SizeIs(1));
    EXPECT_FALSE(examination.agrees());
    return examination.findings.empty() ? Finding{} : examination.findings.front();
}

TEST(Examination, OfASuiteThatAgreesTakesEightRunsAndFindsNothing) {
    Suite suite;
    suite.rule("t03", [](const Scene&) { return false; });  // always fails: that is agreement
    const auto found = examine([&](const Trial& trial) { return suite(trial); });
    EXPECT_TRUE(found.agrees());
    EXPECT_EQ(found.tests, 20U);
    EXPECT_EQ(suite.runs, 8U);
    EXPECT_THAT(render(found, false), HasSubstr("SAFE in parallel: 20 tests"));
    EXPECT_THAT(render(found, false), Not(HasSubstr("t03")));
    EXPECT_THAT(render(found, true),
                HasSubstr("t03   failed    failed    failed    failed    failed    failed\n"));
}

TEST(Examination, NamesTheTestThatAnotherNeeds) {
    const auto finding = only_finding(
        examined(Suite().rule("t07", [](const Scene& scene) { return scene.after("t02"); })));
    EXPECT_EQ(finding.id, "t07");
    EXPECT_EQ(finding.cause, Cause::Needs);
    EXPECT_EQ(finding.other, "t02");
}

TEST(Examination, FindsANeedForTheTestJustBefore) {
    const auto found =
        examined(Suite().rule("t08", [](const Scene& scene) { return scene.after("t07"); }));
    EXPECT_EQ(only_finding(found).other, "t07");
    EXPECT_THAT(render(found, false), HasSubstr("order: needs t07 before it"));
    EXPECT_THAT(render(found, false), HasSubstr("NOT SAFE in parallel: 1 of 20 tests"));
}

TEST(Examination, NamesTheTestThatSpoilsAnother) {
    // Plain, another test in between makes good what t04 has spoilt.
    const auto finding = only_finding(examined(Suite().rule(
        "t06", [](const Scene& scene) { return !scene.after("t04") || scene.after("t05"); })));
    EXPECT_EQ(finding.cause, Cause::Spoilt);
    EXPECT_EQ(finding.other, "t04");
}

TEST(Examination, NamesNoTestWhereItTakesTwo) {
    const auto finding = only_finding(examined(Suite().rule(
        "t09", [](const Scene& scene) { return scene.after("t01") && scene.after("t08"); })));
    EXPECT_EQ(finding.cause, Cause::Needs);
    EXPECT_THAT(finding.other, IsEmpty());
}

TEST(Examination, TellsWhatOnlyFailsBesideOthersByWhatItsFailureSpeaksOf) {
    const std::map<std::string, std::string> said{
        {"FileNotFoundError: [Errno 2] state.json", "shared file: "},
        {"OSError: Address already in use", "shared port: "},
        {"OperationalError: database is locked", "shared database: "},
        {"AssertionError: took 3.2 seconds", "clock: "},
        {"AssertionError: 1 != 2", "shared: "},
    };
    for (const auto& [text, reason] : said) {
        const auto found = examined(Suite().says(text).rule(
            "t05", [](const Scene& scene) { return !scene.beside_others(); }));
        EXPECT_EQ(only_finding(found).cause, Cause::Shared);
        EXPECT_THAT(render(found, false), HasSubstr(reason));
        EXPECT_THAT(render(found, false), HasSubstr(text));
    }
}

TEST(Examination, CallsChanceWhatDiffersWithNothingBesideIt) {
    const auto twice = only_finding(
        examined(Suite().rule("t05", [](const Scene& scene) { return scene.run != 1; })));
    EXPECT_EQ(twice.cause, Cause::Unstable);
    // Seen in workers (run 8) and never before, but every fourth time alone.
    const auto later = only_finding(examined(Suite().rule(
        "t05", [](const Scene& scene) { return scene.run < 8 || scene.run % 4 != 0; })));
    EXPECT_EQ(later.cause, Cause::Unstable);
}

TEST(Examination, NamesIdsThatAreOthersInEachCollection) {
    const auto found = examined(
        Suite().random_id().rule("t05", [](const Scene& scene) { return !scene.beside_others(); }));
    EXPECT_EQ(found.failure, std::nullopt);
    EXPECT_GT(found.findings.size(), 2U);
    for (const auto& finding : found.findings) {
        EXPECT_EQ(finding.cause, finding.id == "t05" ? Cause::Shared : Cause::Identity);
    }
    EXPECT_THAT(render(found, false), HasSubstr("its ID is another one"));
}

TEST(Examination, KeepsTogetherWhatIsBound) {
    // t05 needs t04, and says so: they are never apart.
    const auto found =
        examined(Suite().bond("t04", 1).bond("t05", 1).rule("t05", [](const Scene& scene) {
            return scene.after("t04") || scene.way == Way::Alone || scene.beside_others();
        }));
    EXPECT_TRUE(found.agrees()) << render(found, false);
}

TEST(Examination, TellsWhatTheRunnerSaysOfItself) {
    const auto found = examined(Suite().runner_fails_in(Way::Batches));
    EXPECT_EQ(only_finding(found).cause, Cause::Runner);
    EXPECT_THAT(render(found, false), HasSubstr("the runner, not a test: too little coverage"));
}

TEST(Examination, EndsWhereNothingCanBeRun) {
    Suite suite;
    suite.cannot_run();
    const auto found = examine([&](const Trial& trial) { return suite(trial); });
    EXPECT_EQ(found.failure, "no runner");
    EXPECT_FALSE(found.agrees());
    EXPECT_EQ(suite.runs, 1U);
}

TEST(Examination, LooksIntoSoManyTestsAndNoMore) {
    Suite suite;
    std::size_t looked = 0;
    // A hundred tests that need each other would take thousands of runs.
    for (int i = 1; i < 20; ++i) {
        suite.rule("t" + std::string(i < 10 ? "0" : "") + std::to_string(i),
                   [](const Scene& scene) { return scene.before.size() > 0; });
    }
    const auto found = examine([&](const Trial& trial) {
        ++looked;
        return suite(trial);
    });
    EXPECT_LT(looked, 100U);
    for (const auto& finding : found.findings) EXPECT_EQ(finding.cause, Cause::Needs);
}

}  // namespace
}  // namespace offload::app

#include "selecting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/text.hpp"

namespace offload::run {
namespace {

// An edit distance to each of very many names would take longer than anybody waits.
constexpr std::size_t kMostCompared = 20'000;
constexpr std::size_t kMostHints = 10;  // a list of tests may be of another commit
constexpr std::size_t kVanishedNamed = 3;

class Narrowing {
  public:
    Narrowing(const select::Selection& selection, const std::vector<GroupSettings>& groups,
              TestTable& tests, Plan& plan)
        : selection_(selection),
          groups_(groups),
          tests_(tests),
          plan_(plan),
          selector_(selection) {}

    void narrow() {
        const auto found = plan_.selected;
        std::erase_if(plan_.selected, [&](TestIndex test) { return !selects(tests_[test]); });
        narrow_broken();
        for (const auto& what : selector_.unused()) name_nothing(what);
        if (selection_.filter && plan_.errors.empty() && !any_named_) filter_nothing();
        if (selection_.sharding) {
            name_shard(*selection_.sharding);
            if (plan_.errors.empty()) take_shard(*selection_.sharding);
        }
        if (!selection_.failed || !selection_.past || !plan_.errors.empty()) return;
        carry(found);
        tell_vanished();
        if (plan_.selected.empty() && !selection_.past->unexplained_failure.empty()) {
            plan_.errors.push_back({.message = "no test failed last time, but the run did: " +
                                               selection_.past->unexplained_failure,
                                    .place = {},
                                    .hint = "`offload run` runs all tests again"});
        }
    }

  private:
    select::Subject subject(const Test& test) const {
        return {test.id, groups_[test.group.value()].name, test.file};
    }

    bool selects(const Test& test) {
        const bool named = selector_.names(subject(test));
        any_named_ = any_named_ || named;
        return named && selector_.lets_run(subject(test));
    }

    // A module that cannot be collected may hide what is asked for.
    void narrow_broken() {
        std::erase_if(plan_.broken, [&](const auto& broken) {
            const auto& module = tests_[broken.first];
            const bool holds_one = std::ranges::any_of(
                selection_.what, [&](const auto& id) { return id.starts_with(module.id); });
            if (selector_.names(subject(module)) || holds_one || selection_.failed) return false;
            plan_.warnings.push_back(
                fmt::format("{} cannot be collected; no selected test is in it", module.id));
            return true;
        });
    }

    // --- What names nothing

    void gather_names() {
        std::set<std::string> names;
        for (const auto& test : tests_) {
            names.insert(test.id);
            names.insert(test.file.empty() ? test.id.substr(0, test.id.find("::")) : test.file);
            if (names.size() >= kMostCompared) break;
        }
        for (const auto& group : groups_) names.insert(group.name);
        known_names_.assign(names.begin(), names.end());
    }
    std::string hint_for(std::string_view text) {
        if (known_names_.empty()) gather_names();
        const auto nearest =
            hints_++ < kMostHints ? text::nearest(text, known_names_) : std::string_view{};
        return nearest.empty() ? "`offload collect` prints all IDs"
                               : fmt::format("the nearest one is {}", nearest);
    }
    void name_nothing(const std::string& what) {
        // A module that could not be collected has no tests that anybody could know.
        const bool hidden = std::ranges::any_of(plan_.broken, [&](const auto& broken) {
            return what.starts_with(tests_[broken.first].id);
        });
        if (hidden) return;
        plan_.errors.push_back(
            {.message =
                 fmt::format("no discovered test has the ID {}, nor is there a file or folder "
                             "of tests of that name",
                             what),
             .place = {},
             .hint = hint_for(what)});
    }
    void filter_nothing() {
        const auto texts = selection_.filter->texts();
        plan_.errors.push_back(
            {.message = fmt::format("no test matches --filter '{}'", selection_.filter->text()),
             .place = {},
             .hint = texts.empty() ? "`offload collect` prints all IDs" : hint_for(texts.front())});
    }

    // --- What falls to this machine

    void name_shard(const select::Sharding& sharding) {
        plan_.shard = ShardPlanned{.number = sharding.shard.number,
                                   .of = sharding.shard.of,
                                   .whole = {},
                                   .config = sharding.config,
                                   .tests = {},
                                   .division = {}};
    }
    // Modules that cannot be collected stay in every shard: it may be this machine's fault, and
    // then no other shard would tell of it.
    void take_shard(const select::Sharding& sharding) {
        const auto& [number, of] = sharding.shard;
        std::vector<select::Divisible> tests;
        tests.reserve(plan_.selected.size());
        for (const auto index : plan_.selected) {
            const auto& test = tests_[index];
            tests.push_back({test.id, groups_[test.group.value()].name, test.bond});
        }
        std::vector<std::string_view> all;
        all.reserve(tests_.size());
        for (const auto& test : tests_) all.push_back(test.id);
        auto division = select::divide(tests, of, sharding.durations);
        std::vector<TestIndex> mine;
        for (std::size_t i = 0; i < tests.size(); ++i) {
            if (division.shard_of[i] + 1 == number) mine.push_back(plan_.selected[i]);
        }
        plan_.shard->whole = std::move(plan_.selected);
        plan_.shard->tests = select::digest_of(std::move(all));
        plan_.shard->division = std::move(division.digest);
        plan_.selected = std::move(mine);
        plan_.notes.push_back(fmt::format("shard {}/{}: {} of {}", number, of,
                                          plan_.selected.size(),
                                          text::count(tests.size(), "test")));
    }

    // --- What earlier runs tell

    void carry(const std::vector<TestIndex>& found) {
        auto selected = plan_.selected.begin();
        for (const auto index : found) {
            if (selected != plan_.selected.end() && *selected == index) {
                ++selected;
                continue;
            }
            plan_.carried.push_back(verdict_of(tests_[index]));
        }
        add_groups_that_are_not_wanted();
        std::ranges::sort(plan_.carried, {}, &Verdict::test);
    }
    Verdict verdict_of(const Test& test) const {
        Verdict verdict{.test = test.index, .attempts = {}, .carried_from = ""};
        auto past = selection_.past->take(test.id);
        if (!past) {
            verdict.not_run_reason = "no run knows it, and it was not selected";
            return verdict;
        }
        verdict.status = past->status;
        verdict.attempts = std::move(past->attempts);
        verdict.not_run_reason = std::move(past->not_run_reason);
        verdict.carried_from = std::move(past->run_id);
        for (auto& attempt : verdict.attempts) attempt.test = test.index;
        return verdict;
    }
    void add_groups_that_are_not_wanted() {
        std::set<std::string> sorted;
        for (const auto& [id, result] : selection_.past->results) sorted.insert(id);
        for (const auto& id : sorted) {
            if (tests_.find(id) != nullptr) continue;
            const auto& past = selection_.past->results.at(id);
            const auto group = std::ranges::find(groups_, past.group, &GroupSettings::name);
            if (group == groups_.end() || group->wanted) continue;
            const auto& test =
                tests_
                    .add(id, GroupIndex(static_cast<std::size_t>(group - groups_.begin())),
                         past.file)
                    .test;
            plan_.carried.push_back(verdict_of(test));
        }
    }
    void tell_vanished() {
        std::set<std::string> vanished;
        for (const auto& [id, result] : selection_.past->results) {
            if (tests_.find(id) == nullptr && select::is_owed(&result)) vanished.insert(id);
        }
        if (vanished.empty()) return;
        std::string names;
        std::size_t named = 0;
        for (const auto& id : vanished) {
            if (named++ == kVanishedNamed) break;
            names += (names.empty() ? "" : ", ") + id;
        }
        plan_.notes.push_back(fmt::format(
            "{} that failed or {} not run last time {} there no more: {}{}",
            text::count(vanished.size(), "test"), vanished.size() == 1 ? "was" : "were",
            vanished.size() == 1 ? "is" : "are", names, vanished.size() > named ? ", …" : ""));
    }

    const select::Selection& selection_;
    const std::vector<GroupSettings>& groups_;
    TestTable& tests_;
    Plan& plan_;
    select::Selector selector_;
    bool any_named_ = false;
    std::vector<std::string> known_names_;  // once a hint has needed them
    std::size_t hints_ = 0;
};

}  // namespace

void narrow(const select::Selection& selection, const std::vector<GroupSettings>& groups,
            TestTable& tests, Plan& plan) {
    Narrowing(selection, groups, tests, plan).narrow();
}

}  // namespace offload::run

#include "examination.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace offload::app {
namespace {

using Ids = std::vector<std::string>;

// Each costs at least one process of its own.
constexpr std::size_t kMostSuspects = 40;
// Looking for the one other test that a suspect depends on takes some twenty small runs.
constexpr std::size_t kMostSearches = 5;
// So often a suspect is run alone before what runs beside it is to blame.
constexpr std::size_t kRepetitions = 5;

// Of the columns, these come first.
constexpr std::size_t kPlainRuns = 2;
constexpr std::size_t kUnaccompaniedRuns = 4;  // the plain ones included

bool contains(const Ids& ids, const std::string& id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// The tests that ended in the same process before this one.
Ids before(const Observation& run, const std::string& id) {
    for (const auto& process : run.processes) {
        const auto found = std::find(process.begin(), process.end(), id);
        if (found != process.end()) return {process.begin(), found};
    }
    return {};
}

// What can be asked for by its ID: the tests that have the same one in both.
Ids lasting(const Observation& run, const Observation& other) {
    Ids ids;
    std::copy_if(run.order.begin(), run.order.end(), std::back_inserter(ids),
                 [&](const auto& id) { return other.tests.contains(id); });
    return ids;
}

// Every second of so many neighbours, and the others: a test does not run after what it usually
// follows. What is bound together stays so.
std::pair<Ids, Ids> halves(const Observation& plain, const Ids& ids, std::size_t neighbours) {
    std::pair<Ids, Ids> out;
    std::map<std::uint32_t, bool> side_of_bond;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        bool first = i / neighbours % 2 == 0;
        const auto bond = plain.tests.at(ids[i]).bond;
        if (bond != 0) first = side_of_bond.emplace(bond, first).first->second;
        (first ? out.first : out.second).push_back(ids[i]);
    }
    return out;
}

void join(Observation& run, Observation more) {
    run.tests.merge(more.tests);
    std::move(more.order.begin(), more.order.end(), std::back_inserter(run.order));
    std::move(more.processes.begin(), more.processes.end(), std::back_inserter(run.processes));
    if (!run.failure) run.failure = std::move(more.failure);
    if (const auto own = more.tests.find(std::string(kRunnerItself)); own != more.tests.end()) {
        auto& joint = run.tests[std::string(kRunnerItself)];
        if (own->second.status != Status::Passed) joint = own->second;
    }
}

class Diagnosis {
  public:
    Diagnosis(const Observe& observe, const std::vector<Observation>& runs)
        : observe_(observe), runs_(runs), plain_(runs.front()) {
        const auto ids = lasting(runs[0], runs[1]);
        lasting_.insert(ids.begin(), ids.end());
    }

    void find_causes(std::vector<Finding>& findings);

  private:
    void settle_at_once(Finding& finding);
    void look_alone(std::vector<Finding*>& open);
    void look_in_order(std::vector<Finding*>& open);
    void look_again(std::vector<Finding*>& open);
    std::string search(const Ids& candidates, const Finding& finding);
    bool ends_oddly_without(const Finding& finding) const { return finding.cause == Cause::Needs; }
    bool differs(const std::optional<Status>& status, const std::string& id) const {
        return status && *status != Status::NotRun && status != plain_.status_of(id);
    }
    Ids with_bond(const Ids& ids) const;
    Observation trial(Way way, const Ids& ids, std::size_t times = 1) const;
    static Ids ids_of(const std::vector<Finding*>& findings);
    static void drop_settled(std::vector<Finding*>& open);

    const Observe& observe_;
    const std::vector<Observation>& runs_;
    const Observation& plain_;
    std::set<std::string> lasting_;
    std::size_t searches_ = 0;
};

Observation Diagnosis::trial(Way way, const Ids& ids, std::size_t times) const {
    auto only = with_bond(ids);
    std::erase_if(only, [&](const auto& id) { return !lasting_.contains(id); });
    if (only.empty()) return {};
    return observe_({.way = way, .only = std::move(only), .times = times});
}

Ids Diagnosis::with_bond(const Ids& ids) const {
    std::set<std::uint32_t> bonds;
    Ids out = ids;
    const std::set<std::string_view> there(ids.begin(), ids.end());
    for (const auto& id : ids) {
        const auto test = plain_.tests.find(id);
        if (test != plain_.tests.end()) bonds.insert(test->second.bond);
    }
    bonds.erase(0);
    if (bonds.empty()) return out;
    for (const auto& [id, seen] : plain_.tests) {
        if (bonds.contains(seen.bond) && !there.contains(id)) out.push_back(id);
    }
    return out;
}

Ids Diagnosis::ids_of(const std::vector<Finding*>& findings) {
    Ids ids;
    for (const auto* finding : findings) ids.push_back(finding->id);
    return ids;
}

void Diagnosis::drop_settled(std::vector<Finding*>& open) {
    std::erase_if(open, [](const auto* finding) { return finding->cause != Cause::Unknown; });
}

// What the runs themselves tell.
void Diagnosis::settle_at_once(Finding& finding) {
    if (finding.id == kRunnerItself) {
        finding.cause = Cause::Runner;
        return;
    }
    const auto& seen = finding.seen;
    const auto is_missing = [](const auto& status) { return !status; };
    if (std::any_of(seen.begin(), seen.end(), is_missing)) {
        finding.cause = Cause::Identity;
        return;
    }
    for (std::size_t i = 1; i < kPlainRuns; ++i) {
        if (seen[i] != seen.front()) finding.cause = Cause::Unstable;
    }
}

void Diagnosis::look_alone(std::vector<Finding*>& open) {
    if (open.empty()) return;
    const auto alone = trial(Way::Alone, ids_of(open));
    for (auto* finding : open) {
        if (!differs(alone.status_of(finding->id), finding->id)) continue;
        finding->cause = Cause::Needs;
        finding->other = search(before(plain_, finding->id), *finding);
    }
    drop_settled(open);
}

// The same tests as in the process in which it ended otherwise, with nothing beside them.
void Diagnosis::look_in_order(std::vector<Finding*>& open) {
    for (std::size_t column = kPlainRuns; column < runs_.size(); ++column) {
        std::map<Ids, std::vector<Finding*>> by_process;
        for (auto* finding : open) {
            if (!differs(finding->seen[column], finding->id)) continue;
            for (const auto& process : runs_[column].processes) {
                if (contains(process, finding->id) && process.front() != finding->id) {
                    by_process[process].push_back(finding);
                }
            }
        }
        for (const auto& [process, suspects] : by_process) {
            const auto again = trial(Way::Plain, process);
            for (auto* finding : suspects) {
                if (!differs(again.status_of(finding->id), finding->id)) continue;
                finding->cause = Cause::Spoilt;
                finding->other = search(before(runs_[column], finding->id), *finding);
            }
        }
        drop_settled(open);
    }
}

// What differs by chance does so alone as well, sooner or later.
void Diagnosis::look_again(std::vector<Finding*>& open) {
    if (open.empty()) return;
    const auto alone = trial(Way::Alone, ids_of(open), kRepetitions);
    for (auto* finding : open) {
        const bool beside = std::any_of(
            finding->seen.begin() + static_cast<std::ptrdiff_t>(kUnaccompaniedRuns),
            finding->seen.end(), [&](const auto& seen) { return differs(seen, finding->id); });
        const bool by_chance = !beside || differs(alone.status_of(finding->id), finding->id);
        finding->cause = by_chance ? Cause::Unstable : Cause::Shared;
    }
    open.clear();
}

// Of tests that ran before it, the one that is enough to make it pass (Needs) or to spoil it, by
// halving; "" where it takes several, or where enough has been looked for.
std::string Diagnosis::search(const Ids& candidates, const Finding& finding) {
    if (candidates.empty() || ++searches_ > kMostSearches) return {};
    const auto shows = [&](Ids some) {
        some.push_back(finding.id);
        const bool odd = differs(trial(Way::Plain, some).status_of(finding.id), finding.id);
        return odd != ends_oddly_without(finding);
    };
    Ids rest = candidates;
    while (rest.size() > 1) {
        const auto middle = rest.begin() + static_cast<std::ptrdiff_t>(rest.size() / 2);
        // What is nearest is the likeliest.
        if (Ids later(middle, rest.end()); shows(later)) {
            rest = std::move(later);
        } else if (Ids earlier(rest.begin(), middle); shows(earlier)) {
            rest = std::move(earlier);
        } else {
            return {};
        }
    }
    return candidates.size() > 1 || shows(rest) ? rest.front() : std::string{};
}

void Diagnosis::find_causes(std::vector<Finding>& findings) {
    std::vector<Finding*> open;
    for (auto& finding : findings) {
        settle_at_once(finding);
        if (finding.cause == Cause::Unknown) open.push_back(&finding);
    }
    if (open.size() > kMostSuspects) open.resize(kMostSuspects);
    look_alone(open);
    look_in_order(open);
    look_again(open);
}

std::vector<Finding> differences(const std::vector<Observation>& runs) {
    std::set<std::string> ids;
    for (const auto& run : runs) {
        for (const auto& [id, seen] : run.tests) ids.insert(id);
    }
    std::vector<Finding> findings;
    for (const auto& id : ids) {
        Finding finding{.id = id, .seen = {}};
        for (const auto& run : runs) {
            finding.seen.push_back(run.status_of(id));
            const auto test = run.tests.find(id);
            const bool odd = finding.seen.back() != finding.seen.front();
            if (odd && finding.said.empty() && test != run.tests.end()) {
                finding.said = test->second.said;
            }
        }
        const auto& first = finding.seen.front();
        const bool same = std::all_of(finding.seen.begin(), finding.seen.end(),
                                      [&](const auto& each) { return each == first; });
        if (!same) findings.push_back(std::move(finding));
    }
    return findings;
}

}  // namespace

std::optional<Status> Observation::status_of(const std::string& id) const {
    const auto found = tests.find(id);
    return found == tests.end() ? std::nullopt : std::optional(found->second.status);
}

Examination examine(const Observe& observe) {
    Examination examination;
    std::vector<Observation> runs;
    const auto add = [&](std::string column, Observation run) {
        examination.columns.push_back(std::move(column));
        examination.failure = run.failure;
        runs.push_back(std::move(run));
        return !examination.failure;
    };
    const auto apart = [&](std::size_t neighbours) {
        const auto [some, others] = halves(runs.front(), lasting(runs[0], runs[1]), neighbours);
        auto run = some.empty() ? Observation{} : observe({.way = Way::Plain, .only = some});
        if (!others.empty()) join(run, observe({.way = Way::Plain, .only = others}));
        return run;
    };
    const bool done = add("plain", observe({})) && add("again", observe({})) &&
                      add("apart", apart(1)) && add("apart 2", apart(2)) &&
                      add("batches", observe({.way = Way::Batches})) &&
                      add("workers", observe({.way = Way::Workers}));
    examination.tests = runs.front().order.size();
    if (done) {
        examination.findings = differences(runs);
        Diagnosis(observe, runs).find_causes(examination.findings);
    }
    examination.plain = std::move(runs.front());
    return examination;
}

}  // namespace offload::app

#include "policy.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <queue>
#include <utility>

namespace offload::simulator {
namespace {

using schedule::Assignment;

class Ours : public Policy {
  public:
    explicit Ours(const World& world)
        : scheduler_(
              {.slots = world.slots,
               .command_bytes = world.command_bytes,
               .time_limit = world.time_limit,
               .batch_overhead = world.known_overhead.value_or(Seconds{0}),
               .test_overhead = world.ahead > Seconds{0} ? Seconds{0} : world.assumed_per_test,
               .spread = world.known_spread,
               .ahead = world.ahead,
               .hedges = world.hedges},
              world.capacities) {
        for (std::size_t i = 0; i < world.cases.size(); ++i) {
            const Case& test = world.cases[i];
            scheduler_.add({TestIndex(i), test.group, test.expected, test.command_bytes, test.alone,
                            test.affinity, world.measured, test.deviation, false, test.needs});
        }
    }
    std::optional<Assignment> next(SandboxNumber sandbox, Seconds now) override {
        return scheduler_.next(sandbox, now);
    }
    std::vector<TestIndex> more(SandboxNumber sandbox, Seconds now,
                                std::size_t elsewhere) override {
        return scheduler_.more(sandbox, now, elsewhere);
    }
    Seconds work_from() const override { return scheduler_.work_from(); }
    std::optional<SandboxNumber> finished(SandboxNumber sandbox, TestIndex test, Seconds now,
                                          std::optional<Seconds> took) override {
        return scheduler_.finished(sandbox, test, now, took);
    }
    void ended(SandboxNumber sandbox, Seconds now,
               std::optional<schedule::BatchTime> measured) override {
        scheduler_.ended(sandbox, now, measured);
    }
    void retry(TestIndex test, SandboxNumber failed_on) override {
        scheduler_.retry(test, failed_on);
    }
    void requeue(std::span<const TestIndex> tests) override {
        scheduler_.requeue(tests, std::nullopt);
    }
    void requeue_together(std::vector<TestIndex> tests,
                          std::optional<SandboxNumber> not_on) override {
        scheduler_.requeue_together(std::move(tests), not_on);
    }
    bool has_queued() const override { return scheduler_.has_queued(); }
    bool has_running() const override { return scheduler_.has_running(); }
    bool runs(TestIndex test) const override { return scheduler_.runs(test); }
    std::size_t startable(std::size_t limit) const override { return scheduler_.startable(limit); }
    std::optional<Seconds> remaining(Seconds now) const override {
        return scheduler_.remaining(now);
    }
    std::optional<BatchCosts> batch_costs() const override { return scheduler_.batch_costs(); }

  private:
    schedule::Scheduler scheduler_;
};

// As many batches as slots, made before the run: dealt out in turn, or the longest test first to
// the batch that has least. What comes back is queued as it comes. With `split`, idle sandboxes
// take over the later half of the largest running batch, whatever its age.
class Static : public Policy {
  public:
    Static(const World& world, bool longest_first, bool split)
        : where_(world.cases.size()), split_(split) {
        std::vector<std::size_t> order(world.cases.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        const auto expected = [&](std::size_t i) {
            return world.cases[i].expected.value_or(Seconds{1}).count();
        };
        if (longest_first) {
            std::ranges::stable_sort(
                order, [&](std::size_t a, std::size_t b) { return expected(a) > expected(b); });
        }
        using Load = std::pair<double, std::size_t>;
        std::priority_queue<Load, std::vector<Load>, std::greater<>> loads;
        for (std::size_t i = 0; i < world.slots; ++i) loads.emplace(0.0, i);
        std::vector<std::vector<TestIndex>> batches(world.slots);
        for (const std::size_t test : order) {
            const auto [load, batch] = loads.top();
            loads.pop();
            batches[batch].emplace_back(test);
            loads.emplace(load + (longest_first ? expected(test) : 1), batch);
        }
        for (auto& batch : batches) {
            if (!batch.empty()) queue_.push_back(std::move(batch));
        }
        for (const Case& test : world.cases) groups_.push_back(test.group);
    }

    std::optional<Assignment> next(SandboxNumber sandbox, Seconds /*now*/) override {
        Assignment chosen;
        if (!queue_.empty()) {
            chosen.tests = std::move(queue_.front());
            queue_.pop_front();
        } else if (split_) {
            chosen.tests = half_of_the_largest();
            chosen.hedge = true;
        }
        if (chosen.tests.empty()) return std::nullopt;
        chosen.group = groups_[chosen.tests.front().value()];
        for (const TestIndex test : chosen.tests) where_[test.value()].push_back(sandbox);
        running_[sandbox] = chosen.tests;
        dirty_ = true;
        return chosen;
    }

    Seconds work_from() const override {
        const bool any = !queue_.empty() || (split_ && dirty_);
        return any ? Seconds{0} : Seconds{std::numeric_limits<double>::infinity()};
    }

    std::optional<SandboxNumber> finished(SandboxNumber sandbox, TestIndex test, Seconds /*now*/,
                                          std::optional<Seconds> /*took*/) override {
        auto& places = where_[test.value()];
        std::optional<SandboxNumber> other;
        for (const SandboxNumber place : places) {
            if (place != sandbox) other = place;
        }
        places.clear();
        return other;
    }

    void ended(SandboxNumber sandbox, Seconds /*now*/,
               std::optional<schedule::BatchTime> /*measured*/) override {
        for (const TestIndex test : running_[sandbox]) std::erase(where_[test.value()], sandbox);
        running_.erase(sandbox);
        dirty_ = true;
    }

    void retry(TestIndex test, SandboxNumber /*failed_on*/) override { queue_.push_back({test}); }
    void requeue(std::span<const TestIndex> tests) override {
        requeue_together({tests.begin(), tests.end()}, std::nullopt);
    }
    void requeue_together(std::vector<TestIndex> tests, std::optional<SandboxNumber>) override {
        std::erase_if(tests, [this](TestIndex test) { return runs(test); });
        if (!tests.empty()) queue_.push_back(std::move(tests));
    }
    bool has_queued() const override { return !queue_.empty(); }
    bool has_running() const override { return !running_.empty(); }
    bool runs(TestIndex test) const override { return !where_[test.value()].empty(); }
    std::size_t startable(std::size_t limit) const override {
        return std::min(limit, queue_.size());
    }

  private:
    std::vector<TestIndex> half_of_the_largest() {
        std::vector<TestIndex> most;
        for (const auto& [sandbox, batch] : running_) {
            std::vector<TestIndex> single;
            for (const TestIndex test : batch) {
                if (where_[test.value()].size() == 1) single.push_back(test);
            }
            if (single.size() > most.size()) most = std::move(single);
        }
        if (most.empty()) dirty_ = false;
        most.erase(most.begin(), most.begin() + static_cast<std::ptrdiff_t>(most.size() / 2));
        return most;
    }

    std::vector<std::vector<SandboxNumber>> where_;
    std::vector<GroupIndex> groups_;
    std::deque<std::vector<TestIndex>> queue_;
    std::map<SandboxNumber, std::vector<TestIndex>> running_;
    bool split_;
    bool dirty_ = true;  // something changed since nothing was found to split
};

}  // namespace

std::unique_ptr<Policy> make_policy(const World& world) {
    switch (world.policy) {
        case PolicyKind::RoundRobin:
            return std::make_unique<Static>(world, false, false);
        case PolicyKind::StaticLongestFirst:
            return std::make_unique<Static>(world, true, false);
        case PolicyKind::StaticWithSplits:
            return std::make_unique<Static>(world, true, true);
        case PolicyKind::Ours:
            break;
    }
    return std::make_unique<Ours>(world);
}

}  // namespace offload::simulator

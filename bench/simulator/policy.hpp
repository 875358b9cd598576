// What decides in a simulated run: the real Scheduler, or what it is compared with.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "offload/schedule/scheduler.hpp"
#include "offload/simulator/simulation.hpp"

namespace offload::simulator {

// The part of schedule::Scheduler that a run needs, with its contracts.
class Policy {
  public:
    virtual ~Policy() = default;
    virtual std::optional<schedule::Assignment> next(SandboxNumber sandbox, Seconds now) = 0;
    // `elsewhere`: so many batches could begin in other sandboxes.
    virtual std::vector<TestIndex> more(SandboxNumber /*sandbox*/, Seconds /*now*/,
                                        std::size_t /*elsewhere*/) {
        return {};
    }
    // Until when next() has nothing for anybody unless something else happens first.
    virtual Seconds work_from() const = 0;
    virtual std::optional<SandboxNumber> finished(SandboxNumber sandbox, TestIndex test,
                                                  Seconds now, std::optional<Seconds> took) = 0;
    virtual void ended(SandboxNumber sandbox, Seconds now,
                       std::optional<schedule::BatchTime> measured) = 0;
    virtual void retry(TestIndex test, SandboxNumber failed_on) = 0;
    virtual void requeue(std::span<const TestIndex> tests) = 0;
    virtual void requeue_together(std::vector<TestIndex> tests,
                                  std::optional<SandboxNumber> not_on) = 0;
    virtual bool has_queued() const = 0;
    virtual bool has_running() const = 0;
    virtual bool runs(TestIndex test) const = 0;
    virtual std::size_t startable(std::size_t limit) const = 0;
    virtual std::optional<Seconds> remaining(Seconds /*now*/) const { return std::nullopt; }
    virtual std::optional<BatchCosts> batch_costs() const { return std::nullopt; }
};

std::unique_ptr<Policy> make_policy(const World& world);

}  // namespace offload::simulator

// A provider and a framework without processes, so that the engine is tested for itself.
//
// The framework's "output" is lines: "begin P", "end P passed|failed|skipped", "done".
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "offload/framework/framework.hpp"
#include "offload/model/sink.hpp"
#include "offload/provider/provider.hpp"

namespace offload::engine::test {

// What a test does in one attempt.
enum class Act { Pass, Fail, Crash, Hang };

// What all fakes share, and what the test looks at afterwards. Thread-safe.
struct World {
    std::mutex mutex;
    // By test ID: what its attempts do, one after the other; the last one goes on for ever. A test
    // that is not here passes.
    std::map<std::string, std::vector<Act>> acts;
    // Creations fail while this is above zero; each failure takes one.
    int failing_creations = 0;
    // Execs that fail as the connection does; each takes one.
    int lost_execs = 0;
    bool per_batch = false;
    bool families = false;         // one discovery tells the tests of all groups
    std::set<std::string> untold;  // but not of these
    bool workers = false;          // the framework has them
    bool discovering_workers = false;
    int attempts_told_wrong = 0;  // a worker was told another attempt than its test's next
    int destroying_now = 0;
    int most_destroying = 0;
    bool creations_wait_for_cancel = false;  // and then succeed all the same
    // Called by the sandbox's thread, with its number, before it does that.
    std::function<void(std::uint32_t)> before_creation = [](std::uint32_t) {};
    std::function<void(std::uint32_t)> before_exec = [](std::uint32_t) {};
    // Destructions last until so many of them have begun.
    int meeting_destructions = 0;
    std::condition_variable destruction_began;
    bool told_to_fail_fast = false;  // any batch
    std::string conclusion;          // the framework's last command, for sh; empty: none

    std::vector<std::string> discoveries;           // the groups that commands were for
    std::map<std::string, int> executions;          // that came to an end or a crash
    std::vector<std::vector<std::string>> batches;  // IDs, in order of start
    int created = 0;
    int destroyed = 0;
    std::vector<std::string> download_targets;
    std::vector<std::pair<std::string, std::string>> uploads;  // from, to
    int lost_uploads = 0;                                      // the first ones
    int workers_started = 0;
    int workers_ended_by_themselves = 0;
    std::vector<bool> conclusions;  // that were asked for: whether a test had failed

    Act next_act(const std::string& id);
};

class FakeFramework : public framework::Framework,
                      public framework::JointDiscovery,
                      public framework::Workers,
                      public framework::Concluding {
  public:
    // By group: the IDs that discovery prints.
    FakeFramework(World& world, std::vector<std::vector<std::string>> ids)
        : world_(world), ids_(std::move(ids)) {}

    std::string_view name() const override { return "fake"; }
    VerdictSource verdict_source() const override {
        return world_.per_batch ? VerdictSource::PerBatch : VerdictSource::PerTest;
    }
    const framework::JointDiscovery* joint_discovery() const override { return this; }
    const framework::Workers* workers() const override { return this; }
    const framework::Concluding* concluding() const override { return this; }
    bool discovers_together(const config::Group&, const config::Group&) const override {
        return world_.families;
    }
    Result<framework::DiscoveryCommand> discovery(
        const framework::DiscoveryRequest& request) const override;
    Result<framework::Discovered> read_discovery(const framework::DiscoveryRequest& request,
                                                 const framework::Ended& ended,
                                                 std::string_view out,
                                                 std::string_view err) const override;
    Result<framework::BatchCommand> batch(const framework::BatchRequest& request) const override;
    std::unique_ptr<framework::BatchReader> reader(
        const framework::BatchRequest& request) const override;
    bool has_discovering_worker() const override { return world_.discovering_workers; }
    bool has_worker(const std::shared_ptr<const framework::Carry>&) const override {
        return world_.workers;
    }
    Result<framework::BatchCommand> worker(const framework::BatchRequest& request,
                                           std::chrono::seconds test_limit) const override;
    std::unique_ptr<framework::WorkerTalk> worker_talk(
        const framework::BatchRequest& request) const override;
    std::optional<framework::DiscoveryCommand> conclusion(
        const framework::ConclusionRequest& request) const override;
    framework::Conclusion read_conclusion(const framework::RunContext& context,
                                          const framework::Ended& ended, std::string_view out,
                                          std::string_view err) const override;
    std::size_t command_bytes(std::string_view id) const override { return id.size() + 1; }

  private:
    std::vector<framework::Companion> tell(const framework::Groups& companions) const;

    World& world_;
    std::vector<std::vector<std::string>> ids_;
};

inline provider::Traits fake_traits() {
    provider::Traits traits;
    traits.concurrent_creations = 4;
    return traits;
}

class FakeProvider : public provider::Provider {
  public:
    explicit FakeProvider(World& world) : world_(world) {}

    std::string_view name() const override { return "fake"; }
    provider::Traits traits() const override { return given_traits; }
    provider::Variables environment() const override { return given_environment; }
    std::size_t quoted_bytes(std::string_view piece) const override { return piece.size(); }
    Result<> prepare(const process::CancelToken&, const provider::OutputHandler&) override;
    Result<std::unique_ptr<provider::Sandbox>> create(const provider::SandboxSpec& spec,
                                                      const process::CancelToken&) override;

    provider::Traits given_traits = fake_traits();
    provider::Variables given_environment;
    Result<> preparation = {};

  private:
    World& world_;
};

// Keeps every event.
class Recorder : public Sink {
  public:
    std::string_view name() const override { return "recorder"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override;

    template <class T>
    std::vector<T> all() const {
        std::vector<T> found;
        for (const auto& event : events) {
            if (const auto* body = std::get_if<T>(&event.body)) found.push_back(*body);
        }
        return found;
    }

    std::vector<Event> events;
    std::function<void(const Event&)> on_event;
};

}  // namespace offload::engine::test

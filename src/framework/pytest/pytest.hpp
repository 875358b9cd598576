// pytest, through a plugin of ours that is loaded into the user's own command (offload_pytest.py,
// whose first lines describe how the two talk).
//
// Where the plugin cannot be loaded (a wrapper that starts pytest in another place and passes no
// environment), discovery falls back to reading what `--collect-only -q` prints, and batches to
// IDs on the command line and JUnit XML: "plain mode".
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/framework/framework.hpp"
#include "pytest/options.hpp"

namespace offload::framework {

class PytestFramework final : public Framework,
                              public JointDiscovery,
                              public Workers,
                              public Concluding {
  public:
    // `config.framework` has PytestOptions.
    explicit PytestFramework(const config::Config& config);

    std::string_view name() const override { return "pytest"; }
    // 1: tests failed; 2: the session was stopped, as some do at a failure.
    bool says_tests_failed(int exit_status) const override {
        return exit_status == 1 || exit_status == 2;
    }
    const JointDiscovery* joint_discovery() const override { return this; }
    const Workers* workers() const override { return this; }
    const Concluding* concluding() const override { return this; }
    bool discovers_together(const config::Group& group,
                            const config::Group& companion) const override;
    Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const override;
    Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                      std::string_view out, std::string_view err) const override;
    Result<BatchCommand> batch(const BatchRequest& request) const override;
    std::unique_ptr<BatchReader> reader(const BatchRequest& request) const override;
    bool has_discovering_worker() const override;
    bool has_worker(const std::shared_ptr<const Carry>& carry) const override;
    bool keeps_apart() const override { return leaves_mothers() || forks_for_tests(); }
    Result<BatchCommand> worker(const BatchRequest& request,
                                std::chrono::seconds test_limit) const override;
    std::unique_ptr<WorkerTalk> worker_talk(const BatchRequest& request) const override;

    // Combines and reports coverage, where a batch has measured some.
    std::optional<DiscoveryCommand> conclusion(const ConclusionRequest& request) const override;
    Conclusion read_conclusion(const RunContext& context, const Ended& ended, std::string_view out,
                               std::string_view err) const override;

    // IDs travel in the plan. In plain mode they do not; a command that becomes too long there is
    // halved by the engine.
    std::size_t command_bytes(std::string_view /*id*/) const override { return 0; }

  private:
    // What decides rootdir, ini file and initial conftests: the same in discovery and batches.
    std::vector<std::string> selection(const config::Group& group) const;
    std::vector<std::string> discovery_words(const config::Group& group) const;
    // `{command} {run_args} {filters} {paths}`, less the command.
    std::vector<std::string> run_words(const config::Group& group) const;
    using WordsOf = std::vector<std::string> (PytestFramework::*)(const config::Group&) const;
    // What the plugin must know where it is the first to collect a group, and its companions.
    void add_first_collection(nlohmann::json& plan, const RunContext& context,
                              const config::Group& group, const Groups& companions,
                              WordsOf words_of) const;
    void leave_mother(nlohmann::json& plan, const DiscoveryRequest& request) const;
    bool is_alone(const config::Group& group) const;
    bool is_apart(const config::Group& group) const;
    std::string_view what_is_apart() const;
    // Whether the process that discovers such a group stays to be forked, if it can.
    bool leaves_mothers() const;
    std::string shown_discovery(const config::Group& group) const;
    std::string or_plainly(const std::string& with_plugin, const config::Group& group,
                           const RunContext& context) const;
    BatchCommand with_plan(const BatchRequest& request, const std::string& plan) const;
    // What all processes that discover or run tests are told.
    void add_common(nlohmann::json& plan) const;
    // Whether what runs this collects all there is, or the files of its own tests.
    bool collects_all(const BatchRequest& request, bool is_worker) const;
    BatchCommand plain_batch(const BatchRequest& request) const;
    // Whether the process that discovers may be one that other workers are forks of.
    bool forks_here() const;
    bool may_fork_anywhere() const;
    bool may_fork(const RunContext& context) const;
    // Whether a worker that is no fork, wherever it is, forks for its tests.
    bool forks_for_tests() const;
    // Whether workers of the group in one sandbox elsewhere are forks of the first.
    bool may_be_kin(const BatchRequest& request) const;
    std::optional<ForkedInstead> fork_instead(const BatchRequest& request) const;

    PytestOptions settings_;
    std::string test_id_format_;
    config::WorkerMode worker_;
    std::size_t max_parallel_;
    bool has_neighbours_;  // others run in its sandbox, too
    bool is_local_;        // batches run on this machine
};

}  // namespace offload::framework

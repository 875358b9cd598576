// The user's own commands (config type "default"): one that lists tests, one that runs them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "command/options.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework {

// Results come from JUnit XML where the config names a result file or run_command says
// {result_file}; else the exit status of a batch decides all its tests.
class CommandFramework final : public Framework {
  public:
    explicit CommandFramework(const config::Config& config);

    std::string_view name() const override { return "default"; }
    VerdictSource verdict_source() const override;
    std::vector<std::string> warnings() const override;
    Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const override;
    Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                      std::string_view out, std::string_view err) const override;
    Result<BatchCommand> batch(const BatchRequest& request) const override;
    std::unique_ptr<BatchReader> reader(const BatchRequest& request) const override;
    std::size_t command_bytes(std::string_view id) const override;

  private:
    std::string result_path(const RunContext& context) const;

    CommandOptions settings_;
    std::string id_format_;
    bool one_test_a_batch_;  // in all groups
};

}  // namespace offload::framework

// vitest, through a reporter of ours that its own command line loads (offload_vitest_reporter.mjs,
// whose first lines describe how the two talk).
//
// Tests of a file are one bond, so a file is imported, and its snapshots written, by one process at
// a time, as without Offload. A batch runs its files one after the other; beside it others run
// theirs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "offload/framework/framework.hpp"
#include "runner_words.hpp"
#include "vitest/options.hpp"

namespace offload::framework {

class VitestFramework final : public Framework {
  public:
    // `config.framework` has VitestOptions.
    explicit VitestFramework(const config::Config& config);

    std::string_view name() const override { return "vitest"; }
    bool says_tests_failed(int exit_status) const override { return exit_status == 1; }
    Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const override;
    Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                      std::string_view out, std::string_view err) const override;
    Result<BatchCommand> batch(const BatchRequest& request) const override;
    std::unique_ptr<BatchReader> reader(const BatchRequest& request) const override;

    // IDs travel in the plan.
    std::size_t command_bytes(std::string_view /*id*/) const override { return 0; }

  private:
    // `vitest run` with what both discovery and batches are called with.
    Words words_for(const config::Group& group, const Words& own) const;
    std::string with_plan(const RunContext& context, const Words& words) const;

    VitestOptions settings_;
};

}  // namespace offload::framework

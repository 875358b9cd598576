// CTest: lists with `ctest --show-only=json-v1`, runs with ctest itself, so that every property of
// a test keeps the meaning that it has there.
//
// A batch runs ctest in a folder of its own, whose CTestTestfile.cmake refers to the real build
// folder: so batches that run at the same time share no Testing/Temporary, and nothing that ctest
// remembers there is lost. Tests are named by ctest's numbers, never by regular expressions, which
// have a length limit and names that they cannot tell apart. On this machine the numbers are those
// that discovery found; elsewhere the batch looks them up by name.
//
// Tests of one fixture, and those that DEPENDS puts in an order, are one bond: they run in one
// batch, and no other batch sets the same fixture up at the same time.
//
// With `gtest_batches`, cases of one GoogleTest program go through one process before ctest runs
// those that it has not seen pass: see together.hpp.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "discovery.hpp"
#include "offload/framework/framework.hpp"
#include "options.hpp"

namespace offload::framework {

class CtestFramework final : public Framework, public JointDiscovery {
  public:
    explicit CtestFramework(const config::Config& config);

    std::string_view name() const override { return "ctest"; }
    bool says_tests_failed(int exit_status) const override { return exit_status == 8; }
    const JointDiscovery* joint_discovery() const override { return this; }
    // One command lists the tests of all groups. Besides, projects whose tests are found when
    // ctest starts (DISCOVERY_MODE PRE_TEST) write files then, which two must not do at a time.
    bool discovers_together(const config::Group& /*group*/,
                            const config::Group& /*companion*/) const override {
        return true;
    }
    Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const override;
    Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                      std::string_view out, std::string_view err) const override;
    Result<BatchCommand> batch(const BatchRequest& request) const override;
    std::unique_ptr<BatchReader> reader(const BatchRequest& request) const override;

    // Numbers travel in a file.
    std::size_t command_bytes(std::string_view /*id*/) const override { return 0; }

  private:
    std::vector<std::string> ctest_words() const;
    std::string shown(const config::Group& group) const;
    void run_programs(const BatchRequest& request, const ctest::Known& known,
                      const ctest::Arguments& arguments, const std::string& base,
                      BatchCommand& batch) const;

    CtestOptions settings_;
    std::chrono::seconds test_limit_;
    bool one_machine_;  // all sandboxes are processes here
};

}  // namespace offload::framework

// cargo-nextest: lists with `cargo nextest list`, runs with `cargo nextest run`.
//
// On this machine the build is made once, by discovery; batches are handed its metadata and neither
// build nor ask cargo anything. Elsewhere the first batch of a group in a sandbox builds, and
// leaves that metadata for those that follow; or discovery archives its build, which every sandbox
// gets and unpacks (archive.hpp).
//
// On this machine a worker starts the test binaries itself, as nextest would, where nextest is told
// of nothing that a worker does not do (binaries.hpp, worker.hpp). Else there are batches.
//
// A batch runs under a nextest profile of its own, which takes over all that the user's profile
// says and changes what a batch must decide: which tests run, where the JUnit file goes, and that
// nothing is retried (Offload does).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cargo/discovery.hpp"
#include "cargo/nextest_args.hpp"
#include "cargo/options.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework {

class CargoFramework final : public Framework, private Workers {
  public:
    explicit CargoFramework(const config::Config& config);

    std::string_view name() const override { return "cargo"; }
    bool says_tests_failed(int exit_status) const override { return exit_status == 100; }
    Result<DiscoveryCommand> discovery(const DiscoveryRequest& request) const override;
    Result<Discovered> read_discovery(const DiscoveryRequest& request, const Ended& ended,
                                      std::string_view out, std::string_view err) const override;
    Result<BatchCommand> batch(const BatchRequest& request) const override;
    std::unique_ptr<BatchReader> reader(const BatchRequest& request) const override;

    const Workers* workers() const override { return runs_in_workers_ ? this : nullptr; }

    // IDs travel in the nextest configuration that a batch carries.
    std::size_t command_bytes(std::string_view /*id*/) const override { return 0; }

  private:
    bool has_discovering_worker() const override { return false; }
    bool has_worker(const std::shared_ptr<const Carry>& carry) const override;
    bool works_elsewhere() const override { return false; }
    Result<BatchCommand> worker(const BatchRequest& request,
                                std::chrono::seconds test_limit) const override;
    std::unique_ptr<WorkerTalk> worker_talk(const BatchRequest& request) const override;

    // The group's filters behind what [framework] says.
    std::vector<std::string> listing_words(const config::Group& group) const;
    // Error: what the user's arguments or [framework] ask for cannot be done.
    Result<nextest::Listing> listing_of(const DiscoveryRequest& request) const;
    // Without folder and extension. Groups whose archives would be the same share one.
    std::string archive_name(const nextest::Arguments& arguments) const;

    CargoOptions settings_;
    std::vector<config::Group> groups_;
    std::string id_format_;
    bool runs_in_workers_;
};

}  // namespace offload::framework

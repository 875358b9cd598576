// Sandboxes that the user's own commands make, drive and destroy (`type = "default"`).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "offload/provider/images.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

struct CommandShared;  // what all its sandboxes refer to

class CommandProvider final : public Provider, public MakesImages {
  public:
    // `config.provider` has CommandOptions.
    // Error: a command names a bundled script that does not exist.
    static Result<std::unique_ptr<Provider>> create_from(const config::Config& config);

    std::string_view name() const override { return "default"; }
    Traits traits() const override;
    std::size_t quoted_bytes(std::string_view piece) const override;
    Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) override;
    // A creation that has begun when `cancel` comes may finish within some seconds, so that its
    // sandbox is known and can be destroyed.
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken& cancel) override;
    std::unique_ptr<Sandbox> place_in(const std::string& id, const SandboxSpec& spec) override;
    Result<> destroy_by_id(const std::string& id, SteadyTime deadline) override;
    Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                            SteadyTime deadline) override;
    void forget_run(const std::string& run_id) override;
    std::string image() const override;
    ~CommandProvider() override;

  private:
    explicit CommandProvider(std::shared_ptr<CommandShared> shared) : shared_(std::move(shared)) {}
    Result<> prepare_image(bool no_cache, const process::CancelToken& cancel,
                           const OutputHandler& progress);
    Result<std::string> create_from_image(const SandboxSpec& spec, const std::string& image,
                                          const process::CancelToken& cancel);
    bool renew_image(const std::string& vanished, const process::CancelToken& cancel);

    std::shared_ptr<CommandShared> shared_;
    mutable std::mutex mutex_;  // guards what follows
    std::string image_id_;
    bool image_renewed_ = false;
    std::optional<std::string> run_id_;  // whose creations are on record
};

}  // namespace offload::provider

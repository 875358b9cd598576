// Sandboxes at Modal (`type = "modal"`), through one bridge process for all of them.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "modal/bridge.hpp"
#include "offload/config/config.hpp"
#include "offload/provider/images.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

struct ModalShared {
    explicit ModalShared(std::string script) : bridge(std::move(script)) {}

    Bridge bridge;
    std::string root;  // in the sandbox
    Variables env;     // of every sandbox
};

class ModalProvider final : public Provider, public MakesImages, public KeepsCheckpoints {
  public:
    // `config.provider` has ModalOptions. Starts nothing yet.
    // Error: the bundled script cannot be written to the cache folder.
    static Result<std::unique_ptr<Provider>> create_from(const config::Config& config);

    std::string_view name() const override { return "modal"; }
    Traits traits() const override;
    std::size_t quoted_bytes(std::string_view piece) const override { return piece.size(); }
    Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) override;
    // A creation that has begun when `cancel` comes may finish within some seconds; later its
    // sandbox is destroyed by the bridge.
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken& cancel) override;
    std::unique_ptr<Sandbox> place_in(const std::string& id, const SandboxSpec& spec) override;
    Result<> destroy_by_id(const std::string& id, SteadyTime deadline) override;
    // By the tags that each sandbox carries.
    Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                            SteadyTime deadline) override;
    std::string image() const override;
    Result<checkpoint::Facts> checkpoint_facts(const std::string& remote,
                                               const process::CancelToken& cancel,
                                               const OutputHandler& progress) override;

  private:
    ModalProvider(std::shared_ptr<ModalShared> shared, std::string script,
                  const config::Config& config);

    // Builds `vanished` anew, unless another thread has; an image is built twice at most.
    Result<> replace_image(const std::string& vanished, const process::CancelToken& cancel);
    Result<std::string> build(const process::CancelToken& cancel, const OutputHandler& progress);
    // The image that the user has named, which nobody can build again.
    Result<std::string> given_image(const process::CancelToken& cancel);

    std::shared_ptr<ModalShared> shared_;
    std::string script_;
    config::Config config_;
    std::optional<std::string> given_;  // the image that the user has named
    nlohmann::json wanted_;             // the image
    nlohmann::json options_;            // of each sandbox
    mutable std::mutex mutex_;
    std::mutex rebuilding_;
    std::string image_;
    bool rebuilt_ = false;
};

}  // namespace offload::provider

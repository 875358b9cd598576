// Sandboxes at Modal (`type = "modal"`), through one bridge process for all of them.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "modal/bridge.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

struct ModalShared {
    explicit ModalShared(std::string script) : bridge(std::move(script)) {}

    Bridge bridge;
    std::string root;  // in the sandbox
    Variables env;     // of every sandbox
};

class ModalProvider final : public Provider {
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
    Result<> destroy_by_id(const std::string& id, SteadyTime deadline) override;
    // By the tags that each sandbox carries.
    Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                            SteadyTime deadline) override;

  private:
    ModalProvider(std::shared_ptr<ModalShared> shared, const config::Config& config);

    std::string image() const;
    // Builds `vanished` anew, unless another thread has; an image is built twice at most.
    Result<> replace_image(const std::string& vanished, const process::CancelToken& cancel);
    Result<std::string> build(const process::CancelToken& cancel, const OutputHandler& progress);

    std::shared_ptr<ModalShared> shared_;
    nlohmann::json wanted_;   // the image
    nlohmann::json options_;  // of each sandbox
    mutable std::mutex mutex_;
    std::mutex rebuilding_;
    std::string image_;
    bool rebuilt_ = false;
};

}  // namespace offload::provider

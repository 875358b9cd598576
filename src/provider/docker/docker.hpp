// Sandboxes that are containers of a Docker Engine or of Podman (`type = "docker"`), made and
// driven through the engine's API.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "container.hpp"
#include "image.hpp"
#include "offload/provider/images.hpp"
#include "offload/provider/provider.hpp"
#include "sandbox.hpp"

namespace offload::provider::docker {

class DockerProvider final : public Provider, public MakesImages {
  public:
    // `config.provider` holds DockerOptions, whose paths are relative to the current folder. Asks
    // the engine nothing yet. Error: a host that is no Unix socket.
    static Result<std::unique_ptr<Provider>> create_from(const config::Config& config);

    std::string_view name() const override { return "docker"; }
    Traits traits() const override;
    std::size_t quoted_bytes(std::string_view piece) const override;
    Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) override;
    // A creation that has begun when `cancel` comes may finish within some seconds; what it leaves
    // half made is removed.
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken& cancel) override;
    std::unique_ptr<Sandbox> place_in(const std::string& id, const SandboxSpec& spec) override;
    Result<> destroy_by_id(const std::string& id, SteadyTime deadline) override;
    // Both by the labels that each container carries.
    Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                            SteadyTime deadline) override;
    Result<std::vector<Abandoned>> abandoned(SteadyTime deadline) override;
    std::string image() const override;
    ~DockerProvider() override;

  private:
    DockerProvider(std::shared_ptr<const Shared> shared, WantedImage image,
                   ContainerOptions options);

    // Makes the one that has vanished anew, unless another thread has; twice at most.
    Result<> replace_image(const std::string& vanished, const process::CancelToken& cancel);
    ContainerOptions options_for(const SandboxSpec& spec, const std::string& image) const;
    Result<Answer> request(const std::string& name, const ContainerOptions& options,
                           const process::Limits& limits) const;
    Result<std::string> start(const SandboxSpec& spec, const process::CancelToken& cancel);

    std::shared_ptr<const Shared> shared_;
    const WantedImage wanted_;
    const ContainerOptions options_;
    std::mutex renewing_;       // the image, by one thread
    mutable std::mutex mutex_;  // guards what follows
    std::string image_;
    bool renewed_ = false;
    std::string unsure_run_;  // of which containers may come to be that nobody has heard of
};

}  // namespace offload::provider::docker

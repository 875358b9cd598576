// Sandboxes on this machine: each a temporary folder, an environment, and process groups of its
// own. They share the working folder.
#pragma once

#include <filesystem>
#include <string>

#include "offload/provider/provider.hpp"

namespace offload::provider {

class LocalProvider final : public Provider {
  public:
    // `config.provider` has LocalOptions; `working_folder` is absolute.
    LocalProvider(const config::Config& config, std::string working_folder);

    std::string_view name() const override { return "local"; }
    Traits traits() const override;
    Variables environment() const override { return env_; }
    std::size_t quoted_bytes(std::string_view piece) const override { return piece.size(); }
    Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) override;
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken& cancel) override;
    // Ends what carries its mark, and removes its temporary folder.
    Result<> destroy_by_id(const std::string& id, SteadyTime deadline) override;
    // Its name is known before it is made.
    Result<std::string> unfinished_creation(const std::string& run_id, SandboxNumber number,
                                            SteadyTime deadline) override;

  private:
    std::string working_folder_;
    std::string shell_;
    std::filesystem::path reports_;  // absolute
    timespec began_;
    Variables env_;  // of every sandbox
    std::vector<config::CopyDir> copies_;
};

}  // namespace offload::provider

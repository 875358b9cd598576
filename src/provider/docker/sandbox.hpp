// One container, and the commands that run in it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../remote/sandbox.hpp"
#include "engine.hpp"

namespace offload::provider::docker {

// What all sandboxes of a run refer to.
struct Shared {
    Engine engine;
    std::string root;  // in the containers; empty: where the image says
    Variables env;     // of every sandbox
    std::optional<double> memory_gb;
};

// The arguments that make a shell in the container carry out `script`, which may be longer than one
// argument. Nothing when it is longer than all together. Pure.
std::optional<std::vector<std::string>> script_arguments(const std::string& script);

class DockerSandbox final : public RemoteSandbox {
  public:
    DockerSandbox(std::shared_ptr<const Shared> shared, const SandboxSpec& spec, std::string id);

    bool fits(const ExecRequest& request) const override;
    Result<> destroy(SteadyTime deadline) override;

  private:
    Conversation converse(const std::string& nonce, const std::string& script,
                          const process::Limits& limits, const ScriptInput& input,
                          const FrameHandler& on_frame, const OutputHandler& output) override;
    Error transport_error(const Conversation& talk, std::string_view what) const override;
    std::optional<Seconds> longest_silence() const override;
    // In one sentence; empty where it lives. Where an exec has ended with `unexplained`, its
    // container has to prove that.
    std::string what_became_of_it(bool unexplained) const;
    bool runs_commands() const;

    std::shared_ptr<const Shared> shared_;
};

}  // namespace offload::provider::docker

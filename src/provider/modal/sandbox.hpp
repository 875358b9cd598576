// One sandbox of the Modal provider.
#pragma once

#include <memory>
#include <string>

#include "modal/modal.hpp"
#include "remote/sandbox.hpp"

namespace offload::provider {

// That it is gone already is no error. A bridge that dies meanwhile is asked once more.
Result<> destroy_modal_sandbox(Bridge& bridge, const std::string& id, SteadyTime deadline);

class ModalSandbox final : public RemoteSandbox {
  public:
    ModalSandbox(const std::shared_ptr<ModalShared>& shared, const SandboxSpec& spec,
                 std::string id);

    Result<> destroy(SteadyTime deadline) override;

  private:
    Conversation converse(const std::string& nonce, const std::string& script,
                          const process::Limits& limits, const ScriptInput& input,
                          const FrameHandler& on_frame, const OutputHandler& output) override;
    Error transport_error(const Conversation& talk, std::string_view what) const override;

    std::shared_ptr<ModalShared> shared_;
};

}  // namespace offload::provider

// Builds the image of a run with a checkpoint: the base, where nobody has built it yet, and what
// the working tree has beyond it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "modal/bridge.hpp"
#include "modal/checkpoint_view.hpp"
#include "offload/base/error.hpp"

namespace offload::provider {

class CheckpointBuild {
  public:
    // `wanted`: the image as the bridge is asked for it where no checkpoint can be had. All outlive
    // this.
    CheckpointBuild(Bridge& bridge, CheckpointView& view, const nlohmann::json& wanted,
                    process::CancelToken cancel, OutputHandler progress);

    // The image's ID. A base that is gone, or not ours to use, is built again and noted anew.
    Result<std::string> image();

  private:
    struct Base {
        std::string image_id;
        std::string tree;  // digest of the sources in it
    };

    BridgeAnswer ask(std::string_view op, nlohmann::json fields);
    BridgeAnswer on(const Base& base);
    // Of the entry that serves; nothing where there is none any more.
    Result<std::optional<std::string>> from_note(const checkpoint::Entry& entry);
    Result<std::string> from_checkpoint();
    Result<std::string> from_working_tree(const checkpoint::Decision& decision);
    Result<Base> build_base(const std::string& tree);

    Bridge& bridge_;
    CheckpointView& view_;
    const nlohmann::json& wanted_;
    process::CancelToken cancel_;
    OutputHandler progress_;
};

}  // namespace offload::provider

// What a provider may be besides: one that makes images, which can be made and looked at without a
// run. Whoever wants that asks a Provider with dynamic_cast.
#pragma once

#include <string>

#include "offload/base/error.hpp"
#include "offload/checkpoint/decision.hpp"
#include "offload/config/config.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

class MakesImages {
  public:
    virtual ~MakesImages() = default;

    // What sandboxes are made of, once Provider::prepare() has succeeded; empty: of no image.
    virtual std::string image() const = 0;
};

// Its images have the base that [checkpoint] speaks of.
class KeepsCheckpoints {
  public:
    virtual ~KeepsCheckpoints() = default;

    // What is known for the next run, with its files counted, after the notes have been fetched
    // from `remote` (empty: the usual one). Nothing is built. That the remote cannot be reached is
    // told to `progress`. Error: cancelled, or there is no [checkpoint].
    virtual Result<checkpoint::Facts> checkpoint_facts(const std::string& remote,
                                                       const process::CancelToken& cancel,
                                                       const OutputHandler& progress) = 0;
};

// From here on, the config's sandboxes are made of the image with this ID, whatever is in it;
// nothing is built. Error: its kind of provider has no such images.
Result<> use_image(config::Config& config, const std::string& image_id);

}  // namespace offload::provider

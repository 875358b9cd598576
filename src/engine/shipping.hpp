// Large files of this machine on their way into one sandbox.
#pragma once

#include <semaphore>
#include <set>
#include <span>
#include <string>

#include "offload/base/error.hpp"
#include "offload/framework/framework.hpp"
#include "offload/process/cancel.hpp"
#include "offload/provider/provider.hpp"

namespace offload::engine {

// So many sandboxes get files at once: they share one way out of this machine.
constexpr std::ptrdiff_t kShipmentsAtOnce = 8;

class Shipping {
  public:
    explicit Shipping(std::counting_semaphore<>& at_once) : at_once_(at_once) {}

    // Returns when all of them stand in the sandbox. Those that do already are not sent again.
    // Error: one did not arrive; its kind says whether that was cancelled.
    Result<> ship(provider::Sandbox& sandbox, std::span<const framework::ShippedFile> files,
                  const process::CancelToken& cancel);

  private:
    std::counting_semaphore<>& at_once_;
    std::set<std::string> there_;  // paths in the sandbox
};

}  // namespace offload::engine

// Several of a run's sandboxes are one of the provider's: each has a folder and execs of its own
// there. Whoever comes first makes it, the others wait; whoever leaves last destroys it. As soon as
// one has left, nobody else comes: what it ran may go on there.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "offload/provider/provider.hpp"

namespace offload::provider {

class SharedSandboxes final : public Provider {
  public:
    // `provider` has Traits::same_machine false. `places`: at least 2, in each of its sandboxes.
    SharedSandboxes(std::unique_ptr<Provider> provider, std::size_t places)
        : provider_(std::move(provider)), places_(places) {}

    std::string_view name() const override { return provider_->name(); }
    Traits traits() const override;
    Variables environment() const override { return provider_->environment(); }
    std::size_t quoted_bytes(std::string_view piece) const override {
        return provider_->quoted_bytes(piece);
    }
    Result<> prepare(const process::CancelToken& cancel, const OutputHandler& progress) override {
        return provider_->prepare(cancel, progress);
    }
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken& cancel) override;
    void forget_run(const std::string& run_id) override { provider_->forget_run(run_id); }

  private:
    struct Host;
    class Member;

    // The host that this one may come to, or shall make (`leads`). Nothing: it was cancelled.
    std::shared_ptr<Host> join(const process::CancelToken& cancel, bool& leads);

    std::unique_ptr<Provider> provider_;
    std::size_t places_;
    std::mutex mutex_;  // of all hosts
    std::condition_variable changed_;
    std::shared_ptr<Host> newest_;
};

}  // namespace offload::provider

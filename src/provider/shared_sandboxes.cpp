#include "shared_sandboxes.hpp"

#include <chrono>
#include <utility>

namespace offload::provider {
namespace {

constexpr std::chrono::milliseconds kLook{100};  // for a cancellation, while another one creates

}  // namespace

struct SharedSandboxes::Host {
    enum class State { InTheMaking, Stands, Failed };
    State state = State::InTheMaking;
    std::unique_ptr<Sandbox> sandbox;  // the first member's
    std::size_t members = 1;
    bool open = true;  // to others
};

class SharedSandboxes::Member final : public Sandbox {
  public:
    // `own`: this one's part of the host. Null: that of the host itself.
    Member(SharedSandboxes& all, std::shared_ptr<Host> host, std::unique_ptr<Sandbox> own)
        : all_(all),
          host_(std::move(host)),
          own_(std::move(own)),
          part_(own_ ? *own_ : *host_->sandbox) {}

    const std::string& id() const override { return part_.id(); }
    const std::string& folder() const override { return part_.folder(); }
    std::string common_folder() const override { return host_->sandbox->folder(); }
    bool fits(const ExecRequest& request) const override { return part_.fits(request); }
    ExecReply exec(const ExecRequest& request, const OutputHandler& output) override {
        return part_.exec(request, output);
    }
    Result<> upload(const Upload& upload) override { return part_.upload(upload); }
    Result<Artefacts> download(const ArtefactRequest& request) override {
        return part_.download(request);
    }
    Result<> destroy(SteadyTime deadline) override {
        {
            const std::scoped_lock lock(all_.mutex_);
            host_->open = false;
            if (!std::exchange(has_left_, true)) is_last_ = --host_->members == 0;
        }
        return is_last_ ? host_->sandbox->destroy(deadline) : Result<>();
    }

  private:
    SharedSandboxes& all_;
    std::shared_ptr<Host> host_;
    std::unique_ptr<Sandbox> own_;
    Sandbox& part_;
    bool has_left_ = false;
    bool is_last_ = false;
};

Traits SharedSandboxes::traits() const {
    auto traits = provider_->traits();
    traits.concurrent_creations *= places_;
    traits.concurrent_destructions *= places_;
    return traits;
}

std::shared_ptr<SharedSandboxes::Host> SharedSandboxes::join(const process::CancelToken& cancel,
                                                             bool& leads) {
    std::unique_lock lock(mutex_);
    while (!cancel.cancelled()) {
        if (!newest_ || !newest_->open || newest_->members == places_) {
            leads = true;
            return newest_ = std::make_shared<Host>();
        }
        const auto host = newest_;
        ++host->members;
        while (host->state == Host::State::InTheMaking && !cancel.cancelled()) {
            changed_.wait_for(lock, kLook);
        }
        if (host->state == Host::State::Stands) return host;
        // Where it failed somebody else tries. Whoever makes it is a member until it stands.
        --host->members;
    }
    return nullptr;
}

Result<std::unique_ptr<Sandbox>> SharedSandboxes::create(const SandboxSpec& spec,
                                                         const process::CancelToken& cancel) {
    bool leads = false;
    auto host = join(cancel, leads);
    if (!host) {
        return fail(
            Error{"the creation of a sandbox was cancelled"}.with_kind(ErrorKind::Cancelled));
    }
    if (!leads) {
        auto own = provider_->place_in(host->sandbox->id(), spec);
        return std::make_unique<Member>(*this, std::move(host), std::move(own));
    }
    auto made = provider_->create(spec, cancel);
    {
        const std::scoped_lock lock(mutex_);
        host->state = made ? Host::State::Stands : Host::State::Failed;
        host->open = made.has_value();
        if (made) host->sandbox = *std::move(made);
    }
    changed_.notify_all();
    if (!made) return fail(std::move(made).error());
    return std::make_unique<Member>(*this, std::move(host), nullptr);
}

std::unique_ptr<Provider> with_places(std::unique_ptr<Provider> provider, std::size_t places) {
    if (places == 1) return provider;
    return std::make_unique<SharedSandboxes>(std::move(provider), places);
}

}  // namespace offload::provider

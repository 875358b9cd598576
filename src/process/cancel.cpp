#include "offload/process/cancel.hpp"

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "offload/process/wake.hpp"

namespace offload::process {

namespace detail {

// Locks are taken from parent to child only.
struct CancelState {
    std::atomic<bool> cancelled{false};
    std::mutex mutex;  // guards all that follows
    std::optional<Wake> wake;
    std::vector<std::weak_ptr<CancelState>> children;
    std::size_t prune_at = 16;
    // Keeps the way from a grandparent open when the source between is gone.
    std::shared_ptr<CancelState> parent;

    void cancel();
    void adopt(const std::shared_ptr<CancelState>& child);
    int descriptor();
};

void CancelState::cancel() {
    std::vector<std::weak_ptr<CancelState>> to_tell;
    {
        const std::lock_guard lock(mutex);
        if (cancelled.exchange(true)) return;
        if (wake) wake->ring();
        to_tell.swap(children);
    }
    for (const auto& weak : to_tell) {
        if (const auto child = weak.lock()) child->cancel();
    }
}

void CancelState::adopt(const std::shared_ptr<CancelState>& child) {
    {
        const std::lock_guard lock(mutex);
        if (!cancelled) {
            if (children.size() >= prune_at) {
                std::erase_if(children, [](const auto& weak) { return weak.expired(); });
                prune_at = 2 * children.size() + 16;
            }
            children.push_back(child);
            return;
        }
    }
    child->cancel();
}

int CancelState::descriptor() {
    const std::lock_guard lock(mutex);
    if (!wake || wake->descriptor() < 0) {
        wake.emplace();
        if (cancelled) wake->ring();
    }
    return wake->descriptor();
}

}  // namespace detail

bool CancelToken::cancelled() const { return state_ != nullptr && state_->cancelled; }

int CancelToken::descriptor() const { return state_ == nullptr ? -1 : state_->descriptor(); }

CancelSource::CancelSource() : state_(std::make_shared<detail::CancelState>()) {}

CancelSource CancelSource::child_of(const CancelSource& parent) {
    CancelSource child;
    child.state_->parent = parent.state_;
    parent.state_->adopt(child.state_);
    return child;
}

CancelToken CancelSource::token() const { return CancelToken(state_); }

void CancelSource::cancel() { state_->cancel(); }

}  // namespace offload::process

// Cancellation that wakes poll(2).
//
// A CancelSource is owned by whoever may cancel; its tokens are copied to those who must stop. Once
// cancelled, always cancelled. Thread-safe.
#pragma once

#include <memory>
#include <utility>

namespace offload::process {

namespace detail {
struct CancelState;
}

class CancelToken {
  public:
    CancelToken() = default;  // never cancelled
    bool cancelled() const;
    bool can_be_cancelled() const { return state_ != nullptr; }
    // Readable once cancelled; made on first use and valid as long as this token. -1 for a token
    // that never is cancelled, and where no descriptor is to be had: then cancelled() must be asked
    // from time to time.
    int descriptor() const;

  private:
    friend class CancelSource;
    explicit CancelToken(std::shared_ptr<detail::CancelState> state) : state_(std::move(state)) {}
    std::shared_ptr<detail::CancelState> state_;
};

class CancelSource {
  public:
    CancelSource();
    // A source that is cancelled by its own cancel() or by its parent's, whichever comes first.
    static CancelSource child_of(const CancelSource& parent);
    CancelToken token() const;
    void cancel();

  private:
    std::shared_ptr<detail::CancelState> state_;
};

}  // namespace offload::process

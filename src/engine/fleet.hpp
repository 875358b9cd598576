// Which sandboxes live, and whether more may be made.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "executor.hpp"
#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/process/cancel.hpp"

namespace offload::engine {

enum class Phase { Creating, Idle, Busy, Ending };

struct SandboxState {
    SandboxNumber number;
    SlotNumber slot;
    Phase phase = Phase::Creating;
    bool told_to_stop = false;
    std::string id;  // once it is up
    std::unique_ptr<Executor> executor;
};

// Owned by the dispatcher, used on its thread alone. Its end waits for all executors, which must
// have been told to stop.
class Fleet {
  public:
    Fleet(ExecutorShared& shared, std::size_t slots, std::size_t concurrent_creations);

    // Where the next create() will put its sandbox. Pre-condition: may_create().
    provider::SandboxSpec next_spec() const;
    // A new sandbox as next_spec() says. Pre-condition: may_create(). Error: no thread can be had.
    Result<> create();

    // A slot is free, not too many are being made, and the provider is not failing right now.
    bool may_create(SteadyTime now) const;
    std::size_t free_slots() const;
    // The provider fails again and again: no further attempt makes sense.
    bool creation_hopeless() const;

    void creation_succeeded();
    // Failures that come together count once; each makes the next attempt wait longer.
    void creation_failed(SteadyTime now, Error error);
    const std::optional<Error>& last_creation_error() const { return last_error_; }

    SandboxState* find(SandboxNumber number);
    void remove(SandboxNumber number);  // its executor has sent its last message
    std::vector<SandboxState*> in_phase(Phase phase);
    std::size_t count(Phase phase) const;
    std::size_t alive() const { return sandboxes_.size(); }

    // Tells those that are up to end after what they do now, and cancels creations.
    void stop_all();
    // Ends running batches early, too.
    void cancel_all();
    static void retire(SandboxState& sandbox);

  private:
    ExecutorShared& shared_;
    std::size_t concurrent_creations_;
    std::vector<bool> slots_;  // taken?
    std::size_t next_number_ = 0;
    std::map<SandboxNumber, SandboxState> sandboxes_;
    process::CancelSource creation_cancel_;
    std::size_t failures_in_a_row_ = 0;
    SteadyTime next_attempt_{};
    std::optional<Error> last_error_;
};

}  // namespace offload::engine

// Which sandboxes live, and whether more may be made.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "creation_pace.hpp"
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
    SteadyTime began;  // when it was asked for
    Phase phase = Phase::Creating;
    BatchNumber batch;  // while it is busy
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

    // A slot is free, and the pace allows it. While sandboxes live, a provider that fails is asked
    // again from time to time; where there is none, it is not once it is hopeless.
    bool may_create(SteadyTime now) const;
    std::size_t free_slots() const;
    // The provider fails again and again, and there is no sandbox.
    bool creation_hopeless() const;

    void creation_succeeded();
    // `began`: of the attempt that failed.
    void creation_failed(SteadyTime began, SteadyTime now, Error error);
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
    std::vector<bool> slots_;  // taken?
    std::size_t next_number_ = 0;
    std::map<SandboxNumber, SandboxState> sandboxes_;
    process::CancelSource creation_cancel_;
    CreationPace pace_;
    std::optional<Error> last_error_;
};

}  // namespace offload::engine

// Which sandboxes live, and whether more may be made.
#pragma once

#include <array>
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

// How many sandboxes are in each phase; the dispatcher asks at every turn.
class PhaseCounts {
  public:
    std::size_t of(Phase phase) const { return counts_[index(phase)]; }

  private:
    friend class CountedPhase;
    static std::size_t index(Phase phase) { return static_cast<std::size_t>(phase); }
    std::array<std::size_t, 4> counts_{};
};

// A Phase that is counted for as long as it lasts. `counts` must outlive it.
class CountedPhase {
  public:
    CountedPhase(Phase phase, PhaseCounts& counts) : phase_(phase), counts_(counts) { ++mine(); }
    CountedPhase(const CountedPhase&) = delete;
    CountedPhase& operator=(const CountedPhase&) = delete;
    ~CountedPhase() { --mine(); }

    CountedPhase& operator=(Phase phase) {
        --mine();
        phase_ = phase;
        ++mine();
        return *this;
    }
    operator Phase() const { return phase_; }

  private:
    std::size_t& mine() { return counts_.counts_[PhaseCounts::index(phase_)]; }

    Phase phase_;
    PhaseCounts& counts_;
};

struct SandboxState {
    explicit SandboxState(PhaseCounts& counts) : phase(Phase::Creating, counts) {}

    SandboxNumber number;
    SlotNumber slot;
    SteadyTime began;  // when it was asked for
    CountedPhase phase;
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

    // Where the next create() will put its sandbox: the lowest free slot, but those in which
    // creations have failed last, for users may spread slots over machines. Pre-condition:
    // may_create().
    provider::SandboxSpec next_spec() const;
    // A new sandbox as next_spec() says. Pre-condition: may_create(). Error: no thread can be had.
    Result<> create();

    // A slot is free, and the pace allows it. While sandboxes live, a provider that fails is asked
    // again from time to time; where there is none, it is not once it is hopeless.
    bool may_create(SteadyTime now) const;
    std::size_t free_slots() const;
    // The provider fails again and again, and there is no sandbox.
    bool creation_hopeless() const;

    void creation_succeeded(SandboxNumber number);
    // Removes the sandbox that did not come to be.
    void creation_failed(SandboxNumber number, SteadyTime now, Error error);
    // The attempt could not even be made.
    void creation_not_begun(SteadyTime now, Error error);
    const std::optional<Error>& last_creation_error() const { return last_error_; }

    SandboxState* find(SandboxNumber number);
    void remove(SandboxNumber number);  // its executor has sent its last message
    std::vector<SandboxState*> in_phase(Phase phase);
    std::size_t count(Phase phase) const { return counts_.of(phase); }
    std::size_t alive() const { return sandboxes_.size(); }

    // Tells those that are up to end after what they do now, and cancels creations.
    void stop_all();
    // Ends running batches early, too.
    void cancel_all();
    static void retire(SandboxState& sandbox);

  private:
    struct Slot {
        bool taken = false;
        std::size_t failures = 0;  // creations in a row
    };

    ExecutorShared& shared_;
    std::vector<Slot> slots_;
    std::size_t next_number_ = 0;
    PhaseCounts counts_;
    std::map<SandboxNumber, SandboxState> sandboxes_;
    process::CancelSource creation_cancel_;
    CreationPace pace_;
    std::optional<Error> last_error_;
};

}  // namespace offload::engine

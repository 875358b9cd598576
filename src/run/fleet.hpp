// Which sandboxes live, what each is at, and whether more may be made.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "creation_pace.hpp"
#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/model/ids.hpp"
#include "offload/run/action.hpp"
#include "offload/run/message.hpp"
#include "offload/run/settings.hpp"
#include "outbox.hpp"

namespace offload::run {

enum class Phase { Creating, Idle, Busy, Ending };

// How many sandboxes are in each phase; asked for at every turn.
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

struct Sandbox {
    explicit Sandbox(PhaseCounts& counts) : phase(Phase::Creating, counts) {}

    SandboxNumber number;
    SlotNumber slot;
    Seconds began{0};  // when it was asked for
    CountedPhase phase;
    BatchNumber batch;  // while it is busy
    bool told_to_end = false;
    std::string id;  // once it is up
};

class Fleet {
  public:
    Fleet(const Settings& settings, Outbox& out)
        : out_(out), slots_(settings.slots), pace_(settings.abilities.concurrent_creations) {}

    // Until `useful` sandboxes are idle or being made, as far as slots and pace allow. While
    // sandboxes live, a provider that fails is asked again from time to time; where there is none,
    // it is not once it is hopeless.
    void want(std::size_t useful, Seconds now);
    // So many more batches could begin: in sandboxes that are idle or being made, and in those that
    // can be, unless the provider fails.
    std::size_t room() const;
    // The provider fails again and again, and there is no sandbox.
    bool hopeless() const { return failing() && sandboxes_.empty(); }
    // It does, whether or not there are sandboxes: more may never come.
    bool failing() const { return pace_.hopeless(); }
    const std::optional<Error>& last_creation_error() const { return last_error_; }

    // --- What is told of sandboxes. `stopping`: what was being made is wanted no more.
    void hear(SandboxUp& message);
    void hear(SandboxNotCreated& message, bool stopping, Seconds now);
    void hear(const SandboxGoing& message);
    void hear(SandboxGone& message);

    // --- Batches in them
    void occupy(SandboxNumber number, BatchNumber batch);
    void vacate(SandboxNumber number, bool usable);
    // Ends what runs there, and the sandbox with it; once.
    void end_batch(SandboxNumber number, EndBatch::How how);

    const Sandbox& at(SandboxNumber number) const { return sandboxes_.at(number); }
    std::vector<SandboxNumber> idle() const;
    std::size_t count(Phase phase) const { return counts_.of(phase); }
    std::size_t alive() const { return sandboxes_.size(); }
    // Those that could not be destroyed, by the provider's names.
    const std::vector<std::string>& leaked() const { return leaked_; }

    // An idle sandbox is worth its cost only while a running batch could still need it: keeps as
    // many idle ones as are busy, and where none is, ends all and makes no more.
    void retire_surplus();
    // Ends running batches early, too.
    void cancel_all();

  private:
    struct Slot {
        bool taken = false;
        std::size_t failures = 0;  // creations in a row
    };
    bool may_create(Seconds now) const;
    SlotNumber best_slot() const;
    void create(Seconds now);
    void end(Sandbox& sandbox);
    void end_all();
    void remove(SandboxNumber number);

    Outbox& out_;
    std::vector<Slot> slots_;
    std::size_t next_number_ = 0;
    PhaseCounts counts_;
    std::map<SandboxNumber, Sandbox> sandboxes_;
    CreationPace pace_;
    std::optional<Error> last_error_;
    std::vector<std::string> leaked_;
    bool closed_ = false;  // no more are made
};

}  // namespace offload::run

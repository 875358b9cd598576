// Whether and why the run ends before its work is done.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "outbox.hpp"

namespace offload::run {

class Stop {
  public:
    explicit Stop(Outbox& out) : out_(out) {}

    // `reason` is told for each test that is thereby not run. The first one stands.
    void stop(std::string reason) {
        if (!reason_) reason_ = std::move(reason);
    }
    // The same, because the run cannot be carried out.
    void give_up(std::string reason) {
        despair(reason);
        stop(std::move(reason));
    }
    // The run cannot be carried out, but something is left to do before it stops.
    void despair(std::string reason) {
        out_.error(reason);
        fail(std::move(reason));
    }
    void interrupt(int signal) {
        interrupted_by_ = signal;
        stop("the run was interrupted");
    }
    // What the run is asked for cannot be had, though all its tests may pass. The first one stands.
    void fail(std::string why) {
        if (!failure_) failure_ = std::move(why);
    }

    bool stopping() const { return reason_.has_value(); }
    // True once, when stopping() has become true.
    bool fresh() { return stopping() && !std::exchange(noticed_, true); }
    std::string reason() const { return reason_.value_or(""); }
    const std::optional<std::string>& failure() const { return failure_; }
    const std::optional<int>& interrupted_by() const { return interrupted_by_; }

  private:
    Outbox& out_;
    std::optional<std::string> reason_;
    std::optional<std::string> failure_;
    std::optional<int> interrupted_by_;
    bool noticed_ = false;
};

}  // namespace offload::run

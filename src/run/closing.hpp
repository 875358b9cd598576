// The end of a run, after its last test: the framework's last command, what it says, and the user's
// own last commands.
#pragma once

#include <string>
#include <utility>

namespace offload::run {

class Closing {
  public:
    void ask() { state_ = State::Asked; }
    void await_teardown() { state_ = State::TearingDown; }
    void finish() { state_ = State::Done; }
    void keep_report(std::string report) { report_ = std::move(report); }

    bool begun() const { return state_ != State::NotYet; }
    bool awaits_conclusion() const { return state_ == State::Asked; }
    bool over() const { return state_ == State::Done; }
    // For the user: what the runner says of the whole.
    std::string take_report() { return std::move(report_); }

  private:
    enum class State { NotYet, Asked, TearingDown, Done };
    State state_ = State::NotYet;
    std::string report_;
};

}  // namespace offload::run

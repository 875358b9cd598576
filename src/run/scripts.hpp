// How far the user's own commands are that stand before and after all else.
#pragma once

namespace offload::run {

class Scripts {
  public:
    void begin_setup() { state_ = State::SettingUp; }
    void end_setup() { state_ = State::SetUp; }
    void begin_teardown() { state_ = State::TearingDown; }

    bool setting_up() const { return state_ == State::SettingUp; }
    // Whatever has become of the setup: what it had done so far is to be undone.
    bool owes_teardown() const { return state_ == State::SetUp; }

  private:
    enum class State { None, SettingUp, SetUp, TearingDown };
    State state_ = State::None;
};

}  // namespace offload::run

// How many sandboxes may be in the making, and when the next may be asked for. Pure: time is an
// argument.
//
// All that are wanted are asked for at once, up to a bound. A provider that refuses gets half as
// many at a time and a pause that doubles, longer where it says that it limits the rate; each
// success allows one more (additive increase, multiplicative decrease: Chiu & Jain 1989).
#pragma once

#include <chrono>
#include <cstddef>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"

namespace offload::run {

class CreationPace {
  public:
    explicit CreationPace(std::size_t most_at_once);

    bool may_begin(std::size_t in_the_making, Seconds now) const {
        return in_the_making < window_ && now >= next_attempt_;
    }

    void succeeded();
    // `began`: when the attempt that failed was made. Those that were made before an earlier
    // failure was known tell nothing that it has not told. ErrorKind::Busy: the rate is limited.
    void failed(Seconds began, Seconds now, const Error& error);

    // It fails again and again: where there is no sandbox, there will be none.
    bool hopeless() const { return hopeless_; }
    std::size_t window() const { return window_; }

  private:
    std::size_t most_;
    std::size_t window_;
    std::size_t failures_in_a_row_ = 0;
    bool hopeless_ = false;
    Seconds last_failure_{0};
    Seconds next_attempt_{0};
};

}  // namespace offload::run

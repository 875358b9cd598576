// The clocks of this program. Waiting and measuring use the steady clock; reports use the system
// clock.
#pragma once

#include <chrono>
#include <string>

namespace offload {

using Seconds = std::chrono::duration<double>;
using SteadyTime = std::chrono::steady_clock::time_point;
using SystemTime = std::chrono::system_clock::time_point;

// The steady clock without the time in which this process was stopped (Ctrl-Z, SIGSTOP, a frozen
// container): deadlines that were to pass meanwhile are still to come, since nobody could have
// heard what they wait for. Where no WakefulClock::Beat is alive, plainly the steady clock.
// Thread-safe.
SteadyTime steady_now();

// "2026-11-23T11:02:03.456Z"
std::string iso8601(SystemTime time);

}  // namespace offload

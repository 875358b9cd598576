// The clocks of this program. Waiting uses the steady clock; reports use the system clock.
#pragma once

#include <chrono>
#include <string>

namespace offload {

using Seconds = std::chrono::duration<double>;
using SteadyTime = std::chrono::steady_clock::time_point;
using SystemTime = std::chrono::system_clock::time_point;

// Where code asks for the time, so that tests can give it.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual SteadyTime now() const = 0;
    virtual SystemTime wall() const = 0;
};

// The real one; lives as long as the program.
const Clock& real_clock();

// "2026-11-23T11:02:03.456Z"
std::string iso8601(SystemTime time);

}  // namespace offload

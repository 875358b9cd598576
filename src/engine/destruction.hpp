// The end of a sandbox, in spite of a provider that fails now and then.
#pragma once

#include <chrono>
#include <functional>

#include "offload/base/error.hpp"
#include "offload/base/time.hpp"
#include "offload/provider/provider.hpp"

namespace offload::engine {

// Of all attempts together, and of one of them.
constexpr std::chrono::seconds kDestroyLimit{120};
constexpr std::chrono::seconds kDestroyAttemptLimit{60};
constexpr int kDestroyAttempts = 5;

// Destroys the sandbox; where that fails, again, after pauses that double, while there is time and
// hope. Error: of the last attempt; the sandbox may be left. `pause` and `now` are for tests.
Result<> destroy_patiently(provider::Sandbox& sandbox,
                           const std::function<void(std::chrono::milliseconds)>& pause = {},
                           const std::function<SteadyTime()>& now = SteadyTime::clock::now);

}  // namespace offload::engine

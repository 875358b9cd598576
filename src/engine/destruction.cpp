#include "destruction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

namespace offload::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{500};

// What a lack of memory or threads throws is an error of the attempt.
Result<> attempt(provider::Sandbox& sandbox, SteadyTime deadline) {
    try {
        return sandbox.destroy(deadline);
    } catch (const std::exception& error) {
        return fail(Error{fmt::format("an unexpected exception: {}", error.what())});
    }
}

}  // namespace

Result<> destroy_patiently(provider::Sandbox& sandbox,
                           const std::function<void(milliseconds)>& pause,
                           const std::function<SteadyTime()>& now) {
    const auto limit = now() + kDestroyLimit;
    auto rest = kFirstPause;
    for (int tries = 1;; ++tries) {
        auto destroyed = attempt(sandbox, std::min(limit, now() + kDestroyAttemptLimit));
        if (destroyed) return {};
        auto error = std::move(destroyed).error();
        const bool hopeless = error.kind == ErrorKind::Denied || tries == kDestroyAttempts;
        if (hopeless || now() + rest >= limit) return fail(std::move(error));
        if (pause) {
            pause(rest);
        } else {
            std::this_thread::sleep_for(rest);
        }
        rest *= 2;
    }
}

}  // namespace offload::engine

#include "drive.hpp"

#include <chrono>
#include <utility>

#include "offload/run/run.hpp"
#include "performer.hpp"
#include "settings.hpp"

namespace offload::engine {
namespace {

// How much is heard at once: what is decided after it is decided once.
constexpr std::size_t kMessagesPerTurn = 1000;
// So often sinks are given the time, and what takes too long is looked for.
constexpr std::chrono::milliseconds kTick{100};

}  // namespace

Result<RunSummary> drive(const RunRequest& request, const framework::Framework& framework,
                         provider::Provider& provider, TestTable& tests, Emitter& emitter,
                         Inbox& inbox) {
    OFFLOAD_TRY(const auto performer,
                Performer::create({request, framework, provider, tests, emitter, inbox}));
    run::Run state(settings_for(request, framework, provider), tests);
    const auto now = [&] {
        return run::Now{emitter.since_start(), std::chrono::system_clock::now()};
    };
    performer->perform(state.start(now()));
    auto next_tick = steady_now() + kTick;
    while (!state.over()) {
        auto messages = inbox.take_until(next_tick, kMessagesPerTurn);
        for (const auto& message : messages) performer->notice(message);
        if (!messages.empty()) performer->perform(state.on(std::move(messages), now()));
        if (steady_now() < next_tick) continue;
        performer->perform(state.tick(now()));
        performer->tell_last_words();
        emitter.tick();
        next_tick = steady_now() + kTick;
    }
    return state.summary(now());
}

}  // namespace offload::engine

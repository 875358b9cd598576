// The dispatcher's last stage: what batches on this machine left is made one.
#include <algorithm>
#include <thread>
#include <utility>

#include "dispatcher.hpp"
#include "local_command.hpp"

namespace offload::engine {

void Dispatcher::conclude() {
    if (!traits_.same_machine || !planned_ || !discovery_ || interrupted_by_) return;
    const auto counts = ledger_.counts();
    const bool all_decided =
        std::ranges::all_of(selected_, [this](TestIndex test) { return ledger_.decided(test); });
    framework::ConclusionRequest request{
        .groups = {},
        .context = {.folder = shared_.run_folder,
                    .nonce = shared_.nonce,
                    .label = "conclusion",
                    .same_machine = true,
                    .fail_fast = false,
                    .run_folder = shared_.run_folder},
        .any_failure = counts.failed + counts.errored + counts.not_run > 0 || !all_decided};
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        const auto& discovered = groups_[i].discovered;
        if (!discovered || !*discovered) continue;
        request.groups.push_back({config().groups[i], (*discovered)->carry});
    }
    auto command = framework_.conclusion(request);
    if (!command) return;
    command->env = provider_.environment();

    const std::jthread thread([&] {
        const auto limit = config().offload.discovery_timeout;
        const auto ran = run_here(*command, request_.working_folder, request_.run_id,
                                  {.deadline = std::chrono::steady_clock::now() + limit,
                                   .cancel = conclusion_cancel_.token()});
        if (!ran) {
            inbox_.push(Concluded{fail(ran.error())});
            return;
        }
        inbox_.push(Concluded{
            framework_.read_conclusion(request.context, ended_from(ran->end), ran->out, ran->err)});
    });
    while (!concluded_) {
        auto message = inbox_.pop_until(std::chrono::steady_clock::now() + kTick);
        if (message) std::visit([this](auto& body) { handle(body); }, *message);
        emitter_.tick();
    }
}

void Dispatcher::handle(Concluded& message) {
    concluded_ = true;
    if (interrupted_by_) return;
    if (!message.conclusion) {
        emitter_.warn(message.conclusion.error().to_string());
        return;
    }
    for (auto& text : message.conclusion->warnings) emitter_.warn(std::move(text));
    if (!failure_) failure_ = std::move(message.conclusion->failure);
    runner_report_ = std::move(message.conclusion->report);
}

}  // namespace offload::engine

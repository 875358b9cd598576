#include "sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "../remote/result_frame.hpp"
#include "exec.hpp"
#include "offload/base/text.hpp"

namespace offload::provider::docker {
namespace {

constexpr std::size_t kArgumentBytes = 120 * 1024;  // one takes 128 KiB
constexpr std::size_t kArguments = 9;               // $1 to $9
constexpr std::size_t kLongestSaid = 4096;
constexpr std::size_t kSaidLines = 20;
constexpr std::chrono::seconds kLookLimit{15};
constexpr std::chrono::seconds kFateLimit{10};
constexpr std::chrono::milliseconds kFatePause{20};
// An engine with much to do may need long for the first word of a command.
constexpr Seconds kLongestSilence{120};

bool is_last(std::string_view frame) {
    return frame == "done" || frame.starts_with("end ") || frame.starts_with("fail ");
}

process::Limits soon() { return {.deadline = steady_now() + kLookLimit, .cancel = {}}; }

}  // namespace

std::optional<std::vector<std::string>> script_arguments(const std::string& script) {
    // JSON, in which they travel, holds no other bytes.
    const bool is_text = text::to_valid_utf8(script) == script;
    if (is_text && script.size() <= kArgumentBytes) {
        return std::vector<std::string>{"/bin/sh", "-c", script};
    }
    const auto packed = to_base64(script);
    if (packed.size() > kArgumentBytes * kArguments) return std::nullopt;
    std::vector<std::string> out{"/bin/sh", "-c", "", "sh"};
    std::string all;
    for (std::size_t at = 0; at < packed.size(); at += kArgumentBytes) {
        out.push_back(packed.substr(at, kArgumentBytes));
        all += fmt::format("${}", out.size() - 4);
    }
    out[2] = fmt::format("eval \"$(printf %s \"{}\" | base64 -d)\"", all);
    return out;
}

DockerSandbox::DockerSandbox(std::shared_ptr<const Shared> shared, const SandboxSpec& spec,
                             std::string id)
    : RemoteSandbox(spec, std::move(id), shared->root, shared->env), shared_(std::move(shared)) {}

bool DockerSandbox::fits(const ExecRequest& request) const {
    return script_arguments(script_for(request, std::string(kNonceDigits, '0'))).has_value();
}

std::optional<Seconds> DockerSandbox::longest_silence() const { return kLongestSilence; }

DockerSandbox::Conversation DockerSandbox::converse(
    const std::string& nonce, const std::string& script, const process::Limits& limits,
    const ScriptInput& input, const FrameHandler& on_frame, const OutputHandler& output) {
    Conversation talk;
    talk.text = "exec";
    const auto arguments = script_arguments(script);
    if (!arguments) {
        talk.err.add(fmt::format("a batch of {} bytes is too long for a command", script.size()));
        return talk;
    }
    bool said_all = false;
    FrameScanner scanner(
        nonce,
        [&](std::string_view text) {
            if (text == "begin") talk.begun = true;
            if (is_last(text)) said_all = true;
            on_frame(text);
        },
        [&](std::string_view text) { output(Stream::Out, text); });
    const auto begin = steady_now();
    const auto end = run_exec(
        shared_->engine, id_, *arguments, limits, input.rest,
        [&](Stream stream, std::string_view bytes) {
            if (stream == Stream::Out) return scanner.feed(bytes);
            talk.err.add(bytes);
            output(Stream::Err, bytes);
        },
        [&] { return said_all; });
    talk.cut = scanner.finish();
    talk.end.wall = steady_now() - begin;
    talk.end.cancelled = std::holds_alternative<ExecEnd::Cancelled>(end.how);
    if (const auto* late = std::get_if<ExecEnd::TimedOut>(&end.how)) {
        talk.end.timed_out = true;
        talk.end.silent = late->silent;
    }
    if (said_all || talk.end.cancelled) return talk;
    if (const auto* lost = std::get_if<ExecEnd::Lost>(&end.how)) {
        talk.err.add(lost->error.to_string());
    } else if (!talk.end.timed_out) {
        talk.code = exit_status(shared_->engine, end.id, soon());
        if (talk.code) talk.end.how = process::Exited{*talk.code};
    }
    return talk;
}

// Once the first process of a container is being killed, no other can begin.
bool DockerSandbox::runs_commands() const {
    const auto end = run_exec(
        shared_->engine, id_, {"/bin/sh", "-c", ":"}, soon(), nullptr, [](auto, auto) {},
        [] { return false; });
    return std::holds_alternative<ExecEnd::Over>(end.how) &&
           exit_status(shared_->engine, end.id, soon()) == 0;
}

std::string DockerSandbox::what_became_of_it(bool unexplained) const {
    const auto seems_well = [](const std::optional<ContainerState>& state) {
        return state && state->running && !state->out_of_memory;
    };
    // A container that is killed takes its execs along, and the engine hears of their end first.
    const auto latest = steady_now() + kFateLimit;
    auto state = shared_->engine.state_of(id_, soon());
    while (unexplained && state && seems_well(*state) && steady_now() < latest) {
        if (runs_commands()) return {};
        std::this_thread::sleep_for(kFatePause);
        state = shared_->engine.state_of(id_, soon());
    }
    if (!state) return state.error().to_string();
    if (!*state || (*state)->going) return "its container is gone: something else has removed it";
    const auto& container = **state;
    if (container.out_of_memory) {
        const auto limit = shared_->memory_gb
                               ? fmt::format(" ([provider] memory_gb is {})", *shared_->memory_gb)
                               : std::string();
        return fmt::format("its container was killed for want of memory{}", limit);
    }
    if (container.running) return {};
    return fmt::format("its container has ended with status {}{}", container.exit_code,
                       container.exit_code == 137 ? ": something else has killed it" : "");
}

Error DockerSandbox::transport_error(const Conversation& talk, std::string_view what) const {
    auto said = text::shorten(talk.err.lines(kSaidLines), kLongestSaid);
    if (said.empty() && talk.code) said = fmt::format("exit status {}", *talk.code);
    const auto became = what_became_of_it(!talk.end.timed_out);
    return Error{fmt::format("sandbox {}: {}{}{}{}{}", id_.substr(0, 12), what,
                             became.empty() ? "" : "; ", became, said.empty() ? "" : ": ", said)};
}

Result<> DockerSandbox::destroy(SteadyTime deadline) {
    return shared_->engine.remove(id_, {.deadline = deadline, .cancel = {}});
}

}  // namespace offload::provider::docker

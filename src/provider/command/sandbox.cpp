#include "command/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bounds.hpp"
#include "command/json_reply.hpp"
#include "command/substitution.hpp"
#include "offload/base/text.hpp"
#include "remote/result_frame.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

constexpr std::size_t kArgumentBytes = 128 * 1024;  // MAX_ARG_STRLEN of Linux, with the final NUL

constexpr Seconds kShortestSilence{30};

}  // namespace

Result<> destroy_with(const CommandShared& shared, const std::string& id, Variables env,
                      SteadyTime deadline) {
    const auto quoted = quote_id(id);
    const std::array<Replacement, 1> replacements{Replacement{"sandbox_id", quoted}};
    auto command = shared.lifecycle(
        "destroy_command", substitute(shared.commands.destroy_command, replacements), deadline);
    command.env = std::move(env);
    OFFLOAD_CHECK(run_lifecycle(command));
    return {};
}

CommandSandbox::CommandSandbox(std::shared_ptr<CommandShared> shared, const SandboxSpec& spec,
                               std::string id)
    : RemoteSandbox(spec, std::move(id), shared->root, shared->env), shared_(std::move(shared)) {}

std::string CommandSandbox::exec_text(std::string_view script) const {
    const auto id = quote_id(id_);
    const auto argument = as_argument(script);
    const std::array<Replacement, 2> replacements{Replacement{"sandbox_id", id},
                                                  Replacement{"command", argument}};
    return substitute(shared_->commands.exec_command, replacements);
}

bool CommandSandbox::fits(const ExecRequest& request) const {
    return exec_text(script_for(request, std::string(kNonceDigits, '0'))).size() < kArgumentBytes;
}

CommandSandbox::Conversation CommandSandbox::converse(
    const std::string& nonce, const std::string& script, const process::Limits& limits,
    const ScriptInput& input, const FrameHandler& on_frame, const OutputHandler& output) {
    Conversation talk;
    talk.text = exec_text(script);
    std::string held;  // scanned output from before `begin`
    const auto asked = steady_now();
    const auto frame = [&](std::string_view text) {
        if (text == "begin") {
            talk.begun = true;
            shared_->heard_after(steady_now() - asked);
        }
        on_frame(text);
    };
    const auto visible = [&](std::string_view text) {
        if (talk.begun) {
            output(Stream::Out, text);
        } else if (!talk.flooded) {
            held += text;
        }
    };
    FrameScanner scanner(nonce, frame, visible);
    talk.end = run_text(
        talk.text,
        {.argv = {},
         .env = {{"OFFLOAD_SANDBOX_FOLDER", folder_}},
         .working_folder = shared_->working_folder},
        limits,
        [&](process::Channel channel, std::string_view bytes) {
            if (channel == process::Channel::Err) {
                talk.err.add(bytes);
                output(Stream::Err, bytes);
                return;
            }
            if (!talk.begun) {
                talk.flooded = talk.flooded || talk.out.size() + bytes.size() > kMostBeforeBegin;
                if (!talk.flooded) talk.out += bytes;
            }
            scanner.feed(bytes);
            if (talk.begun) talk.out = {};
            if (talk.begun && !held.empty()) output(Stream::Out, std::exchange(held, {}));
        },
        input);
    if (const auto* exited = std::get_if<process::Exited>(&talk.end.how)) {
        talk.code = exited->status;
    }
    if (talk.begun) {
        shared_->streams = true;
        talk.cut = scanner.finish();
        return talk;
    }
    const auto reply = talk.flooded ? std::nullopt : parse_json_reply(talk.out);
    if (!reply) {
        if (!talk.out.empty()) output(Stream::Out, talk.out);
        return talk;
    }
    if (talk.code) talk.code = reply->exit_code;
    talk.replied = talk.code.has_value();
    held.clear();
    if (!reply->before.empty()) output(Stream::Out, reply->before);
    FrameScanner inner(nonce, frame, visible);
    inner.feed(reply->out);
    talk.cut = inner.finish();
    if (!held.empty()) output(Stream::Out, held);
    if (!reply->err.empty()) output(Stream::Err, reply->err);
    talk.out.clear();
    talk.err.add(reply->err);
    return talk;
}

Error CommandSandbox::transport_error(const Conversation& talk, std::string_view what) const {
    const Lifecycle command{"exec_command", talk.text, {}, {}, {}, {}};
    auto error = lifecycle_error(command, talk.end, talk.out, talk.err.bytes());
    error.message = fmt::format("sandbox {}: {}; {}", id_, what, error.message);
    error.place = text::shorten(shared_->commands.exec_command, kErrorTail);
    return error;
}

// Ten times what was ever measured is no delay of a living sandbox.
std::optional<Seconds> CommandSandbox::longest_silence() const {
    return std::max(kShortestSilence, 10 * Seconds{shared_->slowest_begin.load()});
}

Result<> CommandSandbox::destroy(SteadyTime deadline) {
    return destroy_with(*shared_, id_, {{"OFFLOAD_SANDBOX_FOLDER", folder_}}, deadline);
}

}  // namespace offload::provider

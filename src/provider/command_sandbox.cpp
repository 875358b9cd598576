#include "command_sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "files.hpp"
#include "json_reply.hpp"
#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "remote_script.hpp"
#include "result_frame.hpp"
#include "substitution.hpp"

namespace offload::provider {
namespace {

constexpr std::size_t kArgumentBytes = 128 * 1024;  // MAX_ARG_STRLEN of Linux, with the final NUL
constexpr std::size_t kErrorTail = 16 * 1024;
constexpr std::size_t kNonceDigits = 16;
constexpr std::chrono::seconds kProbeLimit{15};
constexpr std::chrono::seconds kResultLimit{120};

// What an exec says when it, or a shell in it, was ended by a signal.
bool is_signal_status(std::optional<int> status) {
    return status && *status > 128 && *status < 128 + 65;
}

}  // namespace

Result<> destroy_with(const CommandShared& shared, const std::string& id, Variables env,
                      SteadyTime deadline) {
    const auto quoted = quote_id(id);
    const std::array<Replacement, 1> replacements{Replacement{"sandbox_id", quoted}};
    const auto own = std::chrono::steady_clock::now() + shared.commands.timeout;
    auto command = shared.lifecycle("destroy_command",
                                    substitute(shared.commands.destroy_command, replacements),
                                    std::min(deadline, own));
    command.env = std::move(env);
    OFFLOAD_CHECK(run_lifecycle(command));
    return {};
}

CommandSandbox::CommandSandbox(std::shared_ptr<CommandShared> shared, const SandboxSpec& spec,
                               std::string id)
    : shared_(std::move(shared)),
      id_(std::move(id)),
      folder_(fmt::format("/tmp/offload-{}-{}", spec.run_id, spec.number.value())),
      env_(shared_->env) {
    env_.emplace_back("OFFLOAD_RUN_ID", spec.run_id);
    env_.emplace_back("OFFLOAD_SANDBOX_ID", id_);
    env_.emplace_back("OFFLOAD_PARALLEL_INDEX", std::to_string(spec.slot.value()));
}

bool CommandSandbox::stands(const File& file) const {
    const auto known = put_.find(file.path);
    return known != put_.end() && known->second == std::hash<std::string>{}(file.content);
}

std::string CommandSandbox::script_for(const ExecRequest& request, const std::string& nonce) const {
    return batch_script({.nonce = nonce,
                         .folder = folder_,
                         .root = shared_->root,
                         .files = request.files,
                         .stands = [this](const File& file) { return stands(file); },
                         .sandbox_env = &env_,
                         .request_env = &request.env,
                         .command = request.command,
                         .result_file = request.result_file,
                         .passes_stdin = request.input != nullptr});
}

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
    process::Input* input, const FrameHandler& on_frame, const OutputHandler& output) {
    Conversation talk;
    talk.text = exec_text(script);
    std::string held;  // scanned output from before `begin`
    const auto frame = [&](std::string_view text) {
        if (text == "begin") talk.begun = true;
        on_frame(text);
    };
    const auto visible = [&](std::string_view text) {
        if (talk.begun) {
            output(Stream::Out, text);
        } else {
            held += text;
        }
    };
    FrameScanner scanner(nonce, frame, visible);
    talk.end = process::run(
        {.argv = {"sh", "-c", talk.text},
         .env = {{"OFFLOAD_SANDBOX_FOLDER", folder_}},
         .working_folder = shared_->working_folder},
        limits,
        [&](process::Channel channel, std::string_view bytes) {
            if (channel == process::Channel::Err) {
                talk.err += bytes;
                if (talk.err.size() > 2 * kErrorTail) {
                    talk.err.erase(0, talk.err.size() - kErrorTail);
                }
                output(Stream::Err, bytes);
                return;
            }
            if (!talk.begun) talk.out += bytes;
            scanner.feed(bytes);
            if (talk.begun && !held.empty()) output(Stream::Out, std::exchange(held, {}));
        },
        input);
    if (const auto* exited = std::get_if<process::Exited>(&talk.end.how)) {
        talk.code = exited->status;
    }
    if (talk.begun) {
        shared_->streams = true;
        scanner.finish();
        return talk;
    }
    const auto reply = parse_json_reply(talk.out);
    if (!reply) {
        if (!talk.out.empty()) output(Stream::Out, talk.out);
        return talk;
    }
    if (talk.code) talk.code = reply->exit_code;
    held.clear();
    if (!reply->before.empty()) output(Stream::Out, reply->before);
    FrameScanner inner(nonce, frame, visible);
    inner.feed(reply->out);
    inner.finish();
    if (!held.empty()) output(Stream::Out, held);
    if (!reply->err.empty()) output(Stream::Err, reply->err);
    talk.out.clear();
    talk.err += reply->err;
    return talk;
}

Error CommandSandbox::transport_error(const Conversation& talk, std::string_view what) const {
    const Lifecycle command{"exec_command", talk.text, {}, {}, {}, {}};
    auto error = lifecycle_error(command, talk.end, talk.out, talk.err);
    error.message = fmt::format("sandbox {}: {}; {}", id_, what, error.message);
    error.place = text::shorten(shared_->commands.exec_command, kErrorTail);
    return error;
}

// Whether the sandbox still runs commands.
bool CommandSandbox::answers() {
    const auto nonce = random_hex(kNonceDigits);
    const auto talk = converse(
        nonce, probe_script(nonce),
        {.deadline = std::chrono::steady_clock::now() + kProbeLimit, .cancel = {}}, nullptr,
        [](auto) {}, [](auto, auto) {});
    return talk.begun;
}

ExecReply CommandSandbox::exec(const ExecRequest& request, const OutputHandler& output) {
    const auto broken = [](Error error) {
        return ExecReply{ExecReply::TransportFailure{std::move(error)}, std::nullopt, Seconds{0},
                         false};
    };
    for (const auto& file : request.files) {
        if (!is_below(file.path, folder_)) {
            return broken(Error{fmt::format("{} does not lie in {}", file.path, folder_)});
        }
    }
    const auto nonce = random_hex(kNonceDigits);
    std::optional<EndFrame> ending;
    std::optional<std::string> trouble;
    const auto on_frame = [&](std::string_view text) {
        if (text == "ready") {
            for (const auto& file : request.files) {
                put_[file.path] = std::hash<std::string>{}(file.content);
            }
        } else if (text.starts_with("fail ")) {
            trouble = text.substr(5);
        } else if (auto parsed = parse_end_frame(text)) {
            ending = std::move(parsed);
        }
    };
    const bool streams = shared_->streams;
    const auto talk = converse(nonce, script_for(request, nonce),
                               {.deadline = request.deadline, .cancel = request.cancel},
                               request.input, on_frame, output);
    const auto reply_with = [&](auto how, bool reusable) {
        ExecReply reply{std::move(how), std::nullopt, talk.end.wall, reusable};
        if (!request.result_file || request.cancel.cancelled()) return reply;
        if (ending && (ending->file || !ending->has_file)) {
            reply.result_file = ending->file;
        } else if (!std::holds_alternative<ExecReply::TransportFailure>(reply.end)) {
            reply.result_file =
                download_result(*request.result_file, SteadyTime::clock::now() + kResultLimit);
        }
        return reply;
    };
    const bool bounded = talk.end.cancelled || talk.end.timed_out;
    if (talk.end.cancelled) return reply_with(ExecReply::Cancelled{}, false);
    if (ending) return reply_with(ExecReply::Exited{ending->status}, !bounded);
    if (trouble) return broken(transport_error(talk, *trouble));
    if (talk.end.timed_out && (talk.begun || !streams)) {
        return reply_with(ExecReply::TimedOut{}, false);
    }
    if (!bounded && talk.code == 0) return reply_with(ExecReply::Exited{0}, true);
    if (!talk.begun) return broken(transport_error(talk, "the exec could not start"));
    // The shell in the sandbox was ended along with the tests; or the sandbox itself was.
    if (is_signal_status(talk.code) && answers()) {
        return reply_with(ExecReply::Exited{*talk.code}, false);
    }
    return broken(transport_error(talk, "the connection was lost while tests ran"));
}

Result<> CommandSandbox::destroy(SteadyTime deadline) {
    return destroy_with(*shared_, id_, {{"OFFLOAD_SANDBOX_FOLDER", folder_}}, deadline);
}

}  // namespace offload::provider

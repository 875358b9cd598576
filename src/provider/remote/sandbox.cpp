#include "remote/sandbox.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "bounds.hpp"
#include "files.hpp"
#include "offload/base/file.hpp"
#include "remote/result_frame.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

constexpr std::chrono::seconds kProbeLimit{15};
constexpr std::size_t kFolderDigits = 16;
constexpr std::chrono::seconds kResultLimit{120};
constexpr std::chrono::seconds kProbePause{1};
constexpr std::chrono::milliseconds kProbeGap{500};  // what ends at once comes sooner

// What an exec says when it, or a shell in it, was ended by a signal.
bool is_signal_status(std::optional<int> status) {
    return status && *status > 128 && *status < 128 + 65;
}

}  // namespace

RemoteSandbox::RemoteSandbox(const SandboxSpec& spec, std::string id, std::string root,
                             Variables env)
    : id_(std::move(id)),
      folder_(fmt::format("/tmp/offload-{}-{}-{}", spec.run_id, spec.number.value(),
                          random_hex(kFolderDigits))),
      root_(std::move(root)),
      env_(std::move(env)) {
    env_.emplace_back("OFFLOAD_RUN_ID", spec.run_id);
    env_.emplace_back("OFFLOAD_SANDBOX_ID", id_);
    env_.emplace_back("OFFLOAD_SANDBOX_FOLDER", folder_);
    env_.emplace_back("OFFLOAD_PARALLEL_INDEX", std::to_string(spec.slot.value()));
}

bool RemoteSandbox::stands(const File& file) const {
    const auto known = put_.find(file.path);
    return known != put_.end() && known->second == std::hash<std::string>{}(file.content);
}

std::string RemoteSandbox::script_for(const ExecRequest& request, const std::string& nonce) const {
    return batch_script({.nonce = nonce,
                         .folder = folder_,
                         .root = root_,
                         .files = request.files,
                         .stands = [this](const File& file) { return stands(file); },
                         .sandbox_env = &env_,
                         .request_env = &request.env,
                         .command = request.command,
                         .result_file = request.result_file,
                         .environment_on_stdin = environment_on_stdin(),
                         .passes_stdin = request.input != nullptr,
                         .keeps_track_of_files = request.keeps_track_of_files});
}

RemoteSandbox::Probe RemoteSandbox::probe() {
    const auto nonce = random_hex(kNonceDigits);
    auto begun = SteadyTime::clock::now();
    const auto talk = converse(
        nonce, probe_script(nonce, kProbePause),
        {.deadline = steady_now() + kProbeLimit, .cancel = {}}, {},
        [&](std::string_view text) {
            if (text == "begin") begun = SteadyTime::clock::now();
        },
        [](auto, auto) {});
    return {talk.begun, talk.begun && SteadyTime::clock::now() - begun > kProbeGap};
}

// Why an exec that was ended at its deadline had not begun by then; nothing where it may well have,
// because its frames are seen at its end only.
std::optional<std::string> RemoteSandbox::why_not_begun() {
    const auto found = probe();
    if (!found.answers) return "the sandbox does not answer";
    if (found.streams) return "the exec hung before it began";
    return std::nullopt;
}

ExecReply RemoteSandbox::exec(const ExecRequest& request, const OutputHandler& output) {
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
            if (request.on_start) request.on_start();
            for (const auto& file : request.files) {
                put_[file.path] = std::hash<std::string>{}(file.content);
            }
        } else if (text.starts_with("fail ")) {
            trouble = text.substr(5);
        } else if (auto parsed = parse_end_frame(text)) {
            ending = std::move(parsed);
        }
    };
    const bool streams = frames_stream();
    process::Limits limits{.deadline = request.deadline, .cancel = request.cancel};
    if (const auto silence = longest_silence(); streams && silence) {
        limits.first_output =
            SteadyTime::clock::now() + std::chrono::duration_cast<SteadyTime::duration>(*silence);
    }
    ScriptInput input{.first = {}, .rest = request.input};
    if (environment_on_stdin()) input.first = environment_text(nonce, env_, request.env);
    const auto talk = converse(nonce, script_for(request, nonce), limits, input, on_frame, output);
    const auto reply_with = [&](auto how, bool reusable) {
        ExecReply reply{std::move(how), std::nullopt, talk.end.wall, reusable};
        if (!request.result_file || request.cancel.cancelled()) return reply;
        if (ending && (ending->file || !ending->has_file)) {
            reply.result_file = ending->file;
        } else if (!std::holds_alternative<ExecReply::TransportFailure>(reply.end)) {
            reply.result_file =
                second_way(*request.result_file, SteadyTime::clock::now() + kResultLimit);
        }
        return reply;
    };
    const bool bounded = talk.end.cancelled || talk.end.timed_out;
    if (talk.end.cancelled) {
        auto reply = reply_with(ExecReply::Cancelled{}, false);
        reply.begun = talk.begun || !streams;
        return reply;
    }
    // Its status has come, even where the file behind it has not come whole.
    if (!ending) ending = parse_end_frame(talk.cut);
    if (ending && ending->too_long) {
        return broken(Error{.message = fmt::format("sandbox {}: the result file has more than {} "
                                                   "bytes",
                                                   id_, kMostResultBytes),
                            .hint = "a result file holds JUnit XML of one batch",
                            .kind = ErrorKind::TooLong});
    }
    if (ending) return reply_with(ExecReply::Exited{ending->status}, !bounded);
    if (trouble) return broken(transport_error(talk, *trouble));
    if (talk.end.silent) return broken(transport_error(talk, "the sandbox does not answer"));
    if (talk.end.timed_out) {
        if (!talk.begun) {
            if (const auto why = why_not_begun()) return broken(transport_error(talk, *why));
        }
        return reply_with(ExecReply::TimedOut{}, false);
    }
    // Once it has begun, only the end frame says that it has ended: the client's status may be that
    // of a connection that was closed.
    if (!talk.begun && talk.replied && talk.code == 0) {
        return reply_with(ExecReply::Exited{0}, true);
    }
    // Its output was swallowed on the way. A result that lies in the sandbox is one of this exec:
    // its script has removed what lay there before.
    if (!talk.begun && !streams && talk.code && request.result_file) {
        auto reply = reply_with(ExecReply::Exited{*talk.code}, false);
        if (reply.result_file) return reply;
    }
    if (!talk.begun && talk.flooded) {
        return broken(transport_error(talk, fmt::format("it printed more than {} bytes before its "
                                                        "tests began",
                                                        kMostBeforeBegin))
                          .with_kind(ErrorKind::TooLong));
    }
    if (!talk.begun) {
        return broken(transport_error(
            talk, talk.code == 0 ? "the exec answered, but not with what it should have run"
                                 : "the exec could not start"));
    }
    // The shell in the sandbox was ended along with the tests; or the sandbox itself was.
    if (is_signal_status(talk.code) && probe().answers) {
        return reply_with(ExecReply::Exited{*talk.code}, false);
    }
    return broken(transport_error(talk, "the connection was lost while tests ran"));
}

}  // namespace offload::provider

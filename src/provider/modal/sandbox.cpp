#include "modal/sandbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "offload/base/text.hpp"
#include "remote/result_frame.hpp"

namespace offload::provider {
namespace {

// Modal ends the command itself when nobody here is left to do it.
constexpr Seconds kTimeoutMargin{60};
constexpr int kEndedByModal = -1;

}  // namespace

Result<> destroy_modal_sandbox(Bridge& bridge, const std::string& id, SteadyTime deadline) {
    const auto ask = [&] {
        return bridge.ask({.op = "destroy", .fields = {{"sandbox_id", id}}, .deadline = deadline});
    };
    auto answer = ask();
    if (std::holds_alternative<BridgeAnswer::Lost>(answer.how)) answer = ask();
    const auto done = to_result(std::move(answer), fmt::format("destroying the sandbox {}", id));
    if (!done) return fail(done.error());
    return {};
}

ModalSandbox::ModalSandbox(const std::shared_ptr<ModalShared>& shared, const SandboxSpec& spec,
                           std::string id)
    : RemoteSandbox(spec, std::move(id), shared->root, shared->env), shared_(shared) {}

ModalSandbox::Conversation ModalSandbox::converse(
    const std::string& nonce, const std::string& script, const process::Limits& limits,
    const ScriptInput& input, const FrameHandler& on_frame, const OutputHandler& output) {
    Conversation talk;
    talk.text = "exec";
    const auto begin = steady_now();
    FrameScanner scanner(
        nonce,
        [&](std::string_view text) {
            if (text == "begin") talk.begun = true;
            on_frame(text);
        },
        [&](std::string_view text) { output(Stream::Out, text); });
    nlohmann::json fields{{"sandbox_id", id_}, {"stdin", input.rest != nullptr}};
    if (limits.deadline) {
        fields["timeout"] = Seconds(Seconds(*limits.deadline - begin) + kTimeoutMargin).count();
    }
    auto answer = shared_->bridge.ask({.op = "exec",
                                       .fields = std::move(fields),
                                       .content = script,
                                       .deadline = limits.deadline.value_or(SteadyTime::max()),
                                       .cancel = limits.cancel,
                                       .input = input.rest},
                                      [&](Stream stream, std::string_view bytes) {
                                          if (stream == Stream::Out) {
                                              scanner.feed(bytes);
                                              return;
                                          }
                                          talk.err.add(bytes);
                                          output(Stream::Err, bytes);
                                      });
    talk.cut = scanner.finish();
    talk.end.wall = steady_now() - begin;
    talk.end.cancelled = std::holds_alternative<BridgeAnswer::Cancelled>(answer.how);
    talk.end.timed_out = std::holds_alternative<BridgeAnswer::TimedOut>(answer.how);
    const auto done = to_result(std::move(answer), "a command");
    if (!done) {
        talk.err.add(done.error().to_string());
        return talk;
    }
    talk.code = done->value("exit_status", kEndedByModal);
    talk.end.how = process::Exited{*talk.code};
    talk.end.timed_out = talk.code == kEndedByModal;
    return talk;
}

Error ModalSandbox::transport_error(const Conversation& talk, std::string_view what) const {
    auto said = text::shorten(talk.err.lines(20), 4096);
    if (said.empty() && talk.code) said = fmt::format("exit status {}", *talk.code);
    return Error{fmt::format("sandbox {}: {}{}{}", id_, what, said.empty() ? "" : ": ", said)};
}

Result<> ModalSandbox::destroy(SteadyTime deadline) {
    return destroy_modal_sandbox(shared_->bridge, id_, deadline);
}

}  // namespace offload::provider

#include "lifecycle.hpp"

#include <fmt/format.h>

#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

constexpr std::size_t kShownLines = 20;
constexpr std::size_t kShownBytes = 4096;

std::string what_happened(const process::End& end) {
    if (end.cancelled) return "was cancelled";
    if (end.timed_out) return "took too long and was ended (timeout_secs)";
    return "failed: " + end.describe();
}

// What a shell means by 127: it did not find the program.
std::string hint_for(const Lifecycle& command, const process::End& end) {
    const auto* exited = std::get_if<process::Exited>(&end.how);
    if (exited == nullptr || exited->status != 127) return {};
    const auto trimmed = text::trim(command.text);
    const auto program = trimmed.substr(0, trimmed.find_first_of(" \t\n"));
    if (program != "uv") return fmt::format("is everything that {} calls installed?", command.key);
    return "install uv, which runs bundled scripts with all that they need: `pipx install uv`, or "
           "see docs.astral.sh/uv";
}

}  // namespace

Error lifecycle_error(const Lifecycle& command, const process::End& end, std::string_view out,
                      std::string_view err) {
    auto said = text::last_lines(err, kShownLines);
    if (said.empty()) said = text::last_lines(out, kShownLines);
    auto message = fmt::format("{} {}", command.key, what_happened(end));
    if (!said.empty()) {
        message += ":\n" + text::shorten(text::to_valid_utf8(said), kShownBytes);
    }
    return Error{.message = std::move(message),
                 .place = text::shorten(command.text, kShownBytes),
                 .hint = hint_for(command, end)};
}

Result<std::string> run_lifecycle(const Lifecycle& command, const OutputHandler& progress) {
    std::string out;
    std::string err;
    const auto end = process::run({.argv = {"sh", "-c", command.text},
                                   .env = command.env,
                                   .working_folder = command.working_folder},
                                  {.deadline = command.deadline, .cancel = command.cancel},
                                  [&](process::Channel channel, std::string_view bytes) {
                                      const bool is_out = channel == process::Channel::Out;
                                      (is_out ? out : err) += bytes;
                                      if (progress)
                                          progress(is_out ? Stream::Out : Stream::Err, bytes);
                                  });
    if (!end.success()) return fail(lifecycle_error(command, end, out, err));
    return out;
}

}  // namespace offload::provider

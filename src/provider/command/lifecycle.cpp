#include "command/lifecycle.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <utility>

#include "bounds.hpp"
#include "command/error_words.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownLines = 20;
constexpr std::size_t kShownBytes = 4096;

std::string what_happened(const Lifecycle& command, const process::End& end) {
    if (end.cancelled) return "was cancelled";
    if (end.timed_out) {
        return fmt::format("took too long and was ended{}",
                           command.ends_by_timeout_secs ? " (timeout_secs)" : "");
    }
    return "failed: " + end.describe();
}

ErrorKind kind_of(const process::End& end, std::string_view message) {
    if (end.cancelled) return ErrorKind::Cancelled;
    if (end.timed_out) return ErrorKind::TimedOut;
    return kind_from_words(message);
}

std::string hint_for(const Lifecycle& command, const process::End& end) {
    const auto* exited = std::get_if<process::Exited>(&end.how);
    if (exited == nullptr || exited->status != shell::kNotFound) return {};
    const auto trimmed = text::trim(command.text);
    const auto program = trimmed.substr(0, trimmed.find_first_of(" \t\n"));
    if (program != "uv") return fmt::format("is everything that {} calls installed?", command.key);
    return "install uv, which runs bundled scripts with all that they need: `pipx install uv`, or "
           "see docs.astral.sh/uv";
}

}  // namespace

std::vector<std::string> arguments_for(const std::string& text) {
    if (auto words = shell::simple_command(text)) return *std::move(words);
    return {"sh", "-c", text};
}

Variables environment_in(const std::string& folder) {
    const char* exported = std::getenv("PWD");
    if (exported == nullptr) return {};
    static std::mutex mutex;
    static std::map<std::pair<std::string, std::string>, Variables> known;
    const std::scoped_lock lock(mutex);
    const auto [place, added] = known.try_emplace({exported, folder});
    if (added) {
        std::error_code trouble;
        const fs::path here = folder.empty() ? "." : folder;
        const fs::path told = exported;
        if (!told.is_absolute() || !fs::equivalent(told, here, trouble)) {
            const auto right = fs::canonical(here, trouble);
            if (!trouble) place->second.emplace_back("PWD", right.string());
        }
    }
    return place->second;
}

process::End run_text(const std::string& text, process::Command command,
                      const process::Limits& limits, const process::OutputHandler& output,
                      const ScriptInput& input) {
    auto environment = environment_in(command.working_folder);
    environment.insert(environment.end(), command.env.begin(), command.env.end());
    command.env = std::move(environment);
    command.argv = arguments_for(text);
    auto end = process::run(command, limits, output, input.rest, input.first);
    // A shell says in words what it does not find, and reads a script that names no interpreter.
    const bool tried = !end.cancelled && !end.timed_out && command.argv.front() != "sh";
    if (!tried || !std::holds_alternative<process::NotStarted>(end.how)) return end;
    command.argv = {"sh", "-c", text};
    return process::run(command, limits, output, input.rest, input.first);
}

Error lifecycle_error(const Lifecycle& command, const process::End& end, std::string_view out,
                      std::string_view err) {
    auto said = text::last_lines(err, kShownLines);
    if (said.empty()) said = text::last_lines(out, kShownLines);
    auto message = fmt::format("{} {}", command.key, what_happened(command, end));
    if (!said.empty()) {
        message += ":\n" + text::shorten(text::to_valid_utf8(said), kShownBytes);
    }
    const auto kind = kind_of(end, message);
    return Error{.message = std::move(message),
                 .place = text::shorten(command.text, kShownBytes),
                 .hint = hint_for(command, end),
                 .kind = kind};
}

Result<std::string> run_lifecycle(const Lifecycle& command, const OutputHandler& progress) {
    std::string out;
    std::string err;
    const auto end = run_text(
        command.text, {.argv = {}, .env = command.env, .working_folder = command.working_folder},
        {.deadline = command.deadline, .cancel = command.cancel},
        [&](process::Channel channel, std::string_view bytes) {
            const bool is_out = channel == process::Channel::Out;
            keep_end(is_out ? out : err, bytes);
            if (progress) progress(is_out ? Stream::Out : Stream::Err, bytes);
        });
    if (!end.success()) return fail(lifecycle_error(command, end, out, err));
    return out;
}

}  // namespace offload::provider

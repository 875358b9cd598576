#include "client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "offload/base/shell.hpp"
#include "offload/base/tail.hpp"

namespace offload::provider::docker {
namespace {

constexpr std::size_t kTail = 16 * 1024;
constexpr std::size_t kLines = 20;

}  // namespace

Result<std::string> run_client(const Engine& engine, const std::vector<std::string>& arguments,
                               const process::Limits& limits, const OutputHandler& progress) {
    const bool docker = engine.brand() == Brand::Docker;
    const std::string name(program(engine.brand()));
    process::Command command{
        .argv = {name, docker ? "--host" : "--url", "unix://" + engine.socket()}};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    std::string out;
    Tail tail(kTail);
    const auto end = process::run(command, limits, [&](process::Channel channel, auto bytes) {
        const bool is_out = channel == process::Channel::Out;
        if (is_out) out += bytes;
        tail.add(bytes);
        if (progress) progress(is_out ? Stream::Out : Stream::Err, bytes);
    });
    if (end.success()) return out;
    const auto what = fmt::format("{} {}", name, arguments.empty() ? "" : arguments.front());
    if (const auto* not_started = std::get_if<process::NotStarted>(&end.how)) {
        auto error = system_error("cannot start " + what, not_started->error_number);
        return fail(std::move(error).with_hint(
            fmt::format("images are pulled and built by the program {}: is it in $PATH?", name)));
    }
    auto said = tail.lines(kLines);
    return fail(Error{.message = fmt::format("{} failed: {}{}{}", what, end.describe(),
                                             said.empty() ? "" : "\n", said),
                      .place = shell::join(command.argv)});
}

}  // namespace offload::provider::docker

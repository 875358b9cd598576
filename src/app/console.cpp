#include "console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace offload::app {
namespace {

int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(descriptor, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

}  // namespace

Result<> write_stdout(std::string_view text) {
    const int error = write_all(STDOUT_FILENO, text);
    // Who closed the other end has seen enough: `offload collect | head`.
    if (error != 0 && error != EPIPE) {
        return fail(system_error("cannot write to stdout", error));
    }
    return {};
}

void write_stderr(std::string_view text) { write_all(STDERR_FILENO, text); }

void print(const std::vector<config::Diagnostic>& diagnostics) {
    std::string text;
    for (const auto& diagnostic : diagnostics) text += diagnostic.to_string() + '\n';
    write_stderr(text);
}

void print(const Error& error) { write_stderr(fmt::format("offload: {}\n", error.to_string())); }

void print_warning(std::string_view text) {
    write_stderr(fmt::format("offload: warning: {}\n", text));
}

}  // namespace offload::app

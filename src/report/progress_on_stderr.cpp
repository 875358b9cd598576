// What this process's stderr, and the environment, say of how progress is to be shown.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "offload/report/progress.hpp"

namespace offload::report {
namespace {

std::string_view environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

bool terminal_takes_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const auto value = environment(name);
        if (value.empty()) continue;
        return value.find("UTF-8") != std::string_view::npos ||
               value.find("utf8") != std::string_view::npos ||
               value.find("UTF8") != std::string_view::npos ||
               value.find("utf-8") != std::string_view::npos;
    }
    return false;
}

void write_to_stderr(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return;  // nobody is looking any more, and the run goes on
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

TerminalSize size_of_stderr() {
    winsize size{};
    TerminalSize result;
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return result;
    if (size.ws_col > 0) result.columns = size.ws_col;
    if (size.ws_row > 0) result.rows = size.ws_row;
    return result;
}

}  // namespace

ProgressOptions progress_on_stderr(bool ci, ColourWish colour) {
    const auto ci_variable = environment("CI");
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    const bool plain = ci || ci_variable == "true" || ci_variable == "1" || !terminal ||
                       environment("TERM") == "dumb" || environment("TERM").empty();
    ProgressOptions options;
    options.mode = plain ? ProgressMode::PlainLines : ProgressMode::RedrawnArea;
    options.colour = wants_colour(colour, STDERR_FILENO);
    options.unicode = terminal_takes_utf8();
    options.write = write_to_stderr;
    options.size = size_of_stderr;
    return options;
}

}  // namespace offload::report

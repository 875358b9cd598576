#include "cargo/nextest_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "offload/base/text.hpp"

namespace offload::framework::nextest {
namespace {

constexpr std::string_view kSignalPrefix = "SIG";
// Those that whoever ends nextest may send to its tests as well.
constexpr std::array<std::string_view, 4> kAskingSignals = {"SIGHUP", "SIGINT", "SIGKILL",
                                                            "SIGTERM"};

bool is_failure_of_its_own(std::string_view ending) {
    if (ending == "FAIL" || ending == "TIMEOUT" || ending == "ABORT") return true;
    return ending.starts_with(kSignalPrefix) &&
           std::find(kAskingSignals.begin(), kAskingSignals.end(), ending) == kAskingSignals.end();
}

}  // namespace

std::optional<FailureLine> read_failure_line(std::string_view line) {
    const auto words = text::trim(line);
    const auto bracket = words.find(" [");
    const auto time_end = words.find("] ", bracket);
    if (bracket == std::string_view::npos || time_end == std::string_view::npos) return {};
    const auto ending = words.substr(0, bracket);
    if (!is_failure_of_its_own(ending)) return {};
    auto test = words.substr(time_end + 2);
    if (test.starts_with('(')) {
        const auto counter_end = test.find(") ");
        if (counter_end == std::string_view::npos) return {};
        test.remove_prefix(counter_end + 2);
    }
    return FailureLine{ending, test};
}

bool says_cancelling(std::string_view line) {
    const auto words = text::trim(line);
    if (!words.starts_with("Cancelling due to ") && !words.starts_with("Canceling due to ")) {
        return false;
    }
    return words.find("due to test failure") == std::string_view::npos;
}

std::string panic_message(std::string_view output) {
    constexpr std::string_view kPanicked = "panicked at ";
    for (std::size_t at = 0; (at = output.find("thread '", at)) != std::string_view::npos; ++at) {
        if (at > 0 && output[at - 1] != '\n') continue;
        const auto rest = output.substr(at);
        const auto lines = text::lines(rest.substr(0, kLongestLine));
        const auto panicked = lines.front().find(kPanicked);
        if (panicked == std::string_view::npos) continue;
        std::string message(lines.front().substr(panicked));
        if (lines.size() > 1) message += fmt::format(" {}", text::trim(lines[1]));
        return text::to_valid_utf8(message);
    }
    return {};
}

std::string other_message(std::string_view output) {
    std::string_view message;
    for (const auto line : text::lines(output)) {
        if (line.starts_with("Error: ") || line.starts_with("note: test did not panic")) {
            message = line;
        }
    }
    return text::to_valid_utf8(text::shorten(message, kLongestLine));
}

std::string without_harness(std::string_view output, std::string_view test) {
    constexpr std::string_view kStart = "\nrunning 1 test\n";
    if (output.starts_with(kStart)) output.remove_prefix(kStart.size());
    const auto summary =
        output.rfind(fmt::format("\nfailures:\n    {}\n\ntest result: FAILED. ", test));
    const auto result = output.rfind("\ntest result: FAILED. ");
    const bool is_last = summary != std::string_view::npos &&
                         text::trim(output.substr(result)).find('\n') == std::string_view::npos;
    if (!is_last) return std::string(output);
    output = output.substr(0, summary);

    constexpr std::string_view kVerdict = " ... FAILED\n\nfailures:\n";
    const auto verdict = output.rfind(kVerdict);
    // "test tests::it - should panic ... FAILED"
    const auto name = output.substr(0, verdict).rfind(fmt::format("test {}", test));
    if (verdict == std::string_view::npos || name == std::string_view::npos ||
        output.substr(name, verdict - name).find('\n') != std::string_view::npos) {
        return std::string(output);
    }
    std::string own(output.substr(0, name));
    auto note = output.substr(verdict + kVerdict.size());
    const auto title = fmt::format("\n---- {} stdout ----\n", test);
    if (note.starts_with(title)) note.remove_prefix(title.size());
    return own.append(note);
}

std::string signal_message(std::string_view ending) {
    if (!ending.starts_with(kSignalPrefix)) return {};
    return fmt::format("process aborted with {}", ending);
}

}  // namespace offload::framework::nextest

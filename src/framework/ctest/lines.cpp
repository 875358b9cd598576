#include "lines.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "offload/base/text.hpp"

namespace offload::framework::ctest {
namespace {

constexpr std::string_view kMark = "***";
constexpr std::string_view kException = "Exception:";

void skip_blanks(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

bool skip(std::string_view& text, std::string_view what) {
    if (!text.starts_with(what)) return false;
    text.remove_prefix(what.size());
    return true;
}

// "… 0.10 sec" loses its end.
Seconds take_duration(std::string_view& text) {
    constexpr std::string_view kUnit = " sec";
    if (!text.ends_with(kUnit)) return Seconds{0};
    auto before = text.substr(0, text.size() - kUnit.size());
    const auto blank = before.rfind(' ');
    const auto digits = before.substr(blank == std::string_view::npos ? 0 : blank + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789.") != std::string_view::npos) {
        return Seconds{0};
    }
    text = text::trim(before.substr(0, before.size() - digits.size()));
    return Seconds{std::strtod(std::string(digits).c_str(), nullptr)};
}

Status status_of(std::string_view words) {
    if (words.starts_with("Passed")) return {.ending = Ending::Passed};
    if (words.starts_with("Skipped")) return {.ending = Ending::Skipped};
    if (words.starts_with("Not Run (Disabled)")) return {.ending = Ending::Disabled};
    if (words.starts_with("Not Run")) return {.ending = Ending::NotStarted};
    if (words.starts_with("Timeout")) return {.ending = Ending::TimedOut};
    if (skip(words, kException))
        return {.ending = Ending::Crashed, .reason = std::string(text::trim(words))};
    skip(words, "Failed");
    return {.ending = Ending::Failed, .reason = std::string(text::trim(words))};
}

}  // namespace

std::optional<std::size_t> take_number(std::string_view& text) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

std::optional<StartLine> read_start(std::string_view line) {
    skip_blanks(line);
    if (!skip(line, "Start ")) return std::nullopt;
    skip_blanks(line);
    const auto number = take_number(line);
    if (!number || !skip(line, ": ")) return std::nullopt;
    return StartLine{*number, line};
}

std::optional<ResultLine> read_result(std::string_view line) {
    skip_blanks(line);
    if (!take_number(line) || !skip(line, "/") || !take_number(line) || !skip(line, " Test ")) {
        return std::nullopt;
    }
    skip_blanks(line);
    if (!skip(line, "#")) return std::nullopt;
    const auto number = take_number(line);
    if (!number || !skip(line, ": ")) return std::nullopt;
    return ResultLine{*number, line};
}

std::optional<Status> read_status(std::string_view rest, std::string_view name) {
    if (!skip(rest, name) || !skip(rest, " ")) return std::nullopt;
    rest.remove_prefix(std::min(rest.find_first_not_of('.'), rest.size()));
    // What some signals are called stands before the mark.
    const auto mark = rest.find(kMark);
    const auto before = text::trim(rest.substr(0, mark == std::string_view::npos ? 0 : mark));
    if (mark != std::string_view::npos) rest.remove_prefix(mark + kMark.size());
    rest = text::trim(rest);
    const auto duration = take_duration(rest);
    if (mark == std::string_view::npos && rest != "Passed") return std::nullopt;
    auto status = status_of(rest);
    if (!before.empty()) status.reason = before;
    status.duration = duration;
    return status;
}

bool may_be_told_to_end(const Status& status) {
    if (status.ending == Ending::Failed) return true;  // it may have caught the signal
    if (status.ending != Ending::Crashed) return false;
    constexpr std::array<std::string_view, 4> kAsking = {
        "Subprocess terminated", "Subprocess killed", "Interrupt", "SIGHUP"};
    return std::find(kAsking.begin(), kAsking.end(), status.reason) != kAsking.end();
}

std::string plain(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
            const auto end = line.find('m', i);
            if (end != std::string_view::npos) {
                i = end;
                continue;
            }
        }
        out += line[i];
    }
    return out;
}

}  // namespace offload::framework::ctest

#include "reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "ctest/causes.hpp"
#include "offload/base/text.hpp"
#include "offload/junit/read.hpp"

namespace offload::framework::ctest {
namespace {

constexpr std::size_t kLongestLine = 1UL << 20;
constexpr std::size_t kReasonLines = 20;
constexpr std::size_t kMessageBytes = 300;

// ctest's exit statuses: all passed; some test failed or was not run, or there was none.
constexpr int kAllPassed = 0;
constexpr int kSomeFailed = 8;
// From here on a shell's exit status speaks of a signal.
constexpr int kFirstSignalStatus = 128;

bool failed(Ending ending) {
    return ending != Ending::Passed && ending != Ending::Skipped && ending != Ending::Disabled;
}

// What of a failed test's output says best why, for one line: the first that says what was wrong,
// with the next where that goes on ("FILE:LINE: Failure"), else the last line.
std::string failure_message(std::string_view output) {
    const auto lines = text::lines(output);
    std::vector<LineRank> ranks(lines.size(), LineRank::Plain);
    rank_common(lines, ranks);
    rank(lines, ranks);
    const auto cause = std::ranges::find(ranks, LineRank::Cause);
    if (cause == ranks.end()) {
        return text::shorten(text::last_non_empty_line(output), kMessageBytes);
    }
    const auto at = static_cast<std::size_t>(cause - ranks.begin());
    std::string message(text::trim(lines[at]));
    if (at + 1 < lines.size() && ranks[at + 1] == LineRank::Cause) {
        message += fmt::format(" {}", text::trim(lines[at + 1]));
    }
    return text::shorten(message, kMessageBytes);
}

// Why GoogleTest skipped, from what it printed; empty where that does not say.
std::string skip_message(std::string_view output) {
    const auto lines = text::lines(output);
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        if (text::trim(lines[i]).ends_with(": Skipped"))
            return std::string(text::trim(lines[i + 1]));
    }
    return {};
}

std::string first_of(std::string a, std::string b) { return a.empty() ? b : a; }

TestResult result_of(const Status& status, const std::string& words, const std::string& output) {
    TestResult result;
    result.duration = status.duration;
    switch (status.ending) {
        case Ending::Passed:
            break;
        case Ending::Skipped:
            result.outcome = Outcome::Skipped;
            result.message = first_of(skip_message(output), first_of(words, "skipped"));
            break;
        case Ending::Disabled:
            result.outcome = Outcome::Skipped;
            result.message = "disabled";
            break;
        case Ending::NotStarted:
            result.outcome = Outcome::Errored;
            result.type = "not started";
            result.message = fmt::format("not started: {}", first_of(words, "ctest cannot run it"));
            break;
        case Ending::Failed:
            result.outcome = Outcome::Failed;
            result.type = "failure";
            result.message =
                first_of(first_of(status.reason.empty() ? "" : first_of(words, status.reason),
                                  failure_message(output)),
                         "failed");
            break;
        case Ending::Crashed:
            result.outcome = Outcome::Errored;
            result.type = kCrashType;
            result.message = fmt::format("crashed: {}", first_of(status.reason, "by a signal"));
            break;
        case Ending::TimedOut:
            result.outcome = Outcome::Errored;
            result.type = kTimeoutType;
            result.message =
                fmt::format("timed out after {} (its TIMEOUT property, or ctest's default)",
                            text::duration(status.duration));
            break;
    }
    if (is_failure(result.outcome)) result.details = output;
    return result;
}

}  // namespace

Reader::Reader(Options options) : options_(std::move(options)), places_(options_.tests.size()) {
    for (std::size_t position = 0; position < options_.tests.size(); ++position) {
        const auto number = options_.tests[position].number;
        if (number > 0) positions_.emplace(number, position);
    }
}

void Reader::feed(Stream stream, std::string_view bytes, Signals& signals, std::string& visible) {
    if (stream == Stream::Err) {
        tail_.add(bytes);
        visible += bytes;
        return;
    }
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        out_line_ += bytes.substr(0, end == std::string_view::npos ? end : end + 1);
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        if (!take_marked(out_line_, signals)) {
            tail_.add(out_line_);
            visible += out_line_;
            take_line(out_line_, signals);
        }
        out_line_.clear();
    }
    if (out_line_.size() > kLongestLine) visible += std::exchange(out_line_, {});
}

// A line of the batch's own command.
bool Reader::take_marked(std::string_view line, Signals& signals) {
    constexpr std::string_view kTest = "test ";
    constexpr std::string_view kPassed = "passed ";
    line = text::trim(line);
    if (any_began_ || !line.starts_with(options_.marker + " ")) return false;
    line.remove_prefix(options_.marker.size() + 1);
    if (ready_) {
        if (!line.starts_with(kPassed)) return false;
        take_passed(line.substr(kPassed.size()), signals);
    } else if (line == "ready") {
        ready_ = true;
        refuse_unknown(signals);
    } else if (line.starts_with(kTest)) {
        take_number_of(line.substr(kTest.size()));
    }
    return true;
}

void Reader::refuse_unknown(Signals& signals) {
    for (std::size_t position = 0; position < places_.size(); ++position) {
        const bool known = std::any_of(positions_.begin(), positions_.end(),
                                       [&](const auto& at) { return at.second == position; });
        if (!known) refuse(position, "ctest does not list this test in the sandbox", signals);
    }
}

void Reader::take_number_of(std::string_view words) {
    const auto position = take_number(words);
    words.remove_prefix(std::min<std::size_t>(1, words.size()));
    const auto number = take_number(words);
    if (position && number && *position < places_.size()) positions_.emplace(*number, *position);
}

void Reader::take_passed(std::string_view words, Signals& signals) {
    const auto position = take_number(words);
    if (!position || *position >= places_.size()) return;
    TestResult result;
    result.duration = Seconds{std::strtod(std::string(text::trim(words)).c_str(), nullptr)};
    tell(*position, std::move(result), signals);
}

void Reader::take_line(std::string_view line, Signals& signals) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    const auto words = plain(line);
    if (const auto start = read_start(words)) {
        take_start(*start, signals);
    } else if (const auto result = read_result(words)) {
        take_result(*result, signals);
    }
}

void Reader::take_start(const StartLine& start, Signals& signals) {
    const auto found = positions_.find(start.number);
    if (found == positions_.end()) {
        others_.emplace(start.number, start.name);
        return;
    }
    const auto position = found->second;
    if (start.name != options_.tests[position].name) {
        // Whatever it says is of another test, and nobody's result.
        positions_.erase(found);
        refuse(position,
               fmt::format("ctest's test {} is called {} now: the build folder has changed since "
                           "the discovery",
                           start.number, start.name),
               signals);
        return;
    }
    any_began_ = true;
    if (std::exchange(places_[position].began, true)) return;
    signals.push_back(TestBegan{position});
}

void Reader::take_result(const ResultLine& line, Signals& signals) {
    const auto found = positions_.find(line.number);
    const auto other = others_.find(line.number);
    if (found == positions_.end() && other == others_.end()) return;
    const auto& name =
        found != positions_.end() ? options_.tests[found->second].name : other->second;
    auto status = read_status(line.rest, name);
    if (!status) return;
    ended_[name].push_back(line.number);
    any_failure_ = any_failure_ || failed(status->ending);
    if (found != positions_.end() && status->ending == Ending::Passed) {
        return tell(found->second, result_of(*status, {}, {}), signals);
    }
    held_.insert_or_assign(line.number, Held{name, std::move(*status)});
}

// Cases stand in the order in which tests ended; that tells those of one name apart.
void Reader::take_junit(const std::string& xml, Reading& reading) {
    const auto document = junit::read(xml);
    if (!document) {
        reading.trouble = fmt::format("{}: {}", options_.path, document.error().message);
        return;
    }
    std::unordered_map<std::string_view, std::size_t> seen;
    for (const auto& test_case : document->cases) {
        const auto ended = ended_.find(test_case.name);
        if (ended == ended_.end()) continue;
        const auto count = seen[test_case.name]++;
        if (count >= ended->second.size()) continue;
        const auto held = held_.find(ended->second[count]);
        if (held == held_.end()) continue;
        held->second.words = test_case.result.message;
        held->second.output = test_case.result.system_out;
        if (test_case.result.duration > Seconds{0}) {
            held->second.duration = test_case.result.duration;
        }
    }
    if (!document->complete) reading.trouble = fmt::format("{} breaks off", options_.path);
}

void Reader::tell_held(std::size_t number, const Held& held, Signals& signals,
                       std::string& visible) {
    auto status = held.status;
    if (held.duration) status.duration = *held.duration;
    auto words = held.words;
    if (status.ending == Ending::NotStarted && !text::trim(held.output).empty()) {
        words += fmt::format("{}{}", words.empty() ? "" : " - ", text::trim(held.output));
    }
    auto result = result_of(status, words, held.output);
    if (is_failure(result.outcome) && !text::trim(held.output).empty()) {
        const auto shown = fmt::format("--- {} ---\n{}{}", held.name, held.output,
                                       held.output.ends_with('\n') ? "" : "\n");
        tail_.add(shown);
        visible += shown;
    }
    if (const auto found = positions_.find(number); found != positions_.end()) {
        return tell(found->second, std::move(result), signals);
    }
    // Of a fixture that could not be set up, those that need it tell.
    if (is_failure(result.outcome) && !options_.setups.contains(held.name)) {
        signals.push_back(UnknownCase{held.name, result.outcome, {}, {}});
    }
}

void Reader::tell(std::size_t position, TestResult result, Signals& signals) {
    if (std::exchange(places_[position].told, true)) return;
    signals.push_back(TestEnded{position, std::move(result)});
}

void Reader::refuse(std::size_t position, std::string reason, Signals& signals) {
    if (std::exchange(places_[position].told, true)) return;
    signals.push_back(TestRefused{position, std::move(reason)});
}

BatchReader::Reading Reader::finish(const Ended& ended,
                                    const std::optional<std::string>& result_file, Signals& signals,
                                    std::string& visible) {
    if (!out_line_.empty()) {
        visible += out_line_;
        tail_.add(out_line_);
        take_line(std::exchange(out_line_, {}), signals);
    }
    Reading reading;
    if (result_file) take_junit(*result_file, reading);
    for (const auto& [number, held] : std::exchange(held_, {})) {
        // Whatever ended ctest may have told its tests to end first.
        if (!ended.exit_status && may_be_told_to_end(held.status)) continue;
        tell_held(number, held, signals, visible);
    }
    if (!ended.exit_status) return reading;

    const int status = *ended.exit_status;
    const bool all_told =
        std::all_of(places_.begin(), places_.end(), [](const Place& place) { return place.told; });
    if (status == kAllPassed || (status == kSomeFailed && (any_failure_ || !all_told))) {
        reading.complete = any_began_ || all_told;
    }
    if (all_told && status != kAllPassed && !any_failure_ && any_began_) {
        // Something besides the tests is wrong, and the exit status tells of it.
        reading.complete = true;
    }
    if (!any_began_ && !all_told && status < kFirstSignalStatus) {
        const auto reason = fmt::format("ctest ran none of the batch's tests ({}):\n{}", ended.how,
                                        tail_.lines(kReasonLines));
        for (std::size_t position = 0; position < places_.size(); ++position) {
            refuse(position, reason, signals);
        }
        reading.complete = true;
    }
    return reading;
}

}  // namespace offload::framework::ctest

#include "cargo/nextest_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "cargo/nextest_args.hpp"
#include "cargo/nextest_setup.hpp"
#include "cargo/nextest_words.hpp"
#include "offload/base/text.hpp"
#include "offload/junit/match.hpp"
#include "offload/junit/read.hpp"

namespace offload::framework::nextest {
namespace {

using nlohmann::json;

constexpr std::size_t kReasonLines = 20;
constexpr std::string_view kEventStart = "{\"type\":\"";
constexpr std::size_t kLongestEvent = 64UL << 20;

// nextest's documented exit statuses.
constexpr int kAllPassed = 0;
constexpr int kNoTests = 4;
constexpr int kTestsFailed = 100;
constexpr int kSetupScriptFailed = 105;

// Those after which nothing ran, and nothing would run on another try.
struct Hopeless {
    int status;
    std::string_view meaning;
};
constexpr Hopeless kHopeless[] = {
    {2, "cargo-nextest did not understand its arguments"},
    {92, "cargo-nextest is too old"},
    {94, "cargo-nextest did not understand the filterset"},
    {95, "cargo-nextest wants an experimental feature enabled"},
    {96, "cargo-nextest's set-up failed"},
    {101, "the build failed, or cargo-nextest is missing"},
    {102, "cargo metadata failed"},
    {104, "listing the tests failed"},
    {kSetupScriptFailed, "a setup script of nextest's configuration failed"},
    {127, "cargo is missing"},
};

std::string json_text(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void polish(TestResult& result) {
    if (!is_failure(result.outcome)) return;
    if (result.message.empty()) result.message = result.type;
    if (result.message.find("signal 9 ") != std::string::npos) result.message += ": out of memory?";
    if (result.system_err == "(stdout and stderr are combined)") result.system_err.clear();
}

}  // namespace

Reader::Reader(Options options) : options_(std::move(options)), places_(options_.ids.size()) {
    for (std::size_t position = 0; position < options_.ids.size(); ++position) {
        positions_of_ids_.emplace(options_.ids[position], position);
    }
    const auto* names = std::exchange(options_.names, nullptr);
    if (names == nullptr) return;
    std::unordered_map<std::string_view, std::string_view> stream_name_of;
    for (const auto& [stream_name, binary_ids] : *names) {
        for (const auto& id : binary_ids) stream_name_of.emplace(id, stream_name);
    }
    all_named_ = true;
    std::unordered_set<std::string> shared;
    for (std::size_t position = 0; position < options_.ids.size(); ++position) {
        const auto [binary, test] = split_id(options_.ids[position]);
        const auto found = stream_name_of.find(binary);
        // The stream does not escape names, so these cannot be read back from it.
        const bool unreadable = test.find_first_of("\"\\") != std::string_view::npos;
        if (found == stream_name_of.end() || unreadable) {
            all_named_ = false;
            continue;
        }
        auto name = fmt::format("{}${}", found->second, test);
        if (!positions_.emplace(name, position).second) shared.insert(std::move(name));
    }
    for (const auto& name : shared) positions_.erase(name);
    all_named_ = all_named_ && shared.empty();
}

void Reader::feed(Stream stream, std::string_view bytes, Signals& signals, std::string& visible) {
    if (stream == Stream::Err) {
        tail_.add(bytes);
        visible += bytes;
    }
    auto& pending = stream == Stream::Out ? out_line_ : err_line_;
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos) {
            pending += bytes;
            break;
        }
        pending += bytes.substr(0, end + 1);
        bytes.remove_prefix(end + 1);
        if (stream == Stream::Out) {
            take_line(pending, signals, visible);
        } else {
            take_message_line(pending, signals);
        }
        pending.clear();
    }
    // What is this long is no event and no message of nextest's.
    if (stream == Stream::Out && pending.size() > kLongestEvent) {
        visible += std::exchange(pending, {});
    }
    if (stream == Stream::Err && pending.size() > kLongestLine) pending.clear();
}

void Reader::take_line(std::string_view line, Signals& signals, std::string& visible) {
    if (line.starts_with(kEventStart) && take_event(line, signals, visible)) return;
    take_message_line(line, signals);  // a terminal in between makes one stream of the two
    tail_.add(line);
    visible += line;
}

// False when the line is no event.
bool Reader::take_event(std::string_view line, Signals& signals, std::string& visible) {
    const auto event = json::parse(line, nullptr, false);
    // A name with quotes in it breaks the event, but it is one.
    if (event.is_discarded()) return line.starts_with("{\"type\":\"test\",\"event\":\"");
    const auto type = json_text(event, "type");
    if (type != "test") return type == "suite";

    const auto found = positions_.find(json_text(event, "name"));
    if (found == positions_.end()) return true;
    const auto position = found->second;
    const auto kind = json_text(event, "event");
    if (kind == "started") {
        take_start(position, signals);
        return true;
    }
    TestResult result;
    result.classname = std::string(split_id(options_.ids[position]).binary_id);
    if (const auto time = event.find("exec_time"); time != event.end() && time->is_number()) {
        result.duration = Seconds(time->get<double>());
    }
    if (kind == "ok") {
        tell(position, std::move(result), signals);
    } else if (kind == "failed") {
        result.details = text::to_valid_utf8(json_text(event, "stdout"));
        result.message = json_text(event, "reason");
        show(position, result.details, visible);
        places_[position].shown = event.contains("stdout");
        take_failure(position, std::move(result), signals);
    }
    return true;
}

void Reader::take_start(std::size_t position, Signals& signals) {
    for (const auto doubtful : std::exchange(doubtful_, {})) prove_own(doubtful, signals);
    if (std::exchange(places_[position].began, true)) return;
    signals.push_back(TestBegan{position});
}

void Reader::take_failure(std::size_t position, TestResult result, Signals& signals) {
    result.outcome = Outcome::Failed;
    result.type = "test failure";
    Held held{std::move(result)};
    if (auto panic = panic_message(held.result.details); !panic.empty()) {
        held.result.message = std::move(panic);
        if (cancelled_.empty()) return tell(position, std::move(held.result), signals);
        held.explained = true;
    } else if (held.result.message.empty()) {
        held.result.message = other_message(held.result.details);
        held.explained = !held.result.message.empty();
    }
    explain(position, held);
    if (places_[position].told) return;
    if (!places_[position].own) doubtful_.push_back(position);
    held_.insert_or_assign(position, std::move(held));
    if (places_[position].own) prove_own(position, signals);
}

// As far as the two streams can.
void Reader::explain(std::size_t position, Held& held) const {
    if (held.explained) return;
    if (auto message = signal_message(places_[position].ending); !message.empty()) {
        held.result.type = "test abort";
        held.result.message = std::move(message);
        held.explained = true;
    } else if (held.result.message.empty()) {
        held.result.message = held.result.type;
    }
}

void Reader::prove_own(std::size_t position, Signals& signals) {
    places_[position].own = true;
    const auto held = held_.find(position);
    if (held == held_.end()) return;
    explain(position, held->second);
    if (held->second.explained) tell(position, std::move(held->second.result), signals);
}

void Reader::take_message_line(std::string_view line, Signals& signals) {
    if (!cancelled_.empty()) return;
    if (says_cancelling(line)) cancelled_ = text::to_valid_utf8(text::trim(line));
    const auto failure = read_failure_line(line);
    if (!failure) return;
    const auto found = positions_of_ids_.find(failure->test);
    if (found == positions_of_ids_.end()) return;
    places_[found->second].ending = failure->ending;
    prove_own(found->second, signals);
}

void Reader::tell(std::size_t position, TestResult result, Signals& signals) {
    if (std::exchange(places_[position].told, true)) return;
    signals.push_back(TestEnded{position, std::move(result)});
    held_.erase(position);
}

// What a failed test printed goes into the log, where nextest would have shown it.
void Reader::show(std::size_t position, std::string_view output, std::string& visible) {
    if (text::trim(output).empty() || std::exchange(places_[position].shown, true)) return;
    const auto shown = fmt::format("--- {} ---\n{}{}", options_.ids[position], output,
                                   output.ends_with('\n') ? "" : "\n");
    tail_.add(shown);
    visible += shown;
}

bool Reader::tells_starts() const {
    return all_named_ && std::any_of(places_.begin(), places_.end(),
                                     [](const Place& place) { return place.began && !place.told; });
}

// The tests that nextest ended because it was told to end itself. A crash of another kind is the
// test's own; how one that catches the signal ends is up to it, unless it says that it panicked.
bool Reader::caused_by_us(std::size_t position, const TestResult& result) const {
    if (cancelled_.empty() || !is_failure(result.outcome)) return false;
    if (places_[position].own) return false;
    constexpr std::array<std::string_view, 4> kAsked = {"signal 1 ", "signal 2 ", "signal 9 ",
                                                        "signal 15 "};
    if (result.message.find("with signal ") != std::string::npos) {
        return std::any_of(kAsked.begin(), kAsked.end(), [&](std::string_view signal) {
            return result.message.find(signal) != std::string::npos;
        });
    }
    return panic_message(result.details).empty();
}

void Reader::take_junit(const std::string& xml, Signals& signals, std::string& visible,
                        Reading& reading) {
    const auto document = junit::read(xml);
    if (!document) {
        reading.trouble = fmt::format("{}: {}", options_.path, document.error().message);
        return;
    }
    const std::vector<std::string_view> ids(options_.ids.begin(), options_.ids.end());
    auto matched = junit::match(*document, ids, options_.format);
    for (auto& [position, result] : matched.results) {
        polish(result);
        if (is_failure(result.outcome)) {
            show(position, result.system_out + result.system_err, visible);
            // The project's settings may leave it out of the file.
            const auto held = held_.find(position);
            if (held != held_.end() && result.system_out.empty()) {
                result.system_out = held->second.result.details;
            }
        }
        if (caused_by_us(position, result)) {
            held_.erase(position);
        } else {
            tell(position, std::move(result), signals);
        }
    }
    for (auto& unknown : matched.unknown) {
        if (is_setup_case(unknown.name)) continue;  // nextest's exit status tells of its failure
        signals.push_back(UnknownCase{std::move(unknown.name), unknown.outcome,
                                      std::move(unknown.closest),
                                      std::move(unknown.matching_format)});
    }
    reading.complete = document->complete;
    if (!document->complete) reading.trouble = fmt::format("{} breaks off", options_.path);
}

void Reader::refuse_all(const std::string& reason, Signals& signals) {
    for (std::size_t position = 0; position < places_.size(); ++position) {
        if (!places_[position].told) signals.push_back(TestRefused{position, reason});
    }
}

BatchReader::Reading Reader::finish(const Ended& ended,
                                    const std::optional<std::string>& result_file, Signals& signals,
                                    std::string& visible) {
    if (!out_line_.empty()) take_line(std::exchange(out_line_, {}), signals, visible);
    if (!err_line_.empty()) take_message_line(err_line_, signals);
    // Whatever ended it may have told its tests to end first.
    if (!ended.exit_status && cancelled_.empty()) cancelled_ = ended.how;

    Reading reading;
    if (result_file) {
        take_junit(*result_file, signals, visible, reading);
    } else {
        reading.trouble = fmt::format("no result file at {}", options_.path);
    }
    for (auto& [position, held] : std::exchange(held_, {})) {
        if (cancelled_.empty() || places_[position].own)
            tell(position, std::move(held.result), signals);
    }

    const auto last_lines = [&] { return tail_.lines(kReasonLines); };
    if (!ended.exit_status) return {false, {}};
    const int status = *ended.exit_status;
    // nextest cancels itself then, which is nobody's wish.
    if (!cancelled_.empty() && status != kSetupScriptFailed) return {false, cancelled_};
    if (status == kAllPassed || status == kTestsFailed) return reading;
    if (status == kNoTests) {
        refuse_all("cargo nextest does not find the test any more", signals);
        return {true, {}};
    }
    const auto* hopeless =
        std::find_if(std::begin(kHopeless), std::end(kHopeless),
                     [&](const Hopeless& candidate) { return candidate.status == status; });
    const bool any_began = std::any_of(places_.begin(), places_.end(), [](const Place& place) {
        return place.began || place.told;
    });
    if (hopeless != std::end(kHopeless) && !any_began) {
        refuse_all(fmt::format("{} ({}):\n{}", hopeless->meaning, ended.how, last_lines()),
                   signals);
        return {true, {}};
    }
    return {false, {}};
}

}  // namespace offload::framework::nextest

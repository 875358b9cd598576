#include "offload/history/last_durations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "folder_lock.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::history {
namespace {

constexpr std::string_view kHead = "offload durations 1 ";
constexpr std::int64_t kForgottenAfterMs = 90LL * 24 * 3600 * 1000;

void append_escaped(std::string& out, std::string_view id) {
    for (const char c : id) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else {
            out += c;
        }
    }
}

std::string unescaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\' || i + 1 == text.size()) {
            out += text[i];
            continue;
        }
        const char next = text[++i];
        out += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
    }
    return out;
}

// Takes a number and the blank behind it off the line.
template <class Number>
bool take(std::string_view& line, Number& number) {
    const auto [end, trouble] = std::from_chars(line.data(), line.data() + line.size(), number);
    const auto length = static_cast<std::size_t>(end - line.data());
    if (trouble != std::errc{} || length >= line.size() || line[length] != ' ') return false;
    line.remove_prefix(length + 1);
    return true;
}

std::optional<Measured> parse_line(std::string_view& line) {
    Measured measured;
    if (!take(line, measured.at_ms) || !take(line, measured.seconds)) return std::nullopt;
    if (!std::isfinite(measured.seconds) || measured.seconds <= 0) return std::nullopt;
    if (!line.starts_with("p ") && !line.starts_with("f ")) return std::nullopt;
    measured.passed = line.front() == 'p';
    line.remove_prefix(2);
    return measured;
}

}  // namespace

bool tells_duration(const TestResult& result) {
    return result.duration > Seconds{0} && result.outcome != Outcome::Skipped &&
           result.type != kNotRunType;
}

void RunDurations::add(const std::string& id, const TestResult& result, SystemTime at) {
    if (id.empty() || !tells_duration(result)) return;
    const bool passed = result.outcome == Outcome::Passed;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
    const Measured measured{ms, result.duration.count(), passed};
    const auto [known, is_new] = measured_.try_emplace(id, measured);
    if (!is_new && (passed || !known->second.passed)) known->second = measured;
}

LastDurations LastDurations::parse(std::string_view text) {
    LastDurations out;
    const auto end = text.find('\n');
    if (!text.starts_with(kHead) || end == std::string_view::npos) return out;
    out.last_run_ = text.substr(kHead.size(), end - kHead.size());
    text.remove_prefix(end + 1);
    // A line without its end was cut.
    for (auto next = text.find('\n'); next != std::string_view::npos; next = text.find('\n')) {
        auto line = text.substr(0, next);
        text.remove_prefix(next + 1);
        if (const auto measured = parse_line(line)) {
            out.measured_.insert_or_assign(unescaped(line), *measured);
        }
    }
    return out;
}

std::string LastDurations::render() const {
    std::vector<const std::pair<const std::string, Measured>*> sorted;
    sorted.reserve(measured_.size());
    for (const auto& entry : measured_) sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const auto* entry) -> auto& { return entry->first; });
    std::string out(kHead);
    append_escaped(out, last_run_);
    out += '\n';
    for (const auto* entry : sorted) {
        const auto& [id, measured] = *entry;
        fmt::format_to(std::back_inserter(out), "{} {:.6f} {} ", measured.at_ms,
                       std::max(measured.seconds, 1e-6), measured.passed ? 'p' : 'f');
        append_escaped(out, id);
        out += '\n';
    }
    return out;
}

void LastDurations::take(const std::string& run_id, const RunDurations& durations) {
    last_run_ = run_id;
    std::int64_t newest = 0;
    for (const auto& [id, measured] : durations.all()) {
        newest = std::max(newest, measured.at_ms);
        const auto [known, is_new] = measured_.try_emplace(id, measured);
        if (!is_new && measured.at_ms >= known->second.at_ms) known->second = measured;
    }
    std::erase_if(measured_, [&](const auto& entry) {
        return entry.second.at_ms < newest - kForgottenAfterMs;
    });
}

LastDurations load_durations(const std::filesystem::path& output_dir) {
    const auto text = read_file(output_dir / kDurationsFile);
    return text ? LastDurations::parse(*text) : LastDurations{};
}

Result<> save_durations(const std::filesystem::path& output_dir, const std::string& run_id,
                        const RunDurations& durations) {
    const FolderLock lock(output_dir);
    auto all = load_durations(output_dir);
    all.take(run_id, durations);
    return write_file_atomically(output_dir / kDurationsFile, all.render());
}

DurationsSaver::DurationsSaver(std::filesystem::path output_dir, const TestTable& tests)
    : output_dir_(std::move(output_dir)), tests_(tests) {}

Result<> DurationsSaver::consume(const Event& event) {
    substance_.comes_with(event);
    if (const auto* started = std::get_if<RunStarted>(&event.body)) {
        run_id_ = started->run_id;
        per_test_ = started->verdict_source == VerdictSource::PerTest;
    } else if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
        const auto& test = tests_[finished->attempt.test];
        if (per_test_ && test.kind == TestKind::Test) {
            durations_.add(test.id, finished->attempt.result, event.at);
        }
    } else if (std::holds_alternative<RunFinished>(event.body) && substance_.is_there()) {
        return save_durations(output_dir_, run_id_, durations_);
    }
    return {};
}

}  // namespace offload::history

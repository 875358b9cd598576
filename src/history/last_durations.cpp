#include "offload/history/last_durations.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>

#include "folder_lock.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::history {
namespace {

constexpr std::string_view kHead = "offload durations 1 ";
constexpr std::string_view kCosts = "costs ";
constexpr std::string_view kNotKnown = "- ";
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
    if (!line.starts_with('p') && !line.starts_with('f')) return std::nullopt;
    measured.passed = line.front() == 'p';
    line.remove_prefix(1);
    if (line.starts_with(' ')) {
        line.remove_prefix(1);
        return measured;
    }
    if (!take(line, measured.cores) || !(measured.cores > 1)) return std::nullopt;
    return measured;
}

// With a blank behind it.
template <class... How>
void append_number(std::string& out, How... how) {
    std::array<char, 400> digits{};  // the largest double has 309 before its point
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), how...).ptr;
    out.append(digits.data(), end);
    out += ' ';
}

std::optional<BatchCosts> parse_costs(std::string_view line) {
    double per_batch = 0;
    double per_test = 0;
    double spread = 0;
    if (!take(line, per_batch) || !take(line, per_test)) return std::nullopt;
    const bool spread_known = line != kNotKnown;
    if (spread_known && !take(line, spread)) return std::nullopt;
    for (const double number : {per_batch, per_test, spread}) {
        if (!std::isfinite(number) || number < 0) return std::nullopt;
    }
    return BatchCosts{.per_batch = Seconds{per_batch},
                      .per_test = Seconds{per_test},
                      .spread = spread_known ? std::optional(spread) : std::nullopt};
}

void append_costs(std::string& out, const BatchCosts& costs) {
    out += kCosts;
    append_number(out, costs.per_batch.count(), std::chars_format::fixed, 6);
    append_number(out, costs.per_test.count(), std::chars_format::fixed, 6);
    if (costs.spread) {
        append_number(out, *costs.spread, std::chars_format::fixed, 6);
    } else {
        out += kNotKnown;
    }
    out += '\n';
}

// Of several entries of one ID the last one stays. Files are written in this order.
void sort_by_id(std::vector<LastDurations::Entry>& entries) {
    const auto id = &LastDurations::Entry::first;
    if (!std::ranges::is_sorted(entries, {}, id)) std::ranges::stable_sort(entries, {}, id);
    const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
    if (std::ranges::adjacent_find(entries, same) == entries.end()) return;
    const auto kept = std::unique(entries.rbegin(), entries.rend(), same);
    entries.erase(entries.begin(), kept.base());
}

// At least one, also where no CPU time is told.
double cores_of(const TestResult& result) {
    const double cores = std::round(result.cpu / result.duration * 10) / 10;
    return std::isfinite(cores) ? std::max(cores, 1.0) : 1;
}

}  // namespace

bool tells_duration(const TestResult& result) {
    return result.duration > Seconds{0} && result.outcome != Outcome::Skipped &&
           result.type != kNotRunType;
}

void RunDurations::add(TestIndex test, const TestResult& result, SystemTime at) {
    if (!tells_duration(result)) return;
    if (test.value() >= by_test_.size()) by_test_.resize(test.value() + std::size_t{1});
    auto& known = by_test_[test.value()];
    const bool passed = result.outcome == Outcome::Passed;
    if (known && known->passed && !passed) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch());
    known = Measured{ms.count(), result.duration.count(), passed, cores_of(result)};
}

LastDurations LastDurations::parse(std::string_view text) {
    LastDurations out;
    const auto end = text.find('\n');
    if (!text.starts_with(kHead) || end == std::string_view::npos) return out;
    const auto run = text.substr(kHead.size(), end - kHead.size());
    const auto blank = std::min(run.find(' '), run.size());
    out.last_run_ = {std::string(run.substr(0, blank)),
                     std::string(run.substr(std::min(blank + 1, run.size())))};
    text.remove_prefix(end + 1);
    out.all_.reserve(static_cast<std::size_t>(std::ranges::count(text, '\n')));
    // A line without its end was cut.
    for (auto next = text.find('\n'); next != std::string_view::npos; next = text.find('\n')) {
        auto line = text.substr(0, next);
        text.remove_prefix(next + 1);
        if (line.starts_with(kCosts)) {
            out.batch_costs_ = parse_costs(line.substr(kCosts.size()));
            continue;
        }
        if (const auto measured = parse_line(line)) {
            out.all_.emplace_back(unescaped(line), *measured);
        }
    }
    sort_by_id(out.all_);
    return out;
}

std::string LastDurations::render() const {
    std::string out(kHead);
    append_escaped(out, last_run_.id);
    if (!last_run_.began.empty()) out += ' ' + last_run_.began;
    out += '\n';
    if (batch_costs_) append_costs(out, *batch_costs_);
    for (const auto& [id, measured] : all_) {
        append_number(out, measured.at_ms);
        append_number(out, std::max(measured.seconds, 1e-6), std::chars_format::fixed, 6);
        out += measured.passed ? 'p' : 'f';
        if (measured.cores > 1) {
            append_number(out, measured.cores, std::chars_format::fixed, 1);
        } else {
            out += ' ';
        }
        append_escaped(out, id);
        out += '\n';
    }
    return out;
}

void LastDurations::take(RunName run, const RunDurations& durations,
                         const std::function<std::string_view(TestIndex)>& id_of) {
    last_run_ = std::move(run);
    std::int64_t newest = 0;
    std::vector<Entry> measured;
    for (std::size_t test = 0; test < durations.by_test().size(); ++test) {
        const auto& of_test = durations.by_test()[test];
        if (!of_test) continue;
        newest = std::max(newest, of_test->at_ms);
        if (const auto id = id_of(TestIndex(test)); !id.empty())
            measured.emplace_back(id, *of_test);
    }
    sort_by_id(measured);
    std::vector<Entry> merged;
    merged.reserve(std::max(all_.size(), measured.size()));
    auto known = all_.begin();
    for (auto& entry : measured) {
        for (; known != all_.end() && known->first < entry.first; ++known) {
            merged.push_back(std::move(*known));
        }
        const bool both = known != all_.end() && known->first == entry.first;
        if (both && known->second.at_ms > entry.second.at_ms) entry.second = known->second;
        if (both) ++known;
        merged.push_back(std::move(entry));
    }
    std::move(known, all_.end(), std::back_inserter(merged));
    std::erase_if(merged, [&](const Entry& entry) {
        return entry.second.at_ms < newest - kForgottenAfterMs;
    });
    all_ = std::move(merged);
}

void LastDurations::take_costs(const std::optional<BatchCosts>& costs) {
    if (!costs) return;
    const auto known = std::exchange(batch_costs_, costs);
    if (known && !batch_costs_->spread) batch_costs_->spread = known->spread;
}

LastDurations load_durations(const std::filesystem::path& output_dir) {
    const auto text = read_file(output_dir / kDurationsFile);
    return text ? LastDurations::parse(*text) : LastDurations{};
}

std::optional<BatchCosts> load_batch_costs(const std::filesystem::path& output_dir) {
    std::ifstream file(output_dir / kDurationsFile, std::ios::binary);
    std::string head;
    std::string costs;
    if (!std::getline(file, head) || !std::getline(file, costs)) return std::nullopt;
    return LastDurations::parse(head + '\n' + costs + '\n').batch_costs();
}

Result<> save_durations(const std::filesystem::path& output_dir, RunName run,
                        const RunDurations& durations,
                        const std::function<std::string_view(TestIndex)>& id_of,
                        const std::optional<BatchCosts>& costs) {
    OFFLOAD_CHECK(make_folder(output_dir));  // tests may have removed it
    const FolderLock lock(output_dir);
    auto all = load_durations(output_dir);
    all.take(std::move(run), durations, id_of);
    all.take_costs(costs);
    return write_file_atomically(output_dir / kDurationsFile, all.render());
}

DurationsSaver::DurationsSaver(std::filesystem::path output_dir, const TestTable& tests)
    : output_dir_(std::move(output_dir)), tests_(tests) {}

Result<> DurationsSaver::consume(const Event& event) {
    substance_.comes_with(event);
    if (const auto* started = std::get_if<RunStarted>(&event.body)) {
        per_test_ = started->verdict_source == VerdictSource::PerTest;
        run_ = {started->run_id, per_test_ ? iso8601(event.at) : std::string()};
    } else if (std::holds_alternative<TestCarried>(event.body)) {
        run_.began.clear();  // its report tells of tests that it has not measured
    } else if (const auto* finished = std::get_if<AttemptFinished>(&event.body)) {
        const auto test = finished->attempt.test;
        if (per_test_ && tests_[test].kind == TestKind::Test) {
            durations_.add(test, finished->attempt.result, event.at);
        }
    } else if (const auto* over = std::get_if<RunFinished>(&event.body);
               over != nullptr && substance_.is_there()) {
        return save_durations(
            output_dir_, run_, durations_,
            [&](TestIndex test) -> std::string_view { return tests_[test].id; },
            over->summary.batch_costs);
    }
    return {};
}

}  // namespace offload::history

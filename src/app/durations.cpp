#include "durations.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>
#include <unordered_map>

#include "console.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/history/history_file.hpp"
#include "offload/report/journal_reader.hpp"
#include "offload/report/kept_runs.hpp"

namespace offload::app {
namespace {

// Of "2026-11-23T11:02:03.456Z"; 0 for anything else.
std::int64_t milliseconds_of(const std::string& iso) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    double second = 0;
    const int parts = std::sscanf(iso.c_str(), "%d-%u-%uT%d:%d:%lf", &year, &month, &day, &hour,
                                  &minute, &second);
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (parts != 6 || !date.ok()) return 0;
    const auto days = std::chrono::sys_days(date).time_since_epoch();
    const auto time = days + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                      std::chrono::duration<double>(second);
    return std::chrono::round<std::chrono::milliseconds>(time).count();
}

// The first one in a report is the whole run's.
std::string first_timestamp(std::string_view junit) {
    constexpr std::string_view kAttribute = " timestamp=\"";
    const auto found = junit.find(kAttribute);
    if (found == std::string_view::npos) return {};
    const auto begin = found + kAttribute.size();
    return std::string(junit.substr(begin, junit.find('"', begin) - begin));
}

}  // namespace

KnownDurations durations_of(const junit::Document& document) {
    struct Known {
        std::size_t place;
        bool passed;
    };
    std::unordered_map<std::string, Known> seen;
    KnownDurations out;
    for (const auto& test : document.cases) {
        const auto& result = test.result;
        if (test.name.empty() || !history::tells_duration(result)) continue;
        const bool passed = result.outcome == Outcome::Passed;
        const auto [entry, is_new] = seen.try_emplace(test.name, Known{out.size(), passed});
        if (is_new) {
            out.push_back({test.name, result.duration, std::nullopt});
        } else if (passed || !entry->second.passed) {
            out[entry->second.place].duration = result.duration;
            entry->second.passed = passed;
        }
    }
    return out;
}

LastRun read_last_run(const std::filesystem::path& junit_file) {
    const auto text = read_file(junit_file);
    if (!text) return {};
    const auto document = junit::read(*text);
    if (!document) return {};
    return {durations_of(*document), first_timestamp(*text)};
}

std::string read_beginning(const std::filesystem::path& junit_file) {
    std::ifstream file(junit_file, std::ios::binary);
    std::string head(4096, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    return first_timestamp(head);
}

LastRun with_remembered(LastRun last_run, history::LastDurations remembered) {
    if (remembered.all().empty()) return last_run;
    last_run.measured_ms.assign(last_run.durations.size(), milliseconds_of(last_run.began));
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < last_run.durations.size(); ++i) {
        places.emplace(last_run.durations[i].id, i);
    }
    for (auto& [id, measured] : std::move(remembered).release()) {
        const auto place = places.find(id);
        if (place == places.end()) {
            last_run.durations.push_back(
                {std::move(id), Seconds{measured.seconds}, std::nullopt, measured.cores});
            last_run.measured_ms.push_back(measured.at_ms);
        } else if (measured.at_ms >= last_run.measured_ms[place->second]) {
            last_run.durations[place->second].duration = Seconds{measured.seconds};
            last_run.durations[place->second].cores = measured.cores;
            last_run.measured_ms[place->second] = measured.at_ms;
        }
    }
    return last_run;
}

KnownDurations newest_durations(LastRun last_run, const history::History& history,
                                const std::string& config) {
    KnownDurations out = std::move(last_run.durations);
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < out.size(); ++i) places.emplace(out[i].id, i);
    KnownDurations more;
    for (const auto& [key, record] : history.records()) {
        if (key.first != config) continue;
        const auto estimate = history.estimate(key.first, key.second);
        if (!estimate) continue;
        const auto place = places.find(key.second);
        const auto deviation = [&](Seconds expected) {
            return history.deviation(key.first, key.second, expected);
        };
        if (place == places.end()) {
            const Seconds duration = estimate->duration;
            more.push_back({key.second, duration, deviation(duration)});
            continue;
        }
        KnownDuration& known = out[place->second];
        // TRAPS 38: a run that was not recorded may be newer than all that was. ISO 8601 in UTC
        // sorts as text.
        const auto measured = iso8601(SystemTime(std::chrono::milliseconds(estimate->at_ms)));
        const bool newer = last_run.measured_ms.empty()
                               ? measured >= last_run.began
                               : estimate->at_ms >= last_run.measured_ms[place->second];
        if (newer) known.duration = estimate->duration;
        known.deviation = deviation(known.duration);
    }
    out.insert(out.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
    return out;
}

namespace {

// A run saves what it has measured at its end. Of one that never came to it the journal tells.
void remember_killed_run(const std::filesystem::path& output_dir,
                         history::LastDurations& remembered) {
    const auto runs = report::kept_runs(output_dir);
    if (runs.empty() || runs.front().run_id == remembered.last_run().id) return;
    history::RunDurations durations;
    std::unordered_map<TestIndex, std::string> ids;
    bool per_test = true;
    const report::ReadOptions options{
        .kinds = report::EventKinds::of<RunStarted, TestDiscovered, AttemptFinished>()};
    const auto end =
        report::read_journal(runs.front().journal, options, [&](Event&& event, report::LinePlace) {
            if (const auto* started = std::get_if<RunStarted>(&event.body)) {
                per_test = started->verdict_source == VerdictSource::PerTest;
            } else if (auto* test = std::get_if<TestDiscovered>(&event.body)) {
                if (test->kind == TestKind::Test) ids.emplace(test->test, std::move(test->id));
            } else if (const auto* attempt = std::get_if<AttemptFinished>(&event.body)) {
                durations.add(attempt->attempt.test, attempt->attempt.result, event.at);
            }
        });
    if (!end) return;
    if (!per_test) durations = {};
    const history::RunName run{runs.front().run_id, {}};
    const auto id_of = [&](TestIndex test) -> std::string_view {
        const auto id = ids.find(test);
        return id == ids.end() ? std::string_view{} : id->second;
    };
    (void)history::save_durations(output_dir, run, durations, id_of);
    remembered.take(run, durations, id_of);
}

}  // namespace

KnownDurations known_durations(const config::Config& config) {
    const std::filesystem::path output_dir = config.report.output_dir;
    auto remembered = history::load_durations(output_dir);
    remember_killed_run(output_dir, remembered);
    // All that the report of the run remembered last could tell is remembered.
    const auto junit = output_dir / config.report.junit_file;
    const auto& began = remembered.last_run().began;
    const bool all_remembered = !began.empty() && began == read_beginning(junit);
    auto last_run =
        with_remembered(all_remembered ? LastRun{} : read_last_run(junit), std::move(remembered));
    if (!config.history.present) return std::move(last_run.durations);
    const auto loaded = history::load(config.history.path);
    if (!loaded) {
        print_warning(fmt::format("the history is not used: {}", loaded.error().to_string()));
        return std::move(last_run.durations);
    }
    if (loaded->broken_lines > 0) {
        print_warning(fmt::format("{}: {} of no history left out", config.history.path,
                                  text::count(loaded->broken_lines, "line")));
    }
    return newest_durations(std::move(last_run), loaded->history, config.file.filename().string());
}

}  // namespace offload::app

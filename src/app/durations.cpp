#include "durations.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <unordered_map>

#include "console.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/history/history_file.hpp"

namespace offload::app {

KnownDurations durations_of(const junit::Document& document) {
    struct Known {
        std::size_t place;
        bool passed;
    };
    std::unordered_map<std::string, Known> seen;
    KnownDurations out;
    for (const auto& test : document.cases) {
        const auto& result = test.result;
        if (result.duration <= Seconds{0} || test.name.empty()) continue;
        if (result.outcome == Outcome::Skipped || result.type == kNotRunType) continue;
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
    LastRun out{durations_of(*document), {}};
    // The first one is the whole run's.
    constexpr std::string_view kAttribute = " timestamp=\"";
    if (const auto found = text->find(kAttribute); found != std::string::npos) {
        const auto begin = found + kAttribute.size();
        out.began = text->substr(begin, text->find('"', begin) - begin);
    }
    return out;
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
        if (measured >= last_run.began) known.duration = estimate->duration;
        known.deviation = deviation(known.duration);
    }
    out.insert(out.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
    return out;
}

KnownDurations known_durations(const config::Config& config) {
    namespace fs = std::filesystem;
    auto last_run = read_last_run(fs::path(config.report.output_dir) / config.report.junit_file);
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

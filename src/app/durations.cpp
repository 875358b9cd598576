#include "durations.hpp"

#include <unordered_map>

#include "offload/base/file.hpp"

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
            out.emplace_back(test.name, result.duration);
        } else if (passed || !entry->second.passed) {
            out[entry->second.place].second = result.duration;
            entry->second.passed = passed;
        }
    }
    return out;
}

KnownDurations read_durations(const std::filesystem::path& junit_file) {
    const auto text = read_file(junit_file);
    if (!text) return {};
    const auto document = junit::read(*text);
    if (!document) return {};
    return durations_of(*document);
}

}  // namespace offload::app

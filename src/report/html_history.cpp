#include "html_history.hpp"

#include <system_error>
#include <utility>
#include <variant>

#include "offload/report/journal_reader.hpp"
#include "offload/report/kept_runs.hpp"

namespace offload::report {
namespace {

namespace fs = std::filesystem;

bool counts(const KeptRun& kept, const ShownRun& shown) {
    return kept.run_id != shown.id && kept.started <= shown.started &&
           fs::path(kept.config_file).filename() == fs::path(shown.config_file).filename();
}

std::optional<EarlierRun> earlier_run_of(const KeptRun& kept, const ShownRun::TestsById& tests,
                                         std::size_t count) {
    EarlierRun run{kept.run_id, kept.started, {}};
    run.statuses.resize(count);
    std::vector<std::optional<TestIndex>> shown_as;  // by test of that run
    const auto end =
        read_journal(kept.journal, {.kinds = EventKinds::of<TestDiscovered, TestDecided>()},
                     [&](Event&& event, LinePlace /*place*/) {
                         if (const auto* test = std::get_if<TestDiscovered>(&event.body)) {
                             const auto found = tests.find(test->id);
                             if (found == tests.end()) return;
                             const std::size_t place = test->test.value();
                             if (place >= shown_as.size()) shown_as.resize(place + 1);
                             shown_as[place] = found->second;
                         } else if (const auto* decided = std::get_if<TestDecided>(&event.body)) {
                             const std::size_t place = decided->test.value();
                             if (place >= shown_as.size() || !shown_as[place]) return;
                             run.statuses[shown_as[place]->value()] = decided->status;
                         }
                     });
    if (!end) return std::nullopt;
    return run;
}

}  // namespace

EarlierRuns read_earlier_runs(const fs::path& output_dir, const ShownRun& shown,
                              std::uintmax_t most_bytes) {
    EarlierRuns earlier;
    std::optional<ShownRun::TestsById> tests;
    bool full = false;
    for (const auto& kept : kept_runs(output_dir)) {
        if (!counts(kept, shown)) continue;
        std::error_code trouble;
        const auto size = fs::file_size(kept.journal, trouble);
        if (trouble) continue;
        full = full || size > most_bytes;
        if (full) {
            ++earlier.unread;
            continue;
        }
        most_bytes -= size;
        if (!tests) tests = shown.tests();
        if (auto run = earlier_run_of(kept, *tests, shown.count))
            earlier.runs.push_back(std::move(*run));
    }
    return earlier;
}

}  // namespace offload::report

// How long each test took when it last ran, whatever became of the run:
// `{output_dir}/durations.txt`.
//
// First line: "offload durations 1 RUN_ID BEGAN", the last run whose durations are in it, and when
// it began as its JUnit report says it ("2026-11-23T11:02:03.456Z"; left out where that report
// tells more than this file). Second line, where batches of a run have told what they cost:
// "costs SECONDS SECONDS SPREAD", each batch's, each test's, and their spread, "-" where that is
// not known (BatchCosts). Every further line is a test: milliseconds since 1970, seconds, "p" or
// "f" for passed or failed, behind it, where it was more than one, how many processors the test
// kept busy ("p1.9"), and the ID, in which backslash, newline and carriage return are escaped;
// lines are sorted by ID. Reading a hundred thousand of them takes no time that anybody notices, at
// the start of every run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/batch_costs.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"
#include "offload/model/test_table.hpp"

namespace offload::history {

inline constexpr std::string_view kDurationsFile = "durations.txt";

struct Measured {
    std::int64_t at_ms = 0;  // since 1970
    double seconds = 0;
    bool passed = true;
    double cores = 1;
    bool operator==(const Measured&) const = default;
};

// Whether the result tells how long its test takes: one that was skipped, not run, or took no time
// does not.
bool tells_duration(const TestResult& result);

// Of one run: a pass counts before anything else, then the last result.
class RunDurations {
  public:
    void add(TestIndex test, const TestResult& result, SystemTime at);

    // Nothing: not measured.
    const std::vector<std::optional<Measured>>& by_test() const { return by_test_; }

  private:
    std::vector<std::optional<Measured>> by_test_;
};

struct RunName {
    std::string id;
    std::string began;  // of the file's first line; may be empty
    bool operator==(const RunName&) const = default;
};

// Pure.
class LastDurations {
  public:
    // Lines that make no sense are left out.
    static LastDurations parse(std::string_view text);
    std::string render() const;

    // What the run has measured, where that is the newest. Tests that have not run for 90 days
    // before it are forgotten. `id_of`: the ID of each test that was measured; where it is empty,
    // the test is left out.
    void take(RunName run, const RunDurations& durations,
              const std::function<std::string_view(TestIndex)>& id_of);

    // What the run has learnt; what it has not learnt stays as it was.
    void take_costs(const std::optional<BatchCosts>& costs);

    const RunName& last_run() const { return last_run_; }
    const std::optional<BatchCosts>& batch_costs() const { return batch_costs_; }

    // Sorted by ID.
    using Entry = std::pair<std::string, Measured>;
    const std::vector<Entry>& all() const { return all_; }
    std::vector<Entry> release() && { return std::move(all_); }

  private:
    RunName last_run_;
    std::optional<BatchCosts> batch_costs_;
    std::vector<Entry> all_;
};

// What is in the folder; nothing where there is none, or none that can be read.
LastDurations load_durations(const std::filesystem::path& output_dir);

// LastDurations::batch_costs() without reading the rest.
std::optional<BatchCosts> load_batch_costs(const std::filesystem::path& output_dir);

// Adds a run's to what stands in the folder then, as LastDurations::take() and take_costs() do.
Result<> save_durations(const std::filesystem::path& output_dir, RunName run,
                        const RunDurations& durations,
                        const std::function<std::string_view(TestIndex)>& id_of,
                        const std::optional<BatchCosts>& costs = std::nullopt);

// Saves the run's at its end. Where batches decide about tests as a whole, no test has a duration.
class DurationsSaver final : public Sink {
  public:
    // `tests` must outlive the sink.
    DurationsSaver(std::filesystem::path output_dir, const TestTable& tests);

    std::string_view name() const override { return "durations"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override;

  private:
    std::filesystem::path output_dir_;
    const TestTable& tests_;
    RunName run_;
    bool per_test_ = true;
    RunDurations durations_;
    Substance substance_;
};

}  // namespace offload::history

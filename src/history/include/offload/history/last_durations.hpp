// How long each test took when it last ran, whatever became of the run:
// `{output_dir}/durations.txt`.
//
// First line: "offload durations 1 RUN_ID", the last run whose durations are in it. Every further
// line is a test: milliseconds since 1970, seconds, "p" or "f" for passed or failed, and the ID, in
// which backslash, newline and carriage return are escaped. Reading a hundred thousand of them
// takes no time that anybody notices, at the start of every run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "offload/base/error.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"
#include "offload/model/test_table.hpp"

namespace offload::history {

inline constexpr std::string_view kDurationsFile = "durations.txt";

struct Measured {
    std::int64_t at_ms = 0;  // since 1970
    double seconds = 0;
    bool passed = true;
    bool operator==(const Measured&) const = default;
};

// Whether the result tells how long its test takes: one that was skipped, not run, or took no time
// does not.
bool tells_duration(const TestResult& result);

// Of one run, by test ID: a pass counts before anything else, then the last result.
class RunDurations {
  public:
    void add(const std::string& id, const TestResult& result, SystemTime at);
    const std::unordered_map<std::string, Measured>& all() const { return measured_; }

  private:
    std::unordered_map<std::string, Measured> measured_;
};

// Pure.
class LastDurations {
  public:
    // Lines that make no sense are left out.
    static LastDurations parse(std::string_view text);
    std::string render() const;

    // What the run has measured, where that is the newest. Tests that have not run for 90 days
    // before it are forgotten.
    void take(const std::string& run_id, const RunDurations& durations);

    const std::string& last_run() const { return last_run_; }
    const std::unordered_map<std::string, Measured>& all() const { return measured_; }

  private:
    std::string last_run_;
    std::unordered_map<std::string, Measured> measured_;
};

// What is in the folder; nothing where there is none, or none that can be read.
LastDurations load_durations(const std::filesystem::path& output_dir);

// Adds a run's to what stands in the folder then.
Result<> save_durations(const std::filesystem::path& output_dir, const std::string& run_id,
                        const RunDurations& durations);

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
    std::string run_id_;
    bool per_test_ = true;
    RunDurations durations_;
    Substance substance_;
};

}  // namespace offload::history

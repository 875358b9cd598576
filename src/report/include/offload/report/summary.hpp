// The last word on a run, for stdout.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/model/sink.hpp"
#include "offload/model/substance.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/cost.hpp"

namespace offload::report {

struct SummaryOptions {
    bool colour = false;
    bool for_terminal = false;         // control characters in IDs and messages are shown, not sent
    std::filesystem::path output_dir;  // named as the place of logs and journal
    std::filesystem::path junit_file;  // whole path; empty when none is written
    std::filesystem::path html_file;   // likewise
    std::filesystem::path trace_file;  // likewise
    // The summary goes to where stderr goes: an error that ended the run is there already.
    bool errors_stand_above = false;
    std::string cleanup_command = "offload cleanup";  // that destroys what is left
    std::size_t names = 200;                          // of each list; the rest is counted
    std::size_t slowest = 10;
    std::optional<CostRates> cost;  // an estimate is wanted
};

// What the summary tells beyond RunSummary.
struct SummaryExtras {
    std::vector<UnknownResult> unknown;  // the first few
    std::string cost;                    // "about $0.21: …"; empty: not wanted
    bool nothing_was_run = false;        // reports are those that earlier runs have left
};

// The counts stand in lines of the form "  Failed:  N", which scripts may look for.
std::string render_summary(const RunSummary& summary, const TestTable& tests,
                           const SummaryOptions& options, const SummaryExtras& extras = {});

// Prints the summary at the end of the run. The other reports are complete by then: one that
// does not exist is not named.
class SummaryPrinter final : public Sink {
  public:
    // `write` gets the whole text at once. `tests` must outlive the sink.
    SummaryPrinter(SummaryOptions options, const TestTable& tests,
                   std::function<Result<>(std::string_view)> write);

    std::string_view name() const override { return "summary"; }
    bool required() const override { return true; }
    Result<> consume(const Event& event) override;

  private:
    SummaryOptions options_;
    const TestTable& tests_;
    std::function<Result<>(std::string_view)> write_;
    SummaryExtras extras_;
    SandboxLifetimes lifetimes_;
    Substance substance_;
};

}  // namespace offload::report

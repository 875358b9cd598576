// What the user sees on stderr while a run goes on: an area of a few lines that is redrawn in
// place, or plain lines, one per change, where nobody can redraw. Failures are shown as they
// happen.
//
// Text that comes from tests is made harmless before it is shown: no byte of it reaches the
// terminal as a control character.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/model/known_duration.hpp"
#include "offload/model/line_rank.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/ci.hpp"
#include "offload/report/colour.hpp"

namespace offload::report {

struct TerminalSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

enum class ProgressMode { RedrawnArea, PlainLines };

enum class Verbosity {
    Quiet,       // what went wrong: failures, flaky tests, warnings, errors
    Usual,       // and how the run goes
    Verbose,     // and a line per passed or skipped test, batch and sandbox
    Everything,  // and all that tests have printed, also those that passed
};

struct ProgressOptions {
    ProgressMode mode = ProgressMode::PlainLines;
    bool colour = false;
    bool unicode = true;  // false: the display's own marks are ASCII
    Verbosity verbosity = Verbosity::Usual;
    std::function<void(std::string_view)> write;  // must be set
    std::function<TerminalSize()> size;           // asked at each drawing; unset: 80 × 24
    std::vector<int> attempts_per_group;  // 1 + retry_count, for "attempt 1 of 3"; may be empty
    std::vector<KnownDuration> known_durations;  // for the time left
    Seconds heartbeat{15};                       // plain lines: longest silence
    LineRanker rank_lines = {};                  // which of a failure's say what was wrong
    const CiSystem* ci =
        nullptr;  // of plain lines: whose log they go to; null: nobody's in particular
    std::size_t failure_lines = 200;           // of one failure's output
    std::size_t total_failure_lines = 20'000;  // beyond: failures are shown without their output
};

// Options for this process's stderr: plain lines when `ci`, $CI is "true" or "1", $TERM is "dumb"
// or stderr is no terminal.
ProgressOptions progress_on_stderr(bool ci, ColourWish colour = ColourWish::Auto);

class Progress final : public Sink {
  public:
    // `tests` must outlive the sink.
    Progress(ProgressOptions options, const TestTable& tests);
    ~Progress() override;

    std::string_view name() const override { return "progress"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override;
    void tick(Seconds since_start) override;
    void forecast(Seconds since_start, Seconds left) override;
    void last_words(std::string_view line) override;

  private:
    class Display;
    std::unique_ptr<Display> display_;
};

}  // namespace offload::report

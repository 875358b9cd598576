// How the live display shows attempts with what they have printed: how much of it, and folded where
// a CI system's log can. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/progress.hpp"
#include "progress_lines.hpp"

namespace offload::report {

class ProgressFailures {
  public:
    // All of them must outlive it.
    ProgressFailures(const ProgressOptions& options, const TestTable& tests, ProgressLines& lines)
        : options_(options), tests_(tests), lines_(lines) {}

    // `now`: for folds, which CI systems time.
    void show(const AttemptFinished& event, SystemTime now);

    // All that a test has printed.
    void show_output(const TestResult& result);

  private:
    std::string headline(const AttemptFinished& event) const;
    std::string place_of(const Attempt& attempt) const;
    std::string attempt_number(const Attempt& attempt) const;
    void say_headline(const AttemptFinished& event);
    void show_without_output(const AttemptFinished& event);
    void show_with_output(const AttemptFinished& event, SystemTime now);
    void show_details(std::string_view text);
    bool begin_fold(const AttemptFinished& event, SystemTime now);
    void end_fold(SystemTime now);

    const ProgressOptions& options_;
    const TestTable& tests_;
    ProgressLines& lines_;
    std::size_t lines_shown_ = 0;
    std::size_t folds_ = 0;
    bool told_of_limit_ = false;
};

}  // namespace offload::report

// What the systems that run jobs for people show of a run in ways of their own: folded logs,
// remarks beside the code, a page of the run. Each of them is declared once, in ci/systems.cpp.
//
// Not here: anything that counts for the verdict. What cannot be told is a warning, and the run
// ends as it would have.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "offload/model/line_rank.hpp"
#include "offload/model/sink.hpp"
#include "offload/model/test_table.hpp"

namespace offload::report {

struct CiSystem;

namespace ci {

// The value of a variable; empty where it is not set.
using Variables = std::function<std::string(std::string_view)>;

// The names of all systems, as they are chosen by.
std::vector<std::string_view> names();

// The system of that name; "auto": the one whose job this is, by the variables that it sets. Null:
// none.
const CiSystem* chosen(std::string_view name, const Variables& variables);

// Lines that others may have written parts of, so that the system takes none of them for its own.
// `system` may be null.
std::string guarded(const CiSystem* system, std::string_view lines);

}  // namespace ci

struct CiReportOptions {
    const CiSystem* system = nullptr;  // must be set
    ci::Variables variables;           // must be set
    // Where tests run on this machine, absolute, and, for those that run elsewhere, what is this
    // folder there; may be empty.
    std::filesystem::path working_folder;
    std::filesystem::path working_folder_there;
    // Failures were annotated by others already: those of the shards that are merged.
    bool told_already = false;
    LineRanker rank_lines = {};  // which of a failure's lines say what was wrong
    std::function<void(std::string_view)> write_log;  // whole lines, to the job's log; must be set
    std::function<void(const Error&)> warn;           // must be set
    // Runs a command that is given the text on its standard input; must be set.
    std::function<Result<>(const std::vector<std::string>& argv, std::string_view text)> run;
};

// Tells the system of the run as it ends: annotations, then the page.
class CiReport final : public Sink {
  public:
    // `tests` must outlive the sink.
    CiReport(CiReportOptions options, const TestTable& tests);
    ~CiReport() override;

    std::string_view name() const override { return "what the CI system shows"; }
    bool required() const override { return false; }
    Result<> consume(const Event& event) override;

  private:
    class Teller;
    std::unique_ptr<Teller> teller_;
};

}  // namespace offload::report

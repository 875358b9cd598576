// What the live display says of a run, a line or more per event: how it goes where nobody can
// redraw, what went wrong everywhere. Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "offload/model/event.hpp"
#include "offload/model/test_table.hpp"
#include "offload/report/progress.hpp"
#include "progress_failures.hpp"
#include "progress_lines.hpp"
#include "progress_repetitions.hpp"

namespace offload::report {

class ProgressNarration {
  public:
    // All of them must outlive it.
    ProgressNarration(const ProgressOptions& options, const TestTable& tests, ProgressLines& lines)
        : options_(options), tests_(tests), lines_(lines), failures_(options, tests, lines) {}

    void tell(const Event& event);

  private:
    template <class Other>
    void on(const Other& /*event*/) {}
    void on(const RunStarted& event);
    void on(const DiscoveryStarted& event);
    void on(const DiscoveryFinished& event);
    void on(const RunPlanned& event);
    void on(const SandboxReady& event);
    void on(const SandboxEnded& event);
    void on(const BatchStarted& event);
    void on(const BatchFinished& event);
    void on(const AttemptFinished& event);
    void on(const TestDecided& event);
    void on(const UnknownResult& event);
    void on(const Notice& event);
    void on(const RunFinished& event);

    void say(std::string_view line) { lines_.say(line); }
    void say(Style style, std::string_view word, std::string_view rest) {
        lines_.say(style, word, rest);
    }
    // One line for all warnings of a kind, and one more that counts them. The journal has all.
    void warn(const std::string& text);
    bool plain() const { return options_.mode == ProgressMode::PlainLines; }
    bool quiet() const { return options_.verbosity == Verbosity::Quiet; }
    bool verbose() const { return options_.verbosity >= Verbosity::Verbose; }
    // How the run goes is told in lines.
    bool narrates() const { return plain() && !quiet(); }
    std::string id_of(TestIndex test) const;
    std::string group_name(GroupIndex group) const;
    void mark_told(TestIndex test);
    bool was_told(TestIndex test) const {
        return test.value() < told_.size() && told_[test.value()];
    }

    const ProgressOptions& options_;
    const TestTable& tests_;
    ProgressLines& lines_;
    ProgressFailures failures_;
    std::vector<std::string> groups_;
    std::vector<bool> told_;                  // a failure of this test was shown
    std::unordered_set<BatchNumber> blamed_;  // a test told already how the batch ended
    ProgressRepetitions repetitions_;
    std::pair<TestIndex, int> last_attempt_{TestIndex{}, 0};
    SystemTime now_;
    bool first_sandbox_told_ = false;
};

}  // namespace offload::report

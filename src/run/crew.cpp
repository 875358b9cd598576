#include "crew.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace offload::run {

void Crew::start(SandboxNumber sandbox, Way way, const schedule::Assignment& assignment,
                 std::vector<TestToRun> attempts, std::shared_ptr<const Carry> carry,
                 const Now& now) {
    const BatchNumber number(next_number_++);
    if (assignment.hedge) hedges_ += assignment.tests.size();
    out_.tell(BatchStarted{number, sandbox, assignment.tests, assignment.hedge});
    batches_.try_emplace(number, Batch::Place{number, sandbox, assignment.group}, way,
                         assignment.tests, now);
    fleet_.occupy(sandbox, number);
    out_.add(StartBatch{.sandbox = sandbox,
                        .batch = number,
                        .group = assignment.group,
                        .way = way,
                        .tests = std::move(attempts),
                        .carry = std::move(carry)});
}

void Crew::hire(SandboxNumber sandbox, Way way, Family family, const Now& now) {
    const BatchNumber number(next_number_++);
    std::optional<std::string> shown;
    if (way == Way::ToDiscover) shown = settings_.groups[family.group.value()].shown;
    out_.add(StartBatch{.sandbox = sandbox,
                        .batch = number,
                        .group = family.group,
                        .way = way,
                        .tests = {},
                        .carry = nullptr,
                        .companions = family.companions});
    const Batch::Place place{number, sandbox, family.group};
    batches_.try_emplace(number, place,
                         Prelude(std::move(family), std::move(shown), now.since_start), now);
    fleet_.occupy(sandbox, number);
}

void Crew::employ(Batch& worker, const schedule::Assignment& assignment,
                  std::vector<TestToRun> attempts, const Now& now) {
    out_.tell(BatchStarted{worker.number(), worker.sandbox(), assignment.tests, false});
    for (auto& output : worker.employ(assignment.tests, now)) out_.tell(std::move(output));
    out_.add(Feed{worker.sandbox(), std::move(attempts)});
}

void Crew::extend(Batch& worker, const std::vector<TestIndex>& tests,
                  std::vector<TestToRun> attempts, const Now& now) {
    out_.tell(BatchExtended{worker.number(), tests});
    worker.give(tests, now);
    out_.add(Feed{worker.sandbox(), std::move(attempts)});
}

void Crew::let_go(Batch& worker, const Now& now) {
    worker.tell_to_leave(now);
    out_.add(EndWorker{worker.sandbox()});
}

void Crew::remove(BatchNumber number, bool sandbox_usable) {
    const auto found = batches_.find(number);
    fleet_.vacate(found->second.sandbox(), sandbox_usable);
    batches_.erase(found);
}

std::size_t Crew::hired() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        batches_, [](const auto& entry) { return entry.second.prelude() != nullptr; }));
}

}  // namespace offload::run

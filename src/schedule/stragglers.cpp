#include "offload/schedule/stragglers.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace offload::schedule {
namespace {

// Below this the start of a duplicate costs more than the delay that it might save.
constexpr double kLeastDelay = 0.5;

// What goes on in a duplicate after its batch has ended may be late again, but not for ever: a test
// that runners leave out would have one duplicate after the other.
constexpr std::uint8_t kMostHedges = 3;

}  // namespace

void Stragglers::watch(const RunningBatch& batch, const TestBook& book,
                       const Estimates& estimates) {
    due_ = std::min(due_, late_from(batch, book, estimates));
}

void Stragglers::look_again(Seconds now) { due_ = std::min(due_, now); }

// From when on the batch is late; kNever where nothing measured says so.
Seconds Stragglers::late_from(const RunningBatch& batch, const TestBook& book,
                              const Estimates& estimates) const {
    return std::min(overdue_from(batch, book, estimates), blocked_from(batch, estimates));
}

// From when on some of its tests take longer than it can be.
Seconds Stragglers::overdue_from(const RunningBatch& batch, const TestBook& book,
                                 const Estimates& estimates) const {
    if (!rules_.hedges || batch.unfinished == 0) return kNever;
    const double slack = std::max(estimates.per_batch(), kLeastDelay);
    Seconds late = kNever;
    // A worker's time as a whole says nothing: it also waits for what it is given.
    if (batch.measured && !(batch.streams && batch.any_result)) {
        const double cost = estimates.batch_cost(batch.all_weight, batch.tests.size());
        if (const auto due = estimates.late_batch_after(cost)) {
            late = batch.started + Seconds{*due + slack};
        }
    }
    // Where results come one by one, the time since the last one is a single test's.
    if (const auto current = batch.current(); current && book[*current].measured) {
        const Seconds due{estimates.late_test_after(estimates.cost(book[*current].weight, 1)) +
                          slack};
        late = std::min(late, batch.last_result + due);
    }
    return late;
}

// From when on tests wait in a worker that would have been done with all it holds, were they what
// they were taken for. However long its current test may go on: they could be run elsewhere.
Seconds Stragglers::blocked_from(const RunningBatch& batch, const Estimates& estimates) const {
    if (!rules_.hedges || !batch.streams || batch.unfinished <= 1 || !batch.current()) {
        return kNever;
    }
    return batch.last_result + unfinished_time(batch, estimates) +
           Seconds{std::max(estimates.per_batch(), kLeastDelay)};
}

std::vector<TestIndex> Stragglers::candidates(const RunningBatch& batch, Why late,
                                              const Queue& queue, const TestBook& book) const {
    std::vector<TestIndex> tests;
    for (std::size_t i = batch.cursor; i < batch.tests.size(); ++i) {
        const KnownTest& known = book[batch.tests[i]];
        if (known.place != Place::Running || known.rival) continue;
        const bool waits = late.blocked && i > batch.cursor;
        if (!waits && !(late.overdue && known.measured)) continue;
        if (!Resources::is_plain(queue.lanes()[known.lane].needs)) continue;
        // Where one runner refuses it, the next would, too, again and again.
        if (known.bonded || known.refused || known.hedges >= kMostHedges) continue;
        // A worker may hold a test a second time: its retry.
        if (batch.streams && std::ranges::find(tests, batch.tests[i]) != tests.end()) continue;
        tests.push_back(batch.tests[i]);
    }
    // A batch whose exit status decides can only be run again as it is.
    if (rules_.whole_batches && tests.size() < batch.tests.size()) tests.clear();
    return tests;
}

std::optional<Stragglers::Late> Stragglers::find(const RunningBatches& running, const Queue& queue,
                                                 const TestBook& book, const Estimates& estimates,
                                                 Seconds now) {
    if (now < due_) return std::nullopt;
    due_ = kNever;
    std::optional<Late> found;
    std::pair<double, SandboxNumber> most;
    for (const auto& [sandbox, batch] : running.all()) {
        const Seconds overdue = overdue_from(batch, book, estimates);
        const Seconds blocked = blocked_from(batch, estimates);
        if (std::min(overdue, blocked) > now) {
            due_ = std::min({due_, overdue, blocked});
            continue;
        }
        const Why why{.overdue = overdue <= now, .blocked = blocked <= now};
        auto tests = candidates(batch, why, queue, book);
        double cost = 0;
        for (const TestIndex test : tests) cost += estimates.cost(book[test].weight, 1);
        const std::pair rank(cost, sandbox);
        if (tests.empty() || (found && rank < most)) continue;
        most = rank;
        const bool runs = batch.any_result && tests.front() == batch.tests[batch.cursor];
        const auto unit = estimates.seconds_per_weight(batch.lane, now - batch.last_result);
        found = Late{.tests = std::move(tests),
                     .spared = runs ? 1U : 0U,
                     .seconds_per_weight = unit.value_or(1)};
    }
    if (found) due_ = now;  // there may be more
    return found;
}

// Where results come one by one, the first test is running and the others wait behind it: these go
// first, from the end, so that the straggler and its helpers meet in the middle.
std::vector<TestIndex> Stragglers::part_of(Late late, const TestBook& book,
                                           const Estimates& estimates, std::size_t idle) const {
    auto& tests = late.tests;
    if (rules_.whole_batches || tests.size() == 1) return std::move(tests);
    if (book[tests.back()].apart) return {tests.back()};
    const auto cost_of = [&](TestIndex test) {
        return estimates.cost(book[test].weight, 1) * late.seconds_per_weight;
    };
    double waiting = 0;
    for (std::size_t i = late.spared; i < tests.size(); ++i) waiting += cost_of(tests[i]);
    const double share = std::max(waiting / static_cast<double>(idle), estimates.per_batch());
    double taken = 0;
    std::size_t bytes = 0;
    std::size_t from = tests.size();
    while (from > late.spared && (from == tests.size() || taken < share)) {
        const TestIndex test = tests[from - 1];
        bytes += book[test].command_bytes;
        if (rules_.command_bytes > 0 && bytes > rules_.command_bytes && taken > 0) break;
        taken += cost_of(test);
        --from;
    }
    tests.erase(tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(from));
    return std::move(tests);
}

}  // namespace offload::schedule

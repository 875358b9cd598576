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

std::vector<TestIndex> Stragglers::candidates(const RunningBatch& batch, const Queue& queue,
                                              const TestBook& book) const {
    std::vector<TestIndex> tests;
    for (std::size_t i = batch.cursor; i < batch.tests.size(); ++i) {
        const KnownTest& known = book[batch.tests[i]];
        if (known.place != Place::Running || known.rival || !known.measured) continue;
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
        const Seconds late = late_from(batch, book, estimates);
        if (late > now) {
            due_ = std::min(due_, late);
            continue;
        }
        auto tests = candidates(batch, queue, book);
        double cost = 0;
        for (const TestIndex test : tests) cost += estimates.cost(book[test].weight, 1);
        const std::pair rank(cost, sandbox);
        if (tests.empty() || (found && rank < most)) continue;
        most = rank;
        found = Late{&batch, std::move(tests)};
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
    const auto cost_of = [&](TestIndex test) { return estimates.cost(book[test].weight, 1); };
    const std::size_t spared = late.batch->any_result ? 1 : 0;
    double waiting = 0;
    for (std::size_t i = spared; i < tests.size(); ++i) waiting += cost_of(tests[i]);
    const double share = std::max(waiting / static_cast<double>(idle), estimates.per_batch());
    double taken = 0;
    std::size_t from = tests.size();
    while (from > spared && (from == tests.size() || taken < share)) {
        taken += cost_of(tests[--from]);
    }
    tests.erase(tests.begin(), tests.begin() + static_cast<std::ptrdiff_t>(from));
    return std::move(tests);
}

}  // namespace offload::schedule

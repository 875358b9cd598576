// What the scheduler costs per test, from add() to finished().
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <deque>
#include <random>
#include <vector>

#include "offload/schedule/scheduler.hpp"

namespace offload::schedule {
namespace {

std::vector<Item> make_items(std::size_t count, bool known, std::size_t tests_per_file) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> exponent(0, 9);
    std::vector<Item> items;
    items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        Item item{.test = TestIndex(i), .group = GroupIndex(0), .expected = {}};
        if (known) item.expected = Seconds{0.001 * std::exp(exponent(random))};
        item.affinity = tests_per_file == 0 ? 0 : 1 + i / tests_per_file;
        items.push_back(item);
    }
    return items;
}

// Every tenth test fails once and is retried.
std::size_t drive(const std::vector<Item>& items, const SchedulerOptions& options) {
    Scheduler scheduler(options);
    for (const Item& item : items) scheduler.add(item);
    struct Busy {
        SandboxNumber sandbox;
        std::vector<TestIndex> tests;
        std::size_t next = 0;
    };
    std::deque<Busy> busy;
    std::vector<bool> failed(items.size());
    std::size_t batches = 0;
    Seconds now{0};
    const auto start = [&](SandboxNumber sandbox) {
        if (auto assignment = scheduler.next(sandbox, now)) {
            busy.push_back({sandbox, std::move(assignment->tests)});
            ++batches;
        }
    };
    for (std::size_t slot = 0; slot < options.slots; ++slot) start(SandboxNumber(slot));
    while (!busy.empty()) {
        Busy batch = std::move(busy.front());
        busy.pop_front();
        now += Seconds{0.001};
        const TestIndex test = batch.tests[batch.next++];
        scheduler.finished(batch.sandbox, test, now);
        if (test.value() % 10 == 0 && !failed[test.value()]) {
            failed[test.value()] = true;
            scheduler.retry(test, batch.sandbox);
        }
        if (batch.next < batch.tests.size()) {
            busy.push_back(std::move(batch));
        } else {
            scheduler.ended(batch.sandbox, now, BatchTime{.overhead = options.batch_overhead});
            start(batch.sandbox);
        }
    }
    return batches;
}

void run(benchmark::State& state, bool known, std::size_t tests_per_file, Seconds overhead) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const std::vector<Item> items = make_items(count, known, tests_per_file);
    const SchedulerOptions options{.slots = static_cast<std::size_t>(state.range(1)),
                                   .batch_overhead = overhead};
    std::size_t batches = 0;
    for (auto _ : state) batches = drive(items, options);
    state.counters["batches"] = static_cast<double>(batches);
    state.counters["per_test"] = benchmark::Counter(
        static_cast<double>(count),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
    bench->Args({100'000, 200})->Args({1'000'000, 200})->Args({1'000'000, 10'000});
    bench->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(run, known_in_files, true, 20, Seconds{0.5})->Apply(sizes);
BENCHMARK_CAPTURE(run, known_in_files_no_overhead, true, 20, Seconds{0})->Apply(sizes);
BENCHMARK_CAPTURE(run, known_without_files, true, 0, Seconds{0.5})->Apply(sizes);
BENCHMARK_CAPTURE(run, unknown_in_files, false, 20, Seconds{0})->Apply(sizes);
BENCHMARK_CAPTURE(run, unknown_one_file, false, 1'000'000, Seconds{0})->Apply(sizes);

}  // namespace
}  // namespace offload::schedule

#include "offload/report/cost.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace offload::report {
namespace {

Event at(double seconds, EventBody body) {
    return {.at = {}, .since_start = Seconds{seconds}, .body = std::move(body)};
}
EventBody ready(std::size_t number, const std::string& id) {
    return SandboxReady{SandboxNumber(number), id, Seconds{1}};
}
EventBody ready(std::size_t number) { return ready(number, fmt::format("sb-{}", number)); }
EventBody ended(std::size_t number) {
    return SandboxEnded{
        .sandbox = SandboxNumber(number), .id = "sb", .trouble = {}, .maybe_leaked = false};
}

TEST(Cost, LifetimesAddUpAndSandboxesThatNeverCameUpAreFree) {
    SandboxLifetimes lifetimes;
    lifetimes.consume(at(0, SandboxCreating{SandboxNumber(0), SlotNumber(0)}));
    lifetimes.consume(at(10, ready(0)));
    lifetimes.consume(at(12, ready(1)));
    lifetimes.consume(at(15, ended(2)));
    lifetimes.consume(at(40, ended(0)));
    EXPECT_EQ(lifetimes.count(), 2U);
    EXPECT_DOUBLE_EQ(lifetimes.total(Seconds{50}).count(), 30 + 38);
    lifetimes.consume(at(52, ended(1)));
    EXPECT_DOUBLE_EQ(lifetimes.total(Seconds{100}).count(), 30 + 40);
}

TEST(Cost, WhatSeveralWorkersShareIsPaidForOnce) {
    SandboxLifetimes lifetimes;
    lifetimes.consume(at(10, ready(0, "big")));
    lifetimes.consume(at(12, ready(1, "big")));
    lifetimes.consume(at(20, ended(0)));
    EXPECT_DOUBLE_EQ(lifetimes.total(Seconds{30}).count(), 20);
    lifetimes.consume(at(40, ended(1)));
    EXPECT_EQ(lifetimes.count(), 1U);
    EXPECT_DOUBLE_EQ(lifetimes.total(Seconds{100}).count(), 30);
}

TEST(Cost, IsTimeTimesCoresAndMemoryTimesTheirRates) {
    const CostRates rates{.cores = 2, .gib = 4, .per_core_hour = 0.5, .per_gib_hour = 0.25};
    EXPECT_DOUBLE_EQ(cost_of(Seconds{1800}, rates), 0.5 * (2 * 0.5 + 4 * 0.25));
    EXPECT_EQ(describe_cost(12, Seconds{7200}, rates),
              "about $4.00: 12 sandboxes with 2 cores and 4 GiB for 2h 00m in all");
    EXPECT_EQ(describe_cost(1, Seconds{36}, {.cores = 1, .per_core_hour = 0.1419}),
              "about $0.0014: 1 sandbox with 1 core for 36.0 s in all");
}

}  // namespace
}  // namespace offload::report

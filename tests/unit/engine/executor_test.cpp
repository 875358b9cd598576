// One sandbox's thread, and how what runs in it is ended early. No time passes here: the run
// decides when (tests/unit/run), and the executor is told.
#include "executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <semaphore>
#include <utility>
#include <variant>

#include "fakes.hpp"

namespace offload::engine::test {
namespace {

// A worker in whose second test, "hangs", nothing happens any more.
struct HangingWorker {
    World world;
    config::Config config;
    FakeFramework framework{world, {{"passes", "hangs"}}};
    FakeProvider provider{world};
    Inbox inbox;
    ArtefactFolders folders{"never-written"};
    std::counting_semaphore<> destructions{1};
    std::counting_semaphore<> shipments{1};
    ExecutorShared shared{provider, framework, config,  "test",       "nonce",
                          false,    inbox,     folders, destructions, shipments};
    process::CancelSource creation_cancel;
    TestTable tests;
    std::shared_ptr<WorkerOrders> orders = WorkerOrders::create().value();

    HangingWorker() {
        world.workers = true;
        world.acts["hangs"] = {Act::Hang};
        config.offload.test_timeout = std::chrono::seconds{7};
        config.groups.emplace_back().name = "0";
        for (const char* id : {"passes", "hangs"}) tests.add(id, GroupIndex(0));
    }

    template <class T>
    T hear() {
        for (;;) {
            auto message = inbox.pop();
            if (auto* body = std::get_if<T>(&message)) return std::move(*body);
        }
    }
    void await_start_of(std::size_t position) {
        for (;;) {
            const auto told = hear<run::BatchTold>();
            for (const auto& signal : told.signals) {
                const auto* began = std::get_if<TestBegan>(&signal);
                if (began != nullptr && began->position == position) return;
            }
        }
    }
    void start(Executor& executor) {
        executor.run({.batch = BatchNumber(3),
                      .group = &config.groups[0],
                      .tests = {},
                      .carry = nullptr,
                      .attempt = 1,
                      .orders = orders});
        orders->push(MoreTests{{{&tests[TestIndex(0)], 1}, {&tests[TestIndex(1)], 1}}});
        orders->push(NoMoreForNow{});
        await_start_of(1);
    }
};

// TRAPS 18, 22
TEST(Executor, AWorkerThatIsToldToExpireHasTimedOutInATestAndBurnsItsSandbox) {
    HangingWorker worker;
    Executor executor(worker.shared, {SandboxNumber(0), SlotNumber(0), "test"},
                      worker.creation_cancel);
    worker.start(executor);
    executor.expire();
    const auto over = worker.hear<run::BatchOver>();
    const auto* ending = std::get_if<ending::TimedOut>(&over.ending);
    ASSERT_NE(ending, nullptr) << describe(over.ending);
    EXPECT_EQ(ending->of, ending::TimedOut::Of::Test);
    EXPECT_EQ(ending->limit, Seconds{7});
    EXPECT_TRUE(over.starts_known);
    EXPECT_FALSE(over.sandbox_usable);
    // Nobody has ordered its end.
    worker.hear<run::SandboxGone>();
    EXPECT_EQ(worker.world.destroyed, 1);
}

TEST(Executor, AWorkerThatIsCancelledHasNotTimedOut) {
    HangingWorker worker;
    Executor executor(worker.shared, {SandboxNumber(0), SlotNumber(0), "test"},
                      worker.creation_cancel);
    worker.start(executor);
    executor.cancel();
    const auto over = worker.hear<run::BatchOver>();
    EXPECT_TRUE(std::holds_alternative<ending::Cancelled>(over.ending)) << describe(over.ending);
    EXPECT_FALSE(over.sandbox_usable);
    worker.hear<run::SandboxGone>();
    EXPECT_EQ(worker.world.destroyed, 1);
}

// A sandbox of one that is destroyed by itself at the end.
struct OneSandbox {
    World world;
    FakeProvider provider{world};
    std::unique_ptr<provider::Sandbox> sandbox =
        provider.create({SandboxNumber(0), SlotNumber(0), "test"}, {}).value();
    std::counting_semaphore<> at_once{1};
    Shipping shipping{at_once};
};

TEST(Shipping, EachFileGoesToASandboxOnce) {
    OneSandbox one;
    const std::vector<framework::ShippedFile> files = {{"a", "/there/a"}, {"b", "/there/b"}};
    ASSERT_TRUE(one.shipping.ship(*one.sandbox, std::span(files).first(1), {}));
    ASSERT_TRUE(one.shipping.ship(*one.sandbox, files, {}));
    ASSERT_TRUE(one.shipping.ship(*one.sandbox, files, {}));
    EXPECT_THAT(one.world.uploads, testing::ElementsAre(testing::Pair("a", "/there/a"),
                                                        testing::Pair("b", "/there/b")));
}

TEST(Shipping, WhatHasNotArrivedIsSentAgainAndOthersMayGoMeanwhile) {
    OneSandbox one;
    one.world.lost_uploads = 1;
    const std::vector<framework::ShippedFile> files = {{"a", "/there/a"}};
    const auto lost = one.shipping.ship(*one.sandbox, files, {});
    ASSERT_FALSE(lost);
    EXPECT_THAT(lost.error().message, testing::HasSubstr("connection lost"));
    EXPECT_TRUE(one.at_once.try_acquire());
    one.at_once.release();
    ASSERT_TRUE(one.shipping.ship(*one.sandbox, files, {}));
    EXPECT_EQ(one.world.uploads.size(), 2U);
}

}  // namespace
}  // namespace offload::engine::test

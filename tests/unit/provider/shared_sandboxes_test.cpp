// Several of a run's sandboxes in one of the provider's.
#include "shared_sandboxes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "offload/base/file.hpp"

namespace offload::provider {
namespace {

using testing::Each;
using testing::Pair;
using testing::SizeIs;

// What there is, and how often each was made and destroyed.
struct World {
    std::mutex mutex;
    int made = 0;
    int failures = 0;  // of the next creations
    int stubborn = 0;  // destructions that fail first
    std::map<std::string, int> destroyed;
    std::map<std::string, int> parts;
};

class Part final : public Sandbox {
  public:
    Part(World& world, std::string id, std::string folder)
        : world_(world), id_(std::move(id)), folder_(std::move(folder)) {
        const std::scoped_lock lock(world_.mutex);
        ++world_.parts[id_];
    }
    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return folder_; }
    ExecReply exec(const ExecRequest&, const OutputHandler&) override {
        const std::scoped_lock lock(world_.mutex);
        EXPECT_EQ(world_.destroyed.count(id_), 0U) << id_;
        return {ExecReply::Exited{0}, {}, Seconds{0}};
    }
    Result<> upload(const Upload&) override { return {}; }
    Result<Artefacts> download(const ArtefactRequest&) override { return Artefacts{}; }
    Result<> destroy(SteadyTime) override {
        const std::scoped_lock lock(world_.mutex);
        if (world_.stubborn > 0) {
            --world_.stubborn;
            return fail("not now");
        }
        ++world_.destroyed[id_];
        return {};
    }

  private:
    World& world_;
    std::string id_;
    std::string folder_;
};

class Maker final : public Provider {
  public:
    explicit Maker(World& world) : world_(world) {}
    std::string_view name() const override { return "made up"; }
    Traits traits() const override { return {.concurrent_creations = 3}; }
    std::size_t quoted_bytes(std::string_view piece) const override { return piece.size(); }
    Result<> prepare(const process::CancelToken&, const OutputHandler&) override { return {}; }
    Result<std::unique_ptr<Sandbox>> create(const SandboxSpec& spec,
                                            const process::CancelToken&) override {
        std::string id;
        {
            const std::scoped_lock lock(world_.mutex);
            if (world_.failures > 0) {
                --world_.failures;
                return fail("no room");
            }
            id = "box-" + std::to_string(world_.made++);
        }
        return std::make_unique<Part>(world_, id, folder_of(spec));
    }
    std::unique_ptr<Sandbox> place_in(const std::string& id, const SandboxSpec& spec) override {
        return std::make_unique<Part>(world_, id, folder_of(spec));
    }

  private:
    static std::string folder_of(const SandboxSpec& spec) {
        return "/tmp/" + std::to_string(spec.number.value());
    }
    World& world_;
};

struct Shared {
    explicit Shared(std::size_t places) : all(std::make_unique<Maker>(world), places) {}
    std::unique_ptr<Sandbox> create(std::uint32_t number) {
        return all.create({SandboxNumber(number), SlotNumber(number), "run"}, {}).value();
    }
    World world;
    SharedSandboxes all;
};

TEST(SharedSandboxes, EachHasAFolderOfItsOwnAndTheLastDestroys) {
    Shared shared(3);
    std::vector<std::unique_ptr<Sandbox>> sandboxes;
    for (std::uint32_t i = 0; i < 7; ++i) sandboxes.push_back(shared.create(i));
    EXPECT_EQ(shared.world.made, 3);
    std::set<std::string> folders;
    for (const auto& sandbox : sandboxes) folders.insert(sandbox->folder());
    EXPECT_THAT(folders, SizeIs(7));
    EXPECT_EQ(sandboxes[0]->id(), sandboxes[2]->id());
    EXPECT_NE(sandboxes[0]->id(), sandboxes[3]->id());
    // Whoever made it is not the last one here.
    for (const std::size_t i : {0U, 2U}) ASSERT_TRUE(sandboxes[i]->destroy({}));
    EXPECT_THAT(shared.world.destroyed, SizeIs(0));
    sandboxes[1]->exec({}, {});
    ASSERT_TRUE(sandboxes[1]->destroy({}));
    EXPECT_THAT(shared.world.destroyed, testing::ElementsAre(Pair("box-0", 1)));
    EXPECT_EQ(shared.all.traits().concurrent_creations, 9U);
}

TEST(SharedSandboxes, NobodyComesToOneThatSomebodyHasLeft) {
    Shared shared(3);
    const auto left = shared.create(0);
    const auto stays = shared.create(1);
    ASSERT_TRUE(left->destroy({}));
    const auto other = shared.create(2);
    EXPECT_NE(other->id(), stays->id());
    EXPECT_EQ(stays->id(), left->id());
}

TEST(SharedSandboxes, ADestructionThatFailsMayBeTriedAgain) {
    Shared shared(2);
    const auto one = shared.create(0);
    const auto other = shared.create(1);
    shared.world.stubborn = 2;
    ASSERT_TRUE(one->destroy({}));
    ASSERT_TRUE(one->destroy({}));  // it has left, whatever is asked again
    EXPECT_FALSE(other->destroy({}));
    EXPECT_FALSE(other->destroy({}));
    ASSERT_TRUE(other->destroy({}));
    EXPECT_THAT(shared.world.destroyed, testing::ElementsAre(Pair("box-0", 1)));
}

TEST(SharedSandboxes, WhereACreationFailsThoseWhoWaitedTryThemselves) {
    for (int failures = 0; failures < 5; ++failures) {
        Shared shared(4);
        shared.world.failures = failures;
        std::atomic<int> made = 0;
        std::atomic<int> failed = 0;
        std::vector<std::unique_ptr<Sandbox>> sandboxes(4);
        {
            std::vector<std::jthread> threads;
            for (std::uint32_t i = 0; i < 4; ++i) {
                threads.emplace_back([&, i] {
                    auto one = shared.all.create({SandboxNumber(i), SlotNumber(i), "run"}, {});
                    ++(one ? made : failed);
                    if (one) sandboxes[i] = *std::move(one);
                });
            }
        }
        EXPECT_EQ(failed, std::min(failures, 4));
        EXPECT_EQ(made, 4 - failed);
        for (const auto& one : sandboxes) {
            EXPECT_TRUE(!one || one->destroy({}));
        }
        EXPECT_EQ(shared.world.destroyed.size(), static_cast<std::size_t>(shared.world.made));
    }
}

TEST(SharedSandboxes, OneThatWaitsMayBeCancelled) {
    Shared shared(2);
    process::CancelSource cancel;
    cancel.cancel();
    const auto none = shared.all.create({SandboxNumber(0), SlotNumber(0), "run"}, cancel.token());
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::Cancelled);
}

// Whatever comes and goes: each is destroyed once, by whoever leaves it last.
TEST(SharedSandboxes, NoneIsLeftAndNoneIsDestroyedTwice) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        Shared shared(2 + seed % 4);
        std::atomic<std::uint32_t> next = 0;
        {
            std::vector<std::jthread> threads;
            for (unsigned thread = 0; thread < 8; ++thread) {
                threads.emplace_back([&, thread] {
                    std::mt19937 chance(seed * 100 + thread);
                    std::vector<std::unique_ptr<Sandbox>> mine;
                    for (int step = 0; step < 60; ++step) {
                        if (mine.empty() || chance() % 2 == 0) {
                            mine.push_back(shared.create(next++));
                            continue;
                        }
                        const auto at = chance() % mine.size();
                        mine[at]->exec({}, {});
                        EXPECT_TRUE(mine[at]->destroy({}));
                        mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(at));
                    }
                    for (const auto& one : mine) EXPECT_TRUE(one->destroy({}));
                });
            }
        }
        EXPECT_EQ(shared.world.destroyed.size(), static_cast<std::size_t>(shared.world.made));
        EXPECT_THAT(shared.world.destroyed, Each(Pair(testing::_, 1)));
        for (const auto& [id, parts] : shared.world.parts)
            EXPECT_LE(parts, int(2 + seed % 4)) << id;
    }
}

}  // namespace
}  // namespace offload::provider

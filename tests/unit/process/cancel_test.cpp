#include "offload/process/cancel.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <optional>
#include <thread>
#include <vector>

namespace offload::process {
namespace {

bool readable(const CancelToken& token) {
    pollfd polled{token.descriptor(), POLLIN, 0};
    return ::poll(&polled, 1, 0) == 1;
}

TEST(CancelToken, DefaultOneIsNeverCancelled) {
    const CancelToken token;
    EXPECT_FALSE(token.cancelled());
    EXPECT_FALSE(token.can_be_cancelled());
    EXPECT_EQ(token.descriptor(), -1);
}

TEST(CancelToken, DescriptorBecomesReadableAndStaysSo) {
    CancelSource source;
    const auto token = source.token();
    EXPECT_FALSE(readable(token));
    source.cancel();
    source.cancel();
    EXPECT_TRUE(token.cancelled());
    EXPECT_TRUE(readable(token));
    EXPECT_TRUE(readable(token));
}

TEST(CancelToken, DescriptorMadeAfterTheCancellationIsReadable) {
    CancelSource source;
    source.cancel();
    EXPECT_TRUE(readable(source.token()));
}

TEST(CancelToken, OutlivesItsSource) {
    std::optional<CancelSource> source(std::in_place);
    const auto token = source->token();
    source.reset();
    EXPECT_FALSE(token.cancelled());
    EXPECT_FALSE(readable(token));
}

TEST(CancelSource, ParentCancelsChildButNotTheOtherWayRound) {
    CancelSource parent;
    auto first = CancelSource::child_of(parent);
    auto second = CancelSource::child_of(parent);
    first.cancel();
    EXPECT_FALSE(parent.token().cancelled());
    EXPECT_FALSE(second.token().cancelled());
    parent.cancel();
    EXPECT_TRUE(second.token().cancelled());
    EXPECT_TRUE(readable(second.token()));
}

TEST(CancelSource, ChildOfACancelledParentIsBornCancelled) {
    CancelSource parent;
    parent.cancel();
    EXPECT_TRUE(CancelSource::child_of(parent).token().cancelled());
}

TEST(CancelSource, GrandparentReachesGrandchildWhenTheParentIsGone) {
    CancelSource grandparent;
    std::optional<CancelSource> parent = CancelSource::child_of(grandparent);
    const auto child = CancelSource::child_of(*parent);
    parent.reset();
    grandparent.cancel();
    EXPECT_TRUE(child.token().cancelled());
}

TEST(CancelSource, ChildrenOfManyThreadsAllHearTheCancellation) {
    CancelSource parent;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&parent] {
            for (int round = 0; round < 500; ++round) CancelSource::child_of(parent);
            const auto child = CancelSource::child_of(parent);
            pollfd polled{child.token().descriptor(), POLLIN, 0};
            EXPECT_EQ(::poll(&polled, 1, 30'000), 1);
        });
    }
    parent.cancel();
}

}  // namespace
}  // namespace offload::process

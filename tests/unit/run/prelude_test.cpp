#include "prelude.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::run {
namespace {

using testing::HasSubstr;

TEST(Prelude, TheBeginningOfEndlessOutputIsDroppedAndThatIsSaid) {
    Prelude worker({GroupIndex(0)}, "list", Seconds{0});
    const BatchNumber batch(3);
    for (int i = 0; i < 40; ++i) {
        worker.hold({batch, Stream::Out, std::string(100'000, 'x')});
    }
    worker.hold({batch, Stream::Err, "the last words\n"});
    EXPECT_THAT(worker.report("exit status 3"), HasSubstr("the last words"));
    const auto held = worker.take_held(batch);
    EXPECT_THAT(held.front().bytes, HasSubstr("3000000 bytes"));
    EXPECT_EQ(held.back().bytes, "the last words\n");
}

}  // namespace
}  // namespace offload::run

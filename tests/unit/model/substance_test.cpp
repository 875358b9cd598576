#include "offload/model/substance.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace offload {
namespace {

// After how many of these a run has something; 0: never.
std::size_t after(const std::vector<EventBody>& events) {
    Substance substance;
    std::size_t found = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (substance.comes_with({{}, {}, events[i]})) {
            EXPECT_EQ(found, 0U) << "told twice";
            found = i + 1;
        }
        EXPECT_EQ(substance.is_there(), found > 0);
    }
    return found;
}

RunFinished finished(bool interrupted = false) {
    RunFinished event;
    if (interrupted) event.summary.interrupted_by = 2;
    return event;
}

TEST(Substance, ComesWithTheFirstBatch) {
    EXPECT_EQ(after({RunStarted{}, RunPlanned{1, false}, SandboxCreating{}, BatchStarted{},
                     BatchStarted{}, finished(true)}),
              5U - 1);
}

// TRAPS 61
TEST(Substance, RunThatIsRefusedOrInterruptedBeforeItsFirstTestHasNone) {
    EXPECT_EQ(after({RunStarted{}, finished()}), 0U);
    EXPECT_EQ(after({RunStarted{}, RunPlanned{3, false, {}, true}, finished()}), 0U);
    EXPECT_EQ(after({RunStarted{}, RunPlanned{3, false}, SandboxCreating{}, finished(true)}), 0U);
}

// TRAPS 9
TEST(Substance, ThatTestsCouldNotBeRunIsSomething) {
    EXPECT_EQ(after({RunStarted{}, RunPlanned{3, false}, SandboxCreating{}, finished()}), 4U);
}

}  // namespace
}  // namespace offload

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

int pop(std::vector<int>& stack) {
    if (stack.empty()) {
        std::fputs("fatal: pop of an empty stack\n", stderr);
        std::abort();
    }
    const int top = stack.back();
    stack.pop_back();
    return top;
}

TEST(StackDeathTest, PopOfAnEmptyStackSaysWhichStack) {
    std::vector<int> stack;
    EXPECT_DEATH(pop(stack), "empty stack \"orders\"");
}

TEST(Stack, AbortsByItself) {
    std::vector<int> stack;
    pop(stack);
}

TEST(Stack, GivesBackWhatWasPushed) {
    std::vector<int> stack{1, 2};
    EXPECT_EQ(pop(stack), 2);
    EXPECT_EQ(pop(stack), 2) << "after the first pop";
}

}  // namespace

#include "attempt_text.hpp"

#include <gtest/gtest.h>

#include "offload/base/text.hpp"
#include "run_script.hpp"

namespace offload::report {
namespace {

std::string numbered(int lines) {
    std::string out;
    for (int i = 1; i <= lines; ++i) out += "line " + std::to_string(i) + "\n";
    return out;
}

TEST(AttemptText, ShowsMessageDetailsAndOutputs) {
    auto result = failed("it broke", "traceback\n");
    result.system_out = "\nout\n\n";
    result.system_err = "err";
    const auto text = attempt_text(result, {.indent = "  "});
    EXPECT_EQ(text.text,
              "  it broke\n  traceback\n  --- stdout ---\n  out\n  --- stderr ---\n  err\n");
    EXPECT_FALSE(text.shortened);
}

TEST(AttemptText, DoesNotRepeatAMessageThatTheDetailsHold) {
    EXPECT_EQ(attempt_text(failed("assert 1 == 2", "E  assert 1 == 2"), {}).text,
              "E  assert 1 == 2\n");
}

TEST(AttemptText, LeavesOutTheMiddleOfLongOutputAndSaysHowMuch) {
    auto result = failed("m", numbered(500));
    const auto text = attempt_text(result, {.most_lines = 101});
    EXPECT_NE(text.text.find("[400 lines left out]"), std::string::npos);
    EXPECT_NE(text.text.find("line 1\n"), std::string::npos);
    EXPECT_NE(text.text.find("line 500\n"), std::string::npos);
    EXPECT_EQ(text.lines, 102U);
    EXPECT_TRUE(text.shortened);
}

TEST(AttemptText, PartsShareTheLinesThatOthersDoNotNeed) {
    auto result = failed("m", numbered(3));
    result.system_out = numbered(1000);
    result.system_err = numbered(10);
    const auto text = attempt_text(result, {.most_lines = 114});
    EXPECT_NE(text.text.find("[900 lines left out]"), std::string::npos);
}

TEST(AttemptText, CutsEndlessLines) {
    const auto text = attempt_text(failed(std::string(1'000'000, 'x')), {.longest_line = 100});
    EXPECT_LT(text.text.size(), 200U);
    EXPECT_NE(text.text.find("[1000000 bytes]"), std::string::npos);
}

TEST(AttemptText, NamesWhatHappened) {
    TestResult crash{.outcome = Outcome::Errored, .type = "crash"};
    EXPECT_EQ(word_for_failure(crash), "CRASH");
    crash.type = "timeout";
    EXPECT_EQ(word_for_failure(crash), "TIMEOUT");
    crash.type = "OSError";
    EXPECT_EQ(word_for_failure(crash), "ERROR");
    EXPECT_EQ(word_for_failure(failed()), "FAIL");
    EXPECT_EQ(one_line_reason(failed("\n  first\nsecond")), "first");
}

}  // namespace
}  // namespace offload::report

#include "offload/base/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace offload {
namespace {

TEST(Error, MessageAloneIsTheText) { EXPECT_EQ(Error{"no such key"}.to_string(), "no such key"); }

TEST(Error, PlaceHintAndCausesAreIndentedBelowTheMessage) {
    const Error error = Error{"cannot load"}
                            .with_place("offload.toml:3:5")
                            .with_hint("write a number")
                            .with_cause(Error{"bad digit"}.with_place("x").with_hint("use 0-9"));
    EXPECT_EQ(error.to_string(),
              "offload.toml:3:5: cannot load\n"
              "  hint: write a number\n"
              "  x: bad digit\n"
              "    hint: use 0-9");
}

TEST(Error, FurtherLinesOfHintAndCauseStayIndented) {
    const Error error = Error{"failed"}.with_hint("one\ntwo").with_cause(Error{"a\nb"});
    EXPECT_EQ(error.to_string(), "failed\n  hint: one\n        two\n  a\n  b");
}

TEST(Error, SystemErrorSpellsOutTheErrno) {
    EXPECT_EQ(system_error("cannot open x", ENOENT).message,
              "cannot open x: No such file or directory");
}

TEST(Error, SystemErrorsAreOfAKindThatProgramsCanTellApart) {
    EXPECT_EQ(system_error("x", ENOENT).kind, ErrorKind::NotFound);
    EXPECT_EQ(system_error("x", EACCES).kind, ErrorKind::Denied);
    EXPECT_EQ(system_error("x", EPIPE).kind, ErrorKind::Gone);
    EXPECT_EQ(system_error("x", EMFILE).kind, ErrorKind::Exhausted);
    EXPECT_EQ(system_error("x", E2BIG).kind, ErrorKind::TooLong);
    EXPECT_EQ(system_error("x", ETIMEDOUT).kind, ErrorKind::TimedOut);
    EXPECT_EQ(system_error("x", EIO).kind, ErrorKind::Other);
    EXPECT_EQ(Error{"x"}.kind, ErrorKind::Other);
    EXPECT_EQ(Error{"x"}.with_kind(ErrorKind::Busy).with_hint("wait").kind, ErrorKind::Busy);
}

Result<int> half(int number) {
    if (number % 2 != 0) return fail("odd");
    return number / 2;
}

Result<int> quarter(int number) {
    OFFLOAD_TRY(const int once, half(number));
    OFFLOAD_TRY(const int twice, half(once));
    return twice;
}

Result<> check_even(int number) {
    OFFLOAD_CHECK(quarter(number * 2));
    return {};
}

TEST(Error, MacrosPassTheErrorUpAndTheValueOn) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().message, "odd");
    EXPECT_TRUE(check_even(4));
    EXPECT_FALSE(check_even(3));
}

}  // namespace
}  // namespace offload

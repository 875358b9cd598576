#include "offload/base/time.hpp"

#include <gtest/gtest.h>

namespace offload {
namespace {

TEST(Iso8601, IsUtcWithMilliseconds) {
    using namespace std::chrono;
    EXPECT_EQ(iso8601(SystemTime{}), "1970-01-01T00:00:00.000Z");
    const auto date = sys_days{2026y / November / 23};
    EXPECT_EQ(iso8601(date + 11h + 2min + 3456ms), "2026-11-23T11:02:03.456Z");
    EXPECT_EQ(iso8601(SystemTime{} - 1ms), "1969-12-31T23:59:59.999Z");
}

TEST(SteadyNow, NeverGoesBack) {
    const SteadyTime first = steady_now();
    EXPECT_LE(first, steady_now());
}

}  // namespace
}  // namespace offload

#include "offload/process/wake.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace offload::process {
namespace {

bool readable(const Wake& wake, int wait_ms = 0) {
    pollfd entry{.fd = wake.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, wait_ms) == 1;
}

TEST(Wake, IsReadableFromRingToClear) {
    const Wake wake;
    ASSERT_GE(wake.descriptor(), 0);
    EXPECT_FALSE(readable(wake));
    wake.ring();
    wake.ring();
    EXPECT_TRUE(readable(wake));
    wake.clear();
    EXPECT_FALSE(readable(wake));
    wake.clear();  // does not block
}

TEST(Wake, WakesAThreadThatWaits) {
    const Wake wake;
    std::thread other([&] { wake.ring(); });
    EXPECT_TRUE(readable(wake, -1));
    other.join();
}

}  // namespace
}  // namespace offload::process

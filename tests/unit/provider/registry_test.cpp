#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "local/options.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {
namespace {

TEST(Registry, LocalIsBuilt) {
    config::Config config;
    config.provider = config::Provider::of("local", LocalOptions{});
    const auto provider = make_provider(config, "/tmp");
    ASSERT_TRUE(provider);
    EXPECT_EQ((*provider)->name(), "local");
}

}  // namespace
}  // namespace offload::provider

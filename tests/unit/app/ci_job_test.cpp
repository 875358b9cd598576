#include "ci_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace offload::app {
namespace {

TEST(CiJob, ConfigAndCommandLineKnowAllSystems) {
    std::vector<std::string_view> known{"auto", "off"};
    for (const auto name : report::ci::names()) known.push_back(name);
    EXPECT_THAT(config::kCiSystems, testing::ElementsAreArray(known));
}

TEST(CiJob, CommandLineGoesBeforeTheConfig) {
    config::Config config;
    config.report.ci = config::CiSystem::GitLab;
    const auto* gitlab = ci_system(config, {});
    EXPECT_NE(gitlab, nullptr);
    EXPECT_NE(ci_system(config, "github"), gitlab);
    EXPECT_EQ(ci_system(config, "off"), nullptr);
    config.report.ci = config::CiSystem::Off;
    EXPECT_EQ(ci_system(config, {}), nullptr);
}

}  // namespace
}  // namespace offload::app

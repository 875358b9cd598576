// One whole run over fakes, for the tests of the engine.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drive.hpp"
#include "emitter.hpp"
#include "exit_status.hpp"
#include "fakes.hpp"
#include "messages.hpp"

namespace offload::engine::test {

inline std::vector<std::string> ids(std::size_t count, std::string_view prefix = "t") {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(std::string(prefix) + std::to_string(i));
    return made;
}

// One run over fakes.
struct Fixture {
    World world;
    config::Config config;
    TestTable tests;
    std::vector<std::unique_ptr<Sink>> sinks;
    Recorder* recorder = nullptr;
    Inbox inbox{4096};
    bool fail_fast = false;
    std::vector<std::vector<std::string>> discovered;
    Result<> preparation = {};
    std::vector<KnownDuration> known_durations;
    provider::Traits traits = fake_traits();
    provider::Variables environment;

    explicit Fixture(std::vector<std::vector<std::string>> groups) : discovered(std::move(groups)) {
        for (std::size_t i = 0; i < discovered.size(); ++i) {
            config.groups.emplace_back().name = std::to_string(i);
        }
        config.offload.max_parallel = 3;
        auto sink = std::make_unique<Recorder>();
        recorder = sink.get();
        sinks.push_back(std::move(sink));
    }

    RunSummary run() {
        FakeFramework framework(world, discovered);
        FakeProvider provider(world);
        provider.preparation = preparation;
        provider.given_traits = traits;
        provider.given_environment = environment;
        const RunRequest request{.config = config,
                                 .working_folder = "/",
                                 .run_id = "test",
                                 .version = "0",
                                 .only_groups = {},
                                 .fail_fast = fail_fast,
                                 .known_durations = known_durations,
                                 .started = std::chrono::steady_clock::now()};
        Emitter emitter(sinks, request.started);
        auto driven = drive(request, framework, provider, tests, emitter, inbox);
        EXPECT_TRUE(driven.has_value());
        auto summary = *std::move(driven);
        summary.exit_status = app::exit_status(summary, {});
        EXPECT_EQ(world.created, world.destroyed);
        EXPECT_EQ(summary.counts.total(), summary.verdicts.size());
        EXPECT_EQ(recorder->all<SandboxCreating>().size(), recorder->all<SandboxEnded>().size());
        EXPECT_EQ(recorder->all<SandboxReady>().size(), recorder->all<SandboxDestroying>().size());
        return summary;
    }

    Status status(const RunSummary& summary, std::string_view id) const {
        const auto* test = tests.find(id);
        for (const auto& verdict : summary.verdicts) {
            if (verdict.test == test->index) return verdict.status;
        }
        ADD_FAILURE() << id << " has no verdict";
        return Status::NotRun;
    }
};

}  // namespace offload::engine::test

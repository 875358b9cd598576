#include "emitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.hpp"

namespace offload::engine {
namespace {

using testing::HasSubstr;

class BrokenSink : public Sink {
  public:
    explicit BrokenSink(bool required) : required_(required) {}
    std::string_view name() const override { return "broken report"; }
    bool required() const override { return required_; }
    Result<> consume(const Event&) override {
        ++told;
        return fail("no space left on device");
    }
    int told = 0;

  private:
    bool required_;
};

struct Told {
    std::vector<std::unique_ptr<Sink>> sinks;
    BrokenSink* broken;
    test::Recorder* recorder;

    explicit Told(bool required) {
        sinks.push_back(std::make_unique<BrokenSink>(required));
        sinks.push_back(std::make_unique<test::Recorder>());
        broken = static_cast<BrokenSink*>(sinks[0].get());
        recorder = static_cast<test::Recorder*>(sinks[1].get());
    }
};

TEST(Emitter, ASinkThatFailsIsToldNothingMoreAndTheUserOnce) {
    Told told(false);
    Emitter emitter(told.sinks, std::chrono::steady_clock::now());
    emitter.note("one");
    emitter.note("two");
    EXPECT_EQ(told.broken->told, 1);
    const auto notices = told.recorder->all<Notice>();
    ASSERT_EQ(notices.size(), 3U);
    EXPECT_THAT(notices[1].text, HasSubstr("broken report"));
    EXPECT_THAT(notices[1].text, HasSubstr("no space left"));
}

int status_of(const RunSummary& summary) { return summary.failure ? 1 : 0; }

TEST(Emitter, AReportThatWasAskedForAndCannotBeWrittenMakesTheRunFail) {
    Told told(true);
    Emitter emitter(told.sinks, std::chrono::steady_clock::now(), status_of);
    const auto summary = emitter.finish({});
    EXPECT_EQ(summary.exit_status, 1);
    EXPECT_THAT(summary.failure.value_or(""), HasSubstr("no space left"));
    // Those who come later report it.
    const auto finished = told.recorder->all<RunFinished>();
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished[0].summary.exit_status, 1);
}

TEST(Emitter, ASinkOfOursThatFailsLeavesTheVerdictAlone) {
    Told told(false);
    Emitter emitter(told.sinks, std::chrono::steady_clock::now(), status_of);
    EXPECT_EQ(emitter.finish({}).exit_status, 0);
    // It is told all the same, before the end.
    const auto notices = told.recorder->all<Notice>();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].severity, Severity::Warning);
    EXPECT_THAT(notices[0].text, HasSubstr("no space left"));
}

}  // namespace
}  // namespace offload::engine

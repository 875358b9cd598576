#include "destruction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace offload::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// Its destruction ends as `ends` says, one attempt after the other; then it succeeds.
class Stubborn final : public provider::Sandbox {
  public:
    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return id_; }
    provider::ExecReply exec(const provider::ExecRequest&,
                             const provider::OutputHandler&) override {
        return {};
    }
    Result<> upload(const provider::Upload&) override { return {}; }
    Result<provider::Artefacts> download(const provider::ArtefactRequest&) override { return {}; }
    Result<> destroy(SteadyTime deadline) override {
        deadlines.push_back(deadline);
        if (meanwhile) meanwhile();
        if (deadlines.size() > ends.size()) return {};
        return fail(ends[deadlines.size() - 1]);
    }

    std::vector<Error> ends;
    std::vector<SteadyTime> deadlines;
    std::function<void()> meanwhile;

  private:
    std::string id_ = "stubborn";
};

struct Destruction : public testing::Test {
    Result<> destroy() {
        return destroy_patiently(
            sandbox,
            [this](milliseconds pause) {
                pauses.push_back(pause);
                now += pause;
            },
            [this] { return now; });
    }

    Stubborn sandbox;
    SteadyTime now{std::chrono::hours{1}};
    std::vector<milliseconds> pauses;
};

TEST_F(Destruction, ThatFailsIsTriedAgainWithLongerPauses) {  // TRAPS 24
    sandbox.ends = {Error{"503"}, Error{"503"}};
    EXPECT_TRUE(destroy());
    EXPECT_EQ(sandbox.deadlines.size(), 3U);
    EXPECT_THAT(pauses, ElementsAre(milliseconds{500}, milliseconds{1000}));
}

TEST_F(Destruction, IsGivenUpAfterAFewAttempts) {
    sandbox.ends.assign(100, Error{"503"});
    EXPECT_FALSE(destroy());
    EXPECT_EQ(sandbox.deadlines.size(), static_cast<std::size_t>(kDestroyAttempts));
}

TEST_F(Destruction, EndsWithinItsLimit) {
    sandbox.ends.assign(100, Error{"slow"}.with_kind(ErrorKind::TimedOut));
    sandbox.meanwhile = [this] { now += seconds{45}; };
    const auto limit = now + kDestroyLimit;
    EXPECT_FALSE(destroy());
    EXPECT_LE(now, limit + seconds{45});
    EXPECT_GT(sandbox.deadlines.size(), 1U);
    for (const auto deadline : sandbox.deadlines) EXPECT_LE(deadline, limit);
}

TEST_F(Destruction, WithoutPermissionIsNotRepeated) {
    sandbox.ends.assign(5, Error{"log in first"}.with_kind(ErrorKind::Denied));
    EXPECT_FALSE(destroy());
    EXPECT_EQ(sandbox.deadlines.size(), 1U);
}

}  // namespace
}  // namespace offload::engine

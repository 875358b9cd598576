#include "durations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "offload/base/file.hpp"

namespace offload::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

junit::Case made(std::string name, Outcome outcome, double seconds, std::string type = {}) {
    junit::Case out;
    out.name = std::move(name);
    out.result.outcome = outcome;
    out.result.duration = Seconds{seconds};
    out.result.type = std::move(type);
    return out;
}

TEST(KnownDurations, AreTakenFromTestsThatRan) {
    junit::Document document;
    document.cases = {made("a", Outcome::Passed, 1.5),
                      made("b", Outcome::Failed, 2),
                      made("c", Outcome::Skipped, 3),
                      made("d", Outcome::Passed, 0),
                      made("e", Outcome::Errored, 4, std::string(kNotRunType)),
                      made("", Outcome::Passed, 5)};
    EXPECT_THAT(durations_of(document),
                ElementsAre(Pair("a", Seconds{1.5}), Pair("b", Seconds{2})));
}

TEST(KnownDurations, OfSeveralResultsAPassCountsThenTheLast) {
    junit::Document document;
    document.cases = {made("a", Outcome::Passed, 1), made("a", Outcome::Failed, 9),
                      made("b", Outcome::Failed, 1), made("b", Outcome::Failed, 2),
                      made("c", Outcome::Failed, 8), made("c", Outcome::Passed, 3)};
    EXPECT_THAT(durations_of(document),
                ElementsAre(Pair("a", Seconds{1}), Pair("b", Seconds{2}), Pair("c", Seconds{3})));
}

TEST(KnownDurations, AbsentOrSpoiltReportIsNoKnowledge) {
    EXPECT_THAT(read_durations("/nonexistent/junit.xml"), IsEmpty());
    auto folder = TemporaryFolder::create("offload-app-");
    ASSERT_TRUE(folder);
    const auto file = folder->path() / "junit.xml";
    ASSERT_TRUE(write_file_atomically(file, "no XML at all"));
    EXPECT_THAT(read_durations(file), IsEmpty());
    ASSERT_TRUE(write_file_atomically(
        file, "<testsuite><testcase name=\"x &amp; y\" time=\"0.25\"/></testsuite>"));
    EXPECT_THAT(read_durations(file), ElementsAre(Pair("x & y", Seconds{0.25})));
}

}  // namespace
}  // namespace offload::app

#include "command/error_words.hpp"

#include <gtest/gtest.h>

#include "command/lifecycle.hpp"

namespace offload::provider {
namespace {

TEST(ErrorWords, OfARateThatIsLimitedMeanBusy) {
    for (const char* words : {"HTTP/1.1 429", "error 429: wait", "Rate limit exceeded",
                              "ThrottlingException", "TooManyRequests", "RESOURCE_EXHAUSTED"}) {
        EXPECT_EQ(kind_from_words(words), ErrorKind::Busy) << words;
    }
    for (const char* words : {"exit status 1", "id 14290", "no such host"}) {
        EXPECT_EQ(kind_from_words(words), ErrorKind::Other) << words;
    }
}

TEST(ErrorWords, OfAnImageThatIsNotThereMeanGone) {
    EXPECT_EQ(kind_from_words("No such image: im-1"), ErrorKind::Gone);
    EXPECT_EQ(kind_from_words("Image im-1 NOT FOUND"), ErrorKind::Gone);
    EXPECT_EQ(kind_from_words("building the image failed"), ErrorKind::Other);
}

// What Offload itself has done to a command says more than what the command said.
TEST(ErrorWords, CountLessThanTheWayACommandEnded) {
    const Lifecycle command{"create_command", "make", {}, {}, {}, {}};
    process::End end{.how = process::Exited{1}};
    EXPECT_EQ(lifecycle_error(command, end, "", "429").kind, ErrorKind::Busy);
    end.timed_out = true;
    EXPECT_EQ(lifecycle_error(command, end, "", "429").kind, ErrorKind::TimedOut);
    end.cancelled = true;
    EXPECT_EQ(lifecycle_error(command, end, "", "429").kind, ErrorKind::Cancelled);
}

}  // namespace
}  // namespace offload::provider

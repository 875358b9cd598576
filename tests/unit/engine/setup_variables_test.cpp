// What a setup hands on.
#include "setup_variables.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace offload::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string trouble_with(std::string_view text) {
    const auto variables = read_variables(text);
    return variables ? "" : variables.error().message;
}

TEST(SetupVariables, AreAssignmentsLineByLine) {
    EXPECT_THAT(read_variables("").value(), IsEmpty());
    EXPECT_THAT(read_variables("PORT=80\n\nURL=http://x/?a=b\nEMPTY=\n_1=<<a").value(),
                ElementsAre(Pair("PORT", "80"), Pair("URL", "http://x/?a=b"), Pair("EMPTY", ""),
                            Pair("_1", "<<a")));
}

TEST(SetupVariables, MayHaveValuesOfSeveralLines) {
    EXPECT_THAT(
        read_variables("KEY<<END\na=b\n\n END\nEND\nNONE<<X\nX\nONE<<E=F\nv\nE=F\n").value(),
        ElementsAre(Pair("KEY", "a=b\n\n END"), Pair("NONE", ""), Pair("ONE", "v")));
}

TEST(SetupVariables, OfAWrongLineItsNumberAndWhatIsWrongAreTold) {
    EXPECT_THAT(trouble_with("A=1\n\nPORT 80\n"),
                HasSubstr("line 3 of $OFFLOAD_ENV is no KEY=VALUE"));
    EXPECT_THAT(trouble_with("A<<END\n1\n"), HasSubstr("line 1 of $OFFLOAD_ENV begins a value"));
    EXPECT_THAT(trouble_with("A<<\n1\n\n"), HasSubstr("line 1 of $OFFLOAD_ENV begins a value"));
    EXPECT_THAT(trouble_with("1A=1"), HasSubstr("does not begin with the name of a variable"));
    EXPECT_THAT(trouble_with("=1"), HasSubstr("does not begin with the name of a variable"));
    EXPECT_THAT(trouble_with("a-b<<E\nE"), HasSubstr("does not begin with the name of a variable"));
    EXPECT_THAT(trouble_with(std::string_view("A=\0", 3)), HasSubstr("null byte"));
    EXPECT_THAT(trouble_with("OFFLOAD_X=1"), HasSubstr("Offload's own"));
}

}  // namespace
}  // namespace offload::engine

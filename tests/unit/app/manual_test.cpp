#include "manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "declaration.hpp"

namespace offload::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string page_of(const std::string& name) {
    Options options;
    const auto declared = declare(options);
    for (const auto* command : declared->commands) {
        if (command->get_name() == name) {
            return manual_of_command(*command, *declared->program, "1.2.3");
        }
    }
    return manual_of_program(*declared->program, "1.2.3");
}

TEST(Manual, CommandHasItsFlagsExamplesAndExitStatus) {
    const auto page = page_of("run");
    EXPECT_THAT(page, AllOf(HasSubstr(".TH OFFLOAD\\-RUN 1"), HasSubstr("offload 1.2.3"),
                            HasSubstr("\\fB\\-p\\fR, \\fB\\-\\-parallel\\fR \\fIN\\fR\n"),
                            HasSubstr(".SH EXAMPLES\n"), HasSubstr(".SH EXIT STATUS\n"),
                            HasSubstr("[\\fIWHAT\\fR...]"), HasSubstr("\\fB\\-\\-color\\fR")));
    EXPECT_THAT(page, Not(HasSubstr("Everywhere:")));
}

TEST(Manual, ProgramNamesEveryCommand) {
    const auto page = page_of("");
    EXPECT_THAT(page, AllOf(HasSubstr(".TH OFFLOAD 1"), HasSubstr("\\fBoffload\\-run\\fR(1)"),
                            HasSubstr(".TP\n\\fBcollect\\fR\n")));
}

TEST(Manual, CommandsOfACommandAreOnItsPage) {
    EXPECT_THAT(page_of("history"), AllOf(HasSubstr("\\fBhistory setup\\-merge\\-driver\\fR"),
                                          HasSubstr("\\fIBASE\\fR")));
}

TEST(Manual, LinesThatRoffWouldTakeForRequestsAreText) {
    CLI::App program("About.", "offload");
    auto* command = program.add_subcommand("odd", "Has odd text");
    command->footer("\n.so is no request here\n  'nor this \\n here\n");
    EXPECT_THAT(manual_of_command(*command, program, "1"),
                AllOf(HasSubstr("\n\\&.so is"), HasSubstr("\n\\&'nor this \\en here\n")));
}

}  // namespace
}  // namespace offload::app

#include "offload/app/app.hpp"

#include <fmt/format.h>

#include <exception>
#include <string>
#include <vector>

#include "complete.hpp"
#include "console.hpp"
#include "exit_status.hpp"
#include "parse.hpp"
#include "project.hpp"

namespace offload::app {
namespace {

int answer(const Answer& answer) {
    if (!answer.to_stdout) {
        write_stderr(answer.text);
        return answer.exit_status;
    }
    return write_stdout(answer.text) ? answer.exit_status : kFailure;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
        if (!arguments.empty() && arguments.front() == kCompleteWord) {
            return answer_shell({arguments.begin() + 1, arguments.end()});
        }
        auto parsed = parse_arguments(arguments);
        if (const auto* text = std::get_if<Answer>(&parsed)) return answer(*text);
        auto& chosen = std::get<Chosen>(parsed);
        if (const auto entered = enter_project(*chosen.command, chosen.options); !entered) {
            print(entered.error());
            return kFailure;
        }
        return chosen.command->execute(chosen.options);
    } catch (const std::exception& error) {
        print(Error{.message = fmt::format("an error that nothing foresaw: {}", error.what()),
                    .hint = "this is a bug in offload; please report it with the command line"});
        return kFailure;
    }
}

}  // namespace offload::app

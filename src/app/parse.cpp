#include "parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "offload/base/text.hpp"

namespace offload::app {
namespace {

constexpr std::string_view kFooter = R"(
Getting started:
  offload init         write a commented offload.toml for this folder
  offload validate     check it, and show every setting with its origin
  offload collect      list the tests that would run
  offload run          run them, and write test-results/junit.xml
  offload logs --failures
                       what the failed tests of the last run printed
  offload doctor       find out whether the tests are safe to run in parallel

`offload help COMMAND` explains a command, its exit status included.
)";

// CLI11 takes a positional argument in brackets apart at its commas, as a list, and loses sight of
// "--" behind the first positional argument. This byte in front keeps a test ID whole and away from
// the flags; it is taken off before anything sees the value.
constexpr char kGuard = '\x01';

// The arguments in reverse, as CLI11 wants them.
std::vector<std::string> guarded(const std::vector<std::string>& arguments) {
    std::vector<std::string> out;
    bool only_ids = false;
    for (const auto& argument : arguments) {
        if (argument == "--" && !only_ids) {
            only_ids = true;
            continue;
        }
        const bool list = argument.starts_with('[') && argument.ends_with(']');
        out.push_back(only_ids || list ? kGuard + argument : argument);
    }
    std::reverse(out.begin(), out.end());
    return out;
}

void unguard_values(CLI::App& app) {
    for (auto* option : app.get_options()) {
        if (option->get_items_expected_max() == 0) continue;
        option->transform([](const std::string& value) {
            return value.starts_with(kGuard) ? value.substr(1) : value;
        });
    }
}

// The long flag of `app` or the program that `word` was meant to be, or "".
std::string nearest_flag(const CLI::App& app, const CLI::App& program, const std::string& word) {
    std::vector<std::string> flags;
    for (const auto* each : {&app, &program}) {
        for (const auto* option : each->get_options()) {
            for (const auto& name : option->get_lnames()) flags.push_back("--" + name);
        }
    }
    return std::string(text::nearest(word.substr(0, word.find('=')), flags));
}

std::string nearest_command(const std::string& word) {
    std::vector<std::string> names;
    for (const auto& command : commands()) names.emplace_back(command.name);
    return std::string(text::nearest(word, names));
}

Answer unknown_command(const std::string& word) {
    const auto near = nearest_command(word);
    return {
        fmt::format("offload: there is no command {}\n{}  `offload --help` lists the commands\n",
                    word, near.empty() ? "" : fmt::format("  did you mean {}?\n", near)),
        false, 1};
}

// `offload help [COMMAND]`, where `arguments` are that. `declared` are in the order of commands().
Answer help(const std::vector<std::string>& arguments, const CLI::App& program,
            const std::vector<CLI::App*>& declared) {
    if (arguments.size() == 1) return {program.help(), true, 0};
    if (arguments.size() > 2) {
        return {fmt::format("offload: help is given of one command, not of {}\n"
                            "  `offload help {}` explains the first\n",
                            arguments.size() - 1, arguments[1]),
                false, 1};
    }
    for (const auto* command : declared) {
        if (command->get_name() == arguments[1]) return {command->help("offload"), true, 0};
    }
    return unknown_command(arguments[1]);
}

Answer explain(const CLI::ParseError& error, const CLI::App& program) {
    const auto chosen = program.get_subcommands();
    const CLI::App& app = chosen.empty() ? program : *chosen.front();
    auto rest = app.remaining();
    const auto more = program.remaining();
    if (!chosen.empty()) rest.insert(rest.end(), more.begin(), more.end());
    std::string text = fmt::format("offload: {}\n", error.what());
    if (chosen.empty() && !rest.empty() && !rest.front().starts_with("-")) {
        text = fmt::format("offload: there is no command {}\n", rest.front());
    }
    for (const auto& word : rest) {
        std::string near;
        if (word.starts_with("-")) {
            near = nearest_flag(app, program, word);
        } else if (chosen.empty()) {
            near = nearest_command(word);
        }
        if (!near.empty()) text += fmt::format("  did you mean {}?\n", near);
    }
    text += chosen.empty() ? "  `offload --help` lists the commands\n"
                           : fmt::format("  `offload {} --help` lists its flags\n", app.get_name());
    return {std::move(text), false, 1};
}

}  // namespace

std::variant<Chosen, Answer> parse_arguments(const std::vector<std::string>& arguments) {
    auto options = std::make_unique<Options>();
    CLI::App program("Runs a project's tests in parallel, in as many sandboxes as it takes.",
                     "offload");
    program.set_version_flag("--version", fmt::format("offload {}", version()));
    program.add_option("-c,--config", options->global.config, "The config file (offload.toml)")
        ->type_name("PATH")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    program.add_flag("-v,--verbose", options->global.verbose, "Say more while working");
    program.require_subcommand(1);
    program.footer(std::string(kFooter));
    std::vector<CLI::App*> declared;
    for (const auto& command : commands()) {
        declared.push_back(command.declare(program, *options));
        declared.back()->fallthrough();  // TRAPS 49: -c and -v count behind the command, too
        declared.back()->footer(fmt::format("\nEverywhere: -c, --config PATH and -v, --verbose\n{}",
                                            declared.back()->get_footer()));
    }
    unguard_values(program);
    for (auto* command : declared) unguard_values(*command);
    if (arguments.empty()) return Answer{program.help(), false, 1};
    if (arguments.front() == "help") return help(arguments, program, declared);
    try {
        program.parse(guarded(arguments));
    } catch (const CLI::CallForHelp&) {
        const auto chosen = program.get_subcommands();
        return Answer{chosen.empty() ? program.help() : chosen.front()->help("offload"), true, 0};
    } catch (const CLI::CallForVersion& version_asked) {
        return Answer{fmt::format("{}\n", version_asked.what()), true, 0};
    } catch (const CLI::ParseError& error) {
        return explain(error, program);
    }
    for (std::size_t i = 0; i < declared.size(); ++i) {
        if (declared[i]->parsed()) return Chosen{&commands()[i], std::move(*options)};
    }
    return Answer{program.help(), false, 1};
}

}  // namespace offload::app

#include "parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "declaration.hpp"
#include "offload/base/text.hpp"

namespace offload::app {
namespace {

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

// The command of `app` that `word` was meant to be, or "".
std::string nearest_command(const CLI::App& app, const std::string& word) {
    std::vector<std::string> names;
    for (const auto* command : all_commands(app)) names.push_back(command->get_name());
    return std::string(text::nearest(word, names));
}

Answer unknown_command(const CLI::App& program, const std::string& word) {
    const auto near = nearest_command(program, word);
    return {
        fmt::format("offload: there is no command {}\n{}  `offload --help` lists the commands\n",
                    word, near.empty() ? "" : fmt::format("  did you mean {}?\n", near)),
        false, 1};
}

// `offload help [COMMAND]`
Answer help(const Declaration& declared) {
    const auto& about = declared.help_about;
    if (about.empty()) {
        // The one that was parsed would explain the command that was found: this one.
        Options unused;
        return {declare(unused)->program->help(), true, 0};
    }
    if (about.size() > 1) {
        return {fmt::format("offload: help is given of one command, not of {}\n"
                            "  `offload help {}` explains the first\n",
                            about.size(), about.front()),
                false, 1};
    }
    for (const auto* command : all_commands(*declared.program)) {
        if (command->get_name() == about.front()) return {command->help("offload"), true, 0};
    }
    return unknown_command(*declared.program, about.front());
}

Answer explain(const CLI::ParseError& error, const CLI::App& program) {
    const auto chosen = program.get_subcommands();
    const CLI::App& app = chosen.empty() ? program : *chosen.front();
    auto rest = app.remaining();
    const auto more = program.remaining();
    if (!chosen.empty()) rest.insert(rest.end(), more.begin(), more.end());
    std::string text = fmt::format("offload: {}\n", error.what());
    const bool has_commands = !all_commands(app).empty();
    if (has_commands && !rest.empty() && !rest.front().starts_with("-")) {
        text = fmt::format("offload: there is no command {}{}\n",
                           chosen.empty() ? "" : app.get_name() + " ", rest.front());
    }
    for (const auto& word : rest) {
        std::string near;
        if (word.starts_with("-")) {
            near = nearest_flag(app, program, word);
        } else if (has_commands) {
            near = nearest_command(app, word);
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
    const auto declared = declare(*options);
    auto& program = *declared->program;
    unguard_values(program);
    for (auto* command : declared->commands) unguard_values(*command);
    if (arguments.empty()) return Answer{program.help(), false, 1};
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
    if (declared->help->parsed()) return help(*declared);
    options->global.config_named = declared->config->count() > 0;
    for (std::size_t i = 0; i < declared->commands.size(); ++i) {
        if (declared->commands[i]->parsed()) return Chosen{&commands()[i], std::move(*options)};
    }
    return Answer{program.help(), false, 1};
}

}  // namespace offload::app

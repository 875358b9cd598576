#include "declaration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "commands.hpp"

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

constexpr std::string_view kGlobalFlags =
    "-c, --config PATH; -v, --verbose; -q, --quiet; --color WHEN";

report::ColourWish wish(std::string_view word) {
    if (word == "always") return report::ColourWish::Always;
    return word == "never" ? report::ColourWish::Never : report::ColourWish::Auto;
}

void declare_globals(CLI::App& program, GlobalOptions& global, Declaration& declared) {
    program.set_version_flag("--version", fmt::format("offload {}", version()),
                             "Print the version and exit");
    declared.config =
        program
            .add_option("-c,--config", global.config,
                        "The config file (offload.toml, here or in the nearest folder above)")
            ->type_name("PATH")
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    auto* verbose = program.add_flag("-v,--verbose", global.verbose,
                                     "Say more while working; -vv shows what passed tests printed");
    program.add_flag("-q,--quiet", global.quiet, "Say only what goes wrong")->excludes(verbose);
    program
        .add_option_function<std::string>(
            "--color", [&global](const std::string& word) { global.colour = wish(word); },
            "auto, always or never (auto: on terminals, as NO_COLOR and FORCE_COLOR say)")
        ->type_name("WHEN")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->check(CLI::IsMember({"auto", "always", "never"}));
}

void declare_help(CLI::App& program, Declaration& declared) {
    auto* help = program.add_subcommand("help", "Explain a command");
    help->add_option("COMMAND", declared.help_about, "The command (all of them, in short)")
        ->allow_extra_args(true);
    help->footer("\nExit status: 0 explained, 1 there is no such command.\n");
    help->fallthrough();
    declared.help = help;
}

}  // namespace

std::unique_ptr<Declaration> declare(Options& options) {
    auto declared = std::make_unique<Declaration>();
    declared->program = std::make_unique<CLI::App>(
        "Runs a project's tests in parallel, in as many sandboxes as it takes.", "offload");
    auto& program = *declared->program;
    declare_globals(program, options.global, *declared);
    program.require_subcommand(1);
    program.footer(std::string(kFooter));
    for (const auto& command : commands()) {
        auto* app = command.declare(program, options);
        app->fallthrough();  // TRAPS 49: -c and -v count behind the command, too
        app->footer(fmt::format("\n{}{}\n{}", kEverywhere, kGlobalFlags, app->get_footer()));
        declared->commands.push_back(app);
    }
    declare_help(program, *declared);
    return declared;
}

std::vector<const CLI::App*> all_commands(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

Value value_of(const CLI::Option& option) {
    static const std::map<std::string, ValueKind, std::less<>> kKinds = {
        {"PATH", ValueKind::File},          {"FILE", ValueKind::File},
        {"WHAT", ValueKind::File},          {"BASE", ValueKind::File},
        {"OURS", ValueKind::File},          {"THEIRS", ValueKind::File},
        {"DIR", ValueKind::Folder},         {"FOLDER", ValueKind::Folder},
        {"GROUP", ValueKind::Group},        {"COMMAND", ValueKind::Command},
        {"LOCAL:REMOTE", ValueKind::Folder}};
    Value value;
    if (option.get_items_expected_max() == 0) {
        value.kind = ValueKind::None;
        return value;
    }
    // What follows the first brace is of the validators, as help shows them: "NAME:{text,json}".
    const auto type = option.get_type_name();
    const auto brace = type.find(":{");
    value.name = option.get_positional() ? option.get_name(true) : type.substr(0, brace);
    if (brace != std::string::npos) {
        value.kind = ValueKind::Choice;
        const auto end = type.find('}', brace);
        std::istringstream words(type.substr(brace + 2, end - brace - 2));
        for (std::string word; std::getline(words, word, ',');) value.choices.push_back(word);
        return value;
    }
    if (const auto colon = value.name.find(":INT"); colon != std::string::npos) {
        value.name.resize(colon);
    }
    const auto known = kKinds.find(value.name);
    if (known != kKinds.end()) value.kind = known->second;
    return value;
}

}  // namespace offload::app

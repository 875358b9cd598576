#include "command/kind.hpp"

#include <fmt/format.h>

#include "bundled_usage.hpp"
#include "command/command.hpp"
#include "command/options.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"

namespace offload::provider {
namespace {

using config::Era;
using config::Expander;
using config::key;
using Words = std::vector<std::string>;

config::Keys keys() {
    using S = CommandOptions;
    return {
        key("prepare_command", &S::prepare_command, Era::V0_4,
            "Runs once, before any sandbox is made. The last line that it prints is the image ID.",
            {.expander = Expander::HostShell, .placeholders = Words{"cpu_cores"}}),
        key("create_command", &S::create_command, Era::V0_4,
            "Runs once for each sandbox. The last line that it prints is the sandbox ID. "
            "`{image_id}` is what `prepare_command` has printed.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"image_id", "cpu_cores"},
             .required = true,
             .example = "\"docker run -d --rm {image_id} sleep infinity\""}),
        key("exec_command", &S::exec_command, Era::V0_4,
            "Runs a batch of tests in the sandbox `{sandbox_id}`; `{command}` is one quoted "
            "argument.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"sandbox_id", "command", "cpu_cores"},
             .required = true,
             .example = "\"docker exec {sandbox_id} sh -c {command}\""}),
        key("exec_stdin", &S::exec_stdin, Era::V1_0,
            "The exec command passes its standard input into the sandbox, as docker exec -i does. "
            "Batches are then given their tests while they run."),
        key("destroy_command", &S::destroy_command, Era::V0_4, "Ends the sandbox `{sandbox_id}`.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"sandbox_id", "cpu_cores"},
             .required = true,
             .example = "\"docker rm -f {sandbox_id}\""}),
        key("download_command", &S::download_command, Era::V0_4,
            "Brings files back from the sandbox `{sandbox_id}`. `{paths}` are pairs REMOTE:LOCAL, "
            "separated by blanks, each side quoted.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"sandbox_id", "paths", "cpu_cores"}}),
        key("exec_and_fetch_command", &S::exec_and_fetch_command, Era::V0_9,
            "Understood, and not needed: result files come back in the answer of `exec_command`, "
            "in the same round trip.",
            {.expander = Expander::HostShell,
             .placeholders = Words{"sandbox_id", "command", "fetch", "cpu_cores"}}),
        key("working_dir", &S::working_dir, Era::V0_4,
            "The folder of this machine in which these commands run.",
            {.otherwise = "the current folder"}),
        key("timeout_secs", &S::timeout, Era::V0_4, "Limit for each of these commands.",
            {.range = config::kSeconds}),
        key("copy_dirs", &S::copy_dirs, Era::V0_4,
            "Folders that `prepare_command` puts into the image: each is appended to it as "
            "`--copy-dir=LOCAL:REMOTE`."),
        key("env", &S::env, Era::V0_4,
            "Environment variables for the tests; `${HOME}` and `${PORT:-8080}` are expanded."),
        key("cpu_cores", &S::cpu_cores, Era::V0_9,
            "The cores of a sandbox: for the estimate of what a run costs, and in place of "
            "`{cpu_cores}` in these commands."),
    };
}

config::InitSection suggest(const config::InitRequest& request) {
    const std::string dockerfile = config::dockerfile_in(request.folder);
    const auto text = [](std::string_view value) { return config::toml_text(value); };
    config::InitSection out;
    if (dockerfile.empty()) {
        out.notes.emplace_back(
            "There is no Dockerfile here, which prepare_command builds: write one that has the "
            "runner and what the tests need, or commands for sandboxes of another kind.");
    }
    out.own = {{"prepare_command", text(dockerfile.empty() || dockerfile == "Dockerfile"
                                            ? "docker build -q ."
                                            : fmt::format("docker build -q -f {} .", dockerfile))},
               {"create_command", text("docker run -d --rm {image_id} sleep infinity")},
               {"exec_command", text("docker exec -i {sandbox_id} sh -c {command}")},
               {"exec_stdin", "true"},
               {"destroy_command", text("docker rm -f {sandbox_id}")},
               {"download_command",
                "'''for pair in {paths}; do "
                "docker cp {sandbox_id}:\"${pair%%:*}\" \"${pair#*:}\"; done'''"},
               {"timeout_secs", "3600"},
               {"env", "{ APP_ENV = \"test\" }", false}};
    return out;
}

config::ProviderKind declare() {
    return {.names = {"default"},
            .doc =
                "Sandboxes are made and driven by your own commands. Anything that can make a "
                "machine, run a command in it and remove it will do, Docker for example.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<CommandOptions>(); },
            .init = suggest};
}

Result<std::unique_ptr<Provider>> make(const config::Config& config,
                                       const std::string& /*working_folder*/) {
    return CommandProvider::create_from(config);
}

}  // namespace

void CommandOptions::check(config::Section& section) {
    if (download_command && download_command->find("{paths}") == std::string::npos) {
        section.error_at("download_command",
                         fmt::format("provider.download_command is \"{}\"; without {{paths}} it "
                                     "cannot know what to bring",
                                     *download_command),
                         "{paths} stands for pairs REMOTE:LOCAL, separated by blanks");
    }
    if (exec_command.empty() || exec_command.find("{command}") != std::string::npos) return;
    section.error_at("exec_command",
                     fmt::format("provider.exec_command is \"{}\"; without {{command}} no test "
                                 "would ever be run",
                                 exec_command),
                     "put {command} where the command to run belongs; it is one quoted argument");
}

void CommandOptions::look_around(config::Surroundings& surroundings) const {
    const auto folder = surroundings.here() / working_dir.value_or("");
    if (working_dir) {
        surroundings.check_exists("provider.working_dir", *working_dir,
                                  "the lifecycle commands cannot run there");
    }
    const auto check = [&](const char* key, const std::string& command) {
        surroundings.check_command(key, command, folder);
        if (const auto misuse = misuse_of_bundled(command)) {
            surroundings.warn(key, fmt::format("{}: {}", key, misuse->what), misuse->hint);
        }
    };
    check("provider.create_command", create_command);
    check("provider.exec_command", exec_command);
    check("provider.destroy_command", destroy_command);
    if (prepare_command) check("provider.prepare_command", *prepare_command);
    if (download_command) check("provider.download_command", *download_command);
    surroundings.check_copy_dirs("provider.copy_dirs", copy_dirs);
}

bool CommandOptions::completes_images() const {
    return prepare_command && prepare_command->find("@modal_sandbox.py") != std::string::npos;
}

const Kind& command_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::provider

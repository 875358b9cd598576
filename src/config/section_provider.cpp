#include <fmt/format.h>

#include "placeholders.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

constexpr std::size_t kMostSeconds = 1'000'000'000;

LocalProvider read_local(TableReader& table) {
    LocalProvider out;
    out.working_dir = table.text("working_dir");
    out.env = table.environment("env").value_or(Environment{});
    if (auto shell = table.text("shell")) out.shell = std::move(*shell);
    if (out.shell.empty()) table.error_at("shell", "provider.shell is empty", "try \"/bin/sh\"");
    return out;
}

// What stands for something in each command.
void check_commands(TableReader& table, const CommandProvider& out) {
    const auto check = [&](std::string_view key, std::string_view command,
                           std::initializer_list<std::string_view> known) {
        check_placeholders(table, key, command, known);
    };
    check("prepare_command", out.prepare_command.value_or(""), {"cpu_cores"});
    check("create_command", out.create_command, {"image_id", "cpu_cores"});
    check("exec_command", out.exec_command, {"sandbox_id", "command", "cpu_cores"});
    check("destroy_command", out.destroy_command, {"sandbox_id", "cpu_cores"});
    check("download_command", out.download_command.value_or(""),
          {"sandbox_id", "paths", "cpu_cores"});
}

CommandProvider read_command(TableReader& table) {
    CommandProvider out;
    out.prepare_command = table.text("prepare_command", Expander::HostShell);
    out.create_command = table
                             .required_text("create_command", Expander::HostShell,
                                            "\"docker run -d --rm {image_id} sleep infinity\"")
                             .value_or("");
    out.exec_command = table
                           .required_text("exec_command", Expander::HostShell,
                                          "\"docker exec {sandbox_id} sh -c {command}\"")
                           .value_or("");
    if (!out.exec_command.empty() && out.exec_command.find("{command}") == std::string::npos) {
        table.error_at("exec_command",
                       fmt::format("provider.exec_command is \"{}\"; without {{command}} no test "
                                   "would ever be run",
                                   out.exec_command),
                       "put {command} where the command to run belongs; it is one quoted argument");
    }
    out.destroy_command =
        table.required_text("destroy_command", Expander::HostShell, "\"docker rm -f {sandbox_id}\"")
            .value_or("");
    out.download_command = table.text("download_command", Expander::HostShell);
    out.working_dir = table.text("working_dir");
    if (const auto value = table.integer("timeout_secs", {1, kMostSeconds})) {
        out.timeout = std::chrono::seconds(*value);
    }
    out.exec_stdin = table.flag("exec_stdin").value_or(false);
    out.copy_dirs = table.copy_dirs("copy_dirs").value_or(std::vector<CopyDir>{});
    out.env = table.environment("env").value_or(Environment{});
    out.cpu_cores = table.number("cpu_cores", 0).value_or(out.cpu_cores);
    check_commands(table, out);
    return out;
}

ModalProvider read_modal(TableReader& table) {
    ModalProvider out;
    out.dockerfile = table.text("dockerfile");
    out.include_cwd = table.flag("include_cwd").value_or(false);
    out.copy_dirs = table.copy_dirs("copy_dirs").value_or(std::vector<CopyDir>{});
    out.env = table.environment("env").value_or(Environment{});
    out.cpu_cores = table.number("cpu_cores", 0).value_or(out.cpu_cores);
    out.memory_gb = table.number("memory_gb", 0);  // TRAPS 47: an integer is a number, too
    out.experimental_options = table.json_table("experimental_options").value_or("{}");
    return out;
}

DockerProvider read_docker(TableReader& table) {
    DockerProvider out;
    out.engine = table.choice("engine", {"docker", "podman"}).value_or(out.engine);
    out.host = table.text("host");
    out.image = table.text("image");
    out.dockerfile = table.text("dockerfile");
    out.context = table.text("context").value_or(out.context);
    out.build_args = table.environment("build_args").value_or(Environment{});
    out.include_cwd = table.flag("include_cwd").value_or(false);
    out.copy_dirs = table.copy_dirs("copy_dirs").value_or(std::vector<CopyDir>{});
    out.env = table.environment("env").value_or(Environment{});
    out.cpu_cores = table.number("cpu_cores", 0);
    out.memory_gb = table.number("memory_gb", 0);  // TRAPS 47: an integer is a number, too
    out.network = table.text("network");
    out.user = table.text("user");
    out.run_args = table.texts("run_args").value_or(std::vector<std::string>{});
    if (out.image && out.dockerfile) {
        table.error_at("image", "provider.image and provider.dockerfile exclude each other",
                       "image names one that exists, dockerfile builds one: keep one of the keys");
    } else if (!out.image && !out.dockerfile) {
        table.missing("image", "image = \"python:3.12-slim\", or dockerfile = \"Dockerfile\"");
    }
    return out;
}

}  // namespace

std::optional<Provider> read_provider(TableReader& table) {
    if (table.find("type") == nullptr) {
        table.missing("type",
                      "type = \"local\", \"default\" (your own commands), \"docker\" or "
                      "\"modal\"");
        return {};
    }
    const auto type = table.choice("type", {"local", "default", "modal", "docker"});
    if (!type) return {};
    std::optional<Provider> out;
    if (*type == "local") out = read_local(table);
    if (*type == "default") out = read_command(table);
    if (*type == "modal") out = read_modal(table);
    if (*type == "docker") out = read_docker(table);
    table.finish(*type);
    return out;
}

}  // namespace offload::config

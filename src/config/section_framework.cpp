#include <fmt/format.h>

#include "offload/base/text.hpp"
#include "placeholders.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

PytestFramework read_pytest(TableReader& table) {
    PytestFramework out;
    if (auto paths = table.texts("paths")) out.paths = std::move(*paths);
    const auto command = table.words("command");
    const auto python = table.text("python");
    const auto extra_args = table.texts("extra_args");
    if (table.find("command") != nullptr) {
        for (const std::string_view key : {"python", "extra_args"}) {
            if (table.find(key) == nullptr) continue;
            table.warning_at(key,
                             fmt::format("framework.{} has no effect where framework.command is "
                                         "set",
                                         key),
                             "remove one of the two");
        }
        if (command && command->empty()) {
            table.error_at("command", "framework.command is empty",
                           "for example: command = \"python -m pytest\"");
        }
        if (command) out.prefix = *command;
    } else {
        if (python && text::trim(*python).empty()) {
            table.error_at("python", "framework.python is empty",
                           "for example: python = \"python\"");
        }
        out.prefix = {python.value_or("python")};
        if (extra_args) out.prefix.insert(out.prefix.end(), extra_args->begin(), extra_args->end());
        out.prefix.insert(out.prefix.end(), {"-m", "pytest"});
    }
    out.run_args = table.words("run_args").value_or(std::vector<std::string>{});
    out.discovery_args = table.words("discovery_args").value_or(std::vector<std::string>{});
    if (const auto collect = table.choice("collect", {"auto", "all", "files"})) {
        if (*collect == "all") out.collect = PytestCollect::All;
        if (*collect == "files") out.collect = PytestCollect::Files;
    }
    out.as_xdist = table.flag("as_xdist").value_or(true);
    out.markers = table.text("markers");
    if (out.markers && text::trim(*out.markers).empty()) out.markers.reset();
    return out;
}

// A list, as Cargo's own metadata has it, or one text with commas or blanks, as its command line.
std::optional<std::string> read_features(TableReader& table) {
    const toml::node* node = table.find("features");
    if (node == nullptr) return {};
    if (node->is_string()) return table.text("features");
    if (!node->is_array()) {
        table.wrong_type(*node, table.full("features"), "an array of strings, or one string");
        return {};
    }
    const auto list = table.texts("features");
    if (!list || list->empty()) return {};
    std::string joined;
    for (const auto& feature : *list) joined += (joined.empty() ? "" : ",") + feature;
    return joined;
}

CargoFramework read_cargo(TableReader& table) {
    CargoFramework out;
    out.package = table.text("package");
    out.features = read_features(table);
    out.bin = table.text("bin");
    out.include_ignored = table.flag("include_ignored").value_or(false);
    return out;
}

CtestFramework read_ctest(TableReader& table) {
    CtestFramework out;
    if (auto folder = table.text("build_dir")) out.build_dir = std::move(*folder);
    if (out.build_dir.empty()) {
        table.error_at("build_dir", "framework.build_dir is empty",
                       "remove it for the default, \"build\"");
    }
    out.config = table.text("config");
    return out;
}

CommandFramework read_command(TableReader& table) {
    CommandFramework out;
    out.discover_command = table
                               .required_text("discover_command", Expander::HostShell,
                                              "\"pytest --collect-only -q {filters}\"")
                               .value_or("");
    if (!out.discover_command.empty() &&
        out.discover_command.find("{filters}") == std::string::npos) {
        table.error_at("discover_command",
                       fmt::format("framework.discover_command is \"{}\"; it must contain "
                                   "{{filters}}",
                                   out.discover_command),
                       "each group's filters take its place; append it where the listing command "
                       "takes arguments");
    }
    out.run_command = table
                          .required_text("run_command", Expander::SandboxShell,
                                         "\"pytest --junitxml={result_file} {tests}\"")
                          .value_or("");
    if (!out.run_command.empty() && out.run_command.find("{tests}") == std::string::npos) {
        table.warning_at("run_command",
                         "framework.run_command does not contain {tests}: every batch runs all "
                         "that the command runs",
                         "put {tests} where the runner takes the tests to run");
    }
    check_placeholders(table, "discover_command", out.discover_command, {"filters"});
    check_placeholders(table, "run_command", out.run_command, {"tests", "result_file"});
    out.result_file = table.text("result_file");
    if (out.result_file && out.result_file->empty()) {
        table.error_at("result_file", "framework.result_file is empty",
                       "remove it, or name the JUnit XML file that run_command writes");
    }
    return out;
}

// The format with the placeholders checked; an error leaves `fallback`.
std::string read_test_id_format(TableReader& table, std::string_view fallback) {
    const toml::node* node = table.find("test_id_format");
    if (node == nullptr) {
        if (fallback.empty()) {
            table.missing("test_id_format",
                          "how an ID is made of JUnit's attributes, for example "
                          "test_id_format = \"{classname}::{name}\"");
        }
        return std::string(fallback);
    }
    const auto value = table.text("test_id_format");
    if (!value) return std::string(fallback);
    std::string rest = text::replace_all(*value, "{name}", "");
    rest = text::replace_all(rest, "{classname}", "");
    if (rest.size() == value->size()) {
        table.error_at("test_id_format",
                       fmt::format("framework.test_id_format is \"{}\"; expected at least one of "
                                   "{{name}} and {{classname}}",
                                   *value),
                       "without one, all tests would have the same ID");
    }
    return *value;
}

}  // namespace

std::optional<Framework> read_framework(TableReader& table) {
    if (table.find("type") == nullptr) {
        table.missing("type",
                      "type = \"pytest\", \"cargo\", \"ctest\" or \"default\" (your own commands)");
        return {};
    }
    const auto type =
        table.choice("type", {"pytest", "cargo", "nextest", "ctest", "default", "vitest"});
    if (!type) return {};
    Framework out;
    out.type = *type;
    std::string_view format;
    if (*type == "pytest") {
        out.kind = read_pytest(table);
        format = "{name}";
    } else if (*type == "default") {
        out.kind = read_command(table);
    } else if (*type == "ctest") {
        out.kind = read_ctest(table);
        format = "{name}";
    } else if (*type == "vitest") {
        out.kind = VitestFramework{};
        format = "{classname} > {name}";
        table.text("command");
        table.text("run_args");
    } else {
        out.kind = read_cargo(table);
        format = "{classname} {name}";
    }
    out.test_id_format = read_test_id_format(table, format);
    out.working_dir = table.text("working_dir");
    if (const auto worker = table.choice("worker", {"auto", "off"})) {
        out.worker = *worker == "off" ? WorkerMode::Off : WorkerMode::Auto;
    }
    table.finish(*type);
    return out;
}

}  // namespace offload::config

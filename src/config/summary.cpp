#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "expand.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"

namespace offload::config {
namespace {

class Writer {
  public:
    explicit Writer(const Loaded& loaded) : loaded_(loaded) {}

    void section(std::string name) {
        section_ = std::move(name);
        out_ += fmt::format("\n[{}]\n", section_);
    }

    void text(std::string_view key, std::string_view value) {
        row(key, fmt::format("\"{}\"", text::replace_all(masked(value), "\n", "\\n")));
    }
    void maybe(std::string_view key, const std::optional<std::string>& value) {
        if (value) text(key, std::string_view(*value));
    }
    void number(std::string_view key, auto value) { row(key, fmt::format("{}", value)); }
    void flag(std::string_view key, bool value) { row(key, value ? "true" : "false"); }
    void texts(std::string_view key, const std::vector<std::string>& values) {
        std::vector<std::string> quoted;
        for (const auto& value : values) quoted.push_back(fmt::format("\"{}\"", masked(value)));
        row(key, fmt::format("[{}]", fmt::join(quoted, ", ")));
    }
    void copy_dirs(std::string_view key, const std::vector<CopyDir>& pairs) {
        std::vector<std::string> values;
        for (const auto& pair : pairs) values.push_back(pair.local + ":" + pair.remote);
        if (!values.empty()) texts(key, values);
    }
    void environment(std::string_view prefix, const Environment& env) {
        for (const auto& [name, value] : env) {
            const std::string key = std::string(prefix) + "." + name;
            if (looks_secret(name) && !value.empty()) {
                row(key, "(hidden)");
            } else {
                text(key, value);
            }
        }
    }
    // A value whose key is called otherwise in the file.
    void derived(std::string_view label, const std::string& value, std::string_view origin) {
        out_ += fmt::format("  {:<28} {:<40} {}\n", label, masked(value), origin);
    }
    std::string origin(const std::string& full) const {
        const auto found = loaded_.origins.find(full);
        if (found == loaded_.origins.end()) return "default";
        // The whole path stands in the first line.
        const std::string& file = loaded_.config->file.native();
        return found->second.starts_with(file)
                   ? loaded_.config->file.filename().string() + found->second.substr(file.size())
                   : found->second;
    }
    std::string finish() && { return std::move(out_); }

  private:
    std::string masked(std::string_view value) const {
        std::string shown(value);
        for (const auto& secret : loaded_.secrets) {
            shown = text::replace_all(shown, secret, "(hidden)");
        }
        return shown;
    }
    void row(std::string_view key, const std::string& value) {
        out_ += fmt::format(
            "  {:<28} {:<40} {}\n", key, value,
            origin(section_.empty() ? std::string(key) : section_ + "." + std::string(key)));
    }

    const Loaded& loaded_;
    std::string section_;
    std::string out_;
};

void write_offload(Writer& out, const OffloadSection& section) {
    out.section("offload");
    out.number("max_parallel", section.max_parallel);
    out.number("test_timeout_secs", section.test_timeout.count());
    out.number("discovery_timeout_secs", section.discovery_timeout.count());
    out.maybe("working_dir", section.working_dir);
    if (section.sandbox_project_root) {
        const bool own = out.origin("offload.sandbox_project_root") != "default";
        out.derived("sandbox_project_root", '"' + *section.sandbox_project_root + '"',
                    own ? out.origin("offload.sandbox_project_root") : "sandbox_repo_root");
    }
    out.maybe("sandbox_repo_root", section.sandbox_repo_root);
    out.maybe("sandbox_init_cmd", section.sandbox_init_cmd);
    out.maybe("post_patch_cmd", section.post_patch_cmd);
    out.flag("impatiently_requeue_batches", section.impatiently_requeue_batches);
    if (section.max_parallel_collection == 0) {
        out.derived("max_parallel_collection", "0 (one per CPU core)",
                    out.origin("offload.max_parallel_collection"));
    } else {
        out.number("max_parallel_collection", section.max_parallel_collection);
    }
}

struct WriteProvider {
    Writer& out;

    void operator()(const LocalProvider& provider) const {
        out.maybe("working_dir", provider.working_dir);
        out.text("shell", provider.shell);
        out.environment("env", provider.env);
    }
    void operator()(const CommandProvider& provider) const {
        out.maybe("prepare_command", provider.prepare_command);
        out.text("create_command", provider.create_command);
        out.text("exec_command", provider.exec_command);
        out.text("destroy_command", provider.destroy_command);
        out.maybe("download_command", provider.download_command);
        out.maybe("working_dir", provider.working_dir);
        out.number("timeout_secs", provider.timeout.count());
        out.flag("exec_stdin", provider.exec_stdin);
        out.copy_dirs("copy_dirs", provider.copy_dirs);
        out.number("cpu_cores", provider.cpu_cores);
        out.environment("env", provider.env);
    }
    void operator()(const DockerProvider& provider) const {
        out.text("engine", provider.engine);
        out.maybe("host", provider.host);
        out.maybe("image", provider.image);
        out.maybe("dockerfile", provider.dockerfile);
        if (provider.dockerfile) out.text("context", provider.context);
        out.environment("build_args", provider.build_args);
        out.flag("include_cwd", provider.include_cwd);
        out.copy_dirs("copy_dirs", provider.copy_dirs);
        if (provider.cpu_cores) out.number("cpu_cores", *provider.cpu_cores);
        if (provider.memory_gb) out.number("memory_gb", *provider.memory_gb);
        out.maybe("network", provider.network);
        out.maybe("user", provider.user);
        if (!provider.run_args.empty()) out.texts("run_args", provider.run_args);
        out.environment("env", provider.env);
    }
    void operator()(const ModalProvider& provider) const {
        out.maybe("dockerfile", provider.dockerfile);
        out.flag("include_cwd", provider.include_cwd);
        out.copy_dirs("copy_dirs", provider.copy_dirs);
        out.number("cpu_cores", provider.cpu_cores);
        if (provider.memory_gb) out.number("memory_gb", *provider.memory_gb);
        if (provider.experimental_options != "{}") {
            out.derived("experimental_options", provider.experimental_options,
                        out.origin("provider.experimental_options"));
        }
        out.environment("env", provider.env);
    }
};

struct WriteFramework {
    Writer& out;

    void operator()(const PytestFramework& pytest) const {
        std::string source = "default";
        for (const char* key : {"framework.extra_args", "framework.python", "framework.command"}) {
            if (out.origin(key) != "default") source = out.origin(key);
        }
        out.derived("pytest is called as", shell::join(pytest.prefix), source);
        const bool found = !pytest.paths.empty() && out.origin("framework.paths") == "default";
        if (found) {
            out.derived("paths", "[\"tests\"]", "default, the folder exists");
        } else {
            out.texts("paths", pytest.paths);
        }
        if (!pytest.run_args.empty()) out.texts("run_args", pytest.run_args);
        if (!pytest.discovery_args.empty()) out.texts("discovery_args", pytest.discovery_args);
        out.maybe("markers", pytest.markers);
        if (pytest.collect != PytestCollect::Auto) {
            out.text("collect", pytest.collect == PytestCollect::All ? "all" : "files");
        }
        if (!pytest.as_xdist) out.flag("as_xdist", false);
    }
    void operator()(const CargoFramework& cargo) const {
        out.maybe("package", cargo.package);
        out.maybe("features", cargo.features);
        out.maybe("bin", cargo.bin);
        out.flag("include_ignored", cargo.include_ignored);
    }
    void operator()(const CtestFramework& ctest) const {
        out.text("build_dir", std::string_view(ctest.build_dir));
        out.maybe("config", ctest.config);
    }
    void operator()(const CommandFramework& command) const {
        out.text("discover_command", command.discover_command);
        out.text("run_command", command.run_command);
        out.maybe("result_file", command.result_file);
    }
    void operator()(const VitestFramework&) const {}
};

void write_rest(Writer& out, const Config& config) {
    if (!config.resources.empty()) {
        out.section("resources");
        for (const auto& [name, units] : config.resources) out.number(name, units);
    }
    for (const auto& group : config.groups) {
        out.section("groups." + group.name);
        out.number("retry_count", group.retry_count);
        out.text("filters", group.filters);
        out.flag("schedule_individual", group.schedule_individual);
        if (!group.resources.empty()) out.texts("resources", group.resources);
        if (group.max_parallel) out.number("max_parallel", *group.max_parallel);
    }
    out.section("report");
    out.text("output_dir", config.report.output_dir);
    out.flag("junit", config.report.junit);
    out.text("junit_file", config.report.junit_file);
    out.texts("download_globs", config.report.download_globs);
    out.flag("download_globs_failure_only", config.report.download_globs_failure_only);
    if (config.history.present) {
        out.section("history");
        out.text("record_history",
                 config.history.record_history == RecordHistory::Always ? "always" : "flag");
        out.text("path", config.history.path);
        out.number("reservoir_size", config.history.reservoir_size);
        if (const auto duration = config.history.default_duration) {
            out.number("default_duration_secs", duration->count());
        }
    }
    if (config.checkpoint.present) {
        out.section("checkpoint");
        out.texts("build_inputs", config.checkpoint.build_inputs);
    }
    if (!std::holds_alternative<LocalProvider>(config.provider)) {
        out.section("cost");
        out.number("per_core_hour", config.cost.per_core_hour);
        out.number("per_gib_hour", config.cost.per_gib_hour);
    }
}

}  // namespace

std::string summary(const Loaded& loaded) {
    if (!loaded.config) return "";
    const Config& config = *loaded.config;
    Writer out(loaded);
    write_offload(out, config.offload);
    out.section("provider");
    out.text("type", type_name(config.provider));
    std::visit(WriteProvider{out}, config.provider);
    out.section("framework");
    out.text("type", std::string_view(config.framework.type));
    std::visit(WriteFramework{out}, config.framework.kind);
    out.text("test_id_format", std::string_view(config.framework.test_id_format));
    out.maybe("working_dir", config.framework.working_dir);
    out.text("worker", config.framework.worker == WorkerMode::Off ? "off" : "auto");
    write_rest(out, config);
    if (!config.extra_env.empty() || !config.extra_copy_dirs.empty() || config.no_cache) {
        out.section("command line");
        for (const auto& pair : config.extra_copy_dirs) {
            out.derived("copy_dir", pair.local + ":" + pair.remote, "--copy-dir");
        }
        for (const auto& [name, value] : config.extra_env) {
            out.derived("env." + name, looks_secret(name) && !value.empty() ? "(hidden)" : value,
                        "--env");
        }
        if (config.no_cache) out.derived("no_cache", "true", "--no-cache");
    }
    return fmt::format("{}: {} provider, {} framework, {}\n", config.file.string(),
                       type_name(config.provider), config.framework.type,
                       text::count(config.groups.size(), "group")) +
           std::move(out).finish();
}

}  // namespace offload::config

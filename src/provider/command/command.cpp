#include "command/command.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <optional>

#include "bundled.hpp"
#include "command/creation_record.hpp"
#include "command/sandbox.hpp"
#include "command/substitution.hpp"
#include "offload/base/text.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

// MAX_ARG_STRLEN of Linux is 128 KiB, and the exec command is one argument of sh's. The rest is for
// the exec command's own words and for the frame around the tests' command.
constexpr std::size_t kCommandBytes = 120 * 1024;
constexpr std::size_t kConcurrentCreations = 256;
// For a creation that has begun when the run is cancelled: what it makes must be known.
constexpr std::chrono::seconds kLastChance{20};
constexpr std::chrono::seconds kDestroyLimit{120};
constexpr std::size_t kLongestId = 4096;

// What the config says of the image, for a prepare_command that carries it out, as
// @modal_sandbox.py does.
Variables image_environment(const config::Config& config) {
    const auto& offload = config.offload;
    Variables env{{"OFFLOAD_OUTPUT_DIR", config.report.output_dir},
                  {"OFFLOAD_HISTORY_FILE", config.history.path}};
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
        if (value) env.emplace_back(name, *value);
    };
    add("OFFLOAD_ROOT", offload.sandbox_project_root);
    add("OFFLOAD_REPO_ROOT", offload.sandbox_repo_root);
    add("OFFLOAD_SANDBOX_INIT_CMD", offload.sandbox_init_cmd);
    add("OFFLOAD_POST_PATCH_CMD", offload.post_patch_cmd);
    if (config.checkpoint.present) {
        std::string lines;
        for (const auto& input : config.checkpoint.build_inputs) lines += input + "\n";
        env.emplace_back("OFFLOAD_BUILD_INPUTS", std::move(lines));
    }
    return env;
}

Error no_id(const Lifecycle& command, std::string_view what) {
    return Error{.message = fmt::format("{} exited with 0, but {}", command.key, what),
                 .place = command.text,
                 .hint = "the last line that it prints to stdout must be the ID"};
}

}  // namespace

Result<std::unique_ptr<Provider>> CommandProvider::create_from(const config::Config& config) {
    auto shared = std::make_shared<CommandShared>();
    shared->commands = config.provider.as<CommandOptions>();
    auto& commands = shared->commands;
    shared->prepare_calls_bundled =
        commands.prepare_command && calls_bundled(*commands.prepare_command);
    // What is known before there is an image or a sandbox.
    const auto cores = fmt::format("{:g}", commands.cpu_cores);
    const std::array<Replacement, 1> known{Replacement{"cpu_cores", cores}};
    const auto complete = [&](std::string& command) -> Result<> {
        OFFLOAD_TRY(const auto resolved, resolve_bundled(command));
        command = substitute(resolved, known);
        return {};
    };
    for (auto* command :
         {&commands.create_command, &commands.exec_command, &commands.destroy_command}) {
        OFFLOAD_CHECK(complete(*command));
    }
    for (auto* command : {&commands.prepare_command, &commands.download_command}) {
        if (*command) OFFLOAD_CHECK(complete(**command));
    }
    shared->copies = commands.copy_dirs;
    shared->copies.insert(shared->copies.end(), config.extra_copy_dirs.begin(),
                          config.extra_copy_dirs.end());
    shared->no_cache = config.no_cache;
    shared->init = config.offload.sandbox_init_cmd;
    shared->image_env = image_environment(config);
    shared->root = config.offload.sandbox_project_root.value_or("");
    shared->working_folder = commands.working_dir.value_or("");
    std::error_code ignored;
    shared->reports = std::filesystem::absolute(config.report.output_dir, ignored);
    shared->env.assign(commands.env.begin(), commands.env.end());
    if (!shared->root.empty()) shared->env.emplace_back("OFFLOAD_ROOT", shared->root);
    shared->env.insert(shared->env.end(), config.extra_env.begin(), config.extra_env.end());
    OFFLOAD_CHECK(check_variable_names(shared->env, config.file.string()));
    return std::unique_ptr<Provider>(new CommandProvider(std::move(shared)));
}

Traits CommandProvider::traits() const {
    return {.same_machine = false,
            .passes_stdin = shared_->commands.exec_stdin,
            .command_bytes = kCommandBytes,
            .concurrent_creations = kConcurrentCreations};
}

std::size_t CommandProvider::quoted_bytes(std::string_view piece) const {
    return bytes_in_argument(piece);
}

CommandProvider::~CommandProvider() {
    if (run_id_) CreationRecord::forget(shared_->reports, *run_id_);
}

Result<> CommandProvider::prepare(const process::CancelToken& cancel,
                                  const OutputHandler& progress) {
    const auto& commands = shared_->commands;
    if (commands.prepare_command) return prepare_image(shared_->no_cache, cancel, progress);
    if (!shared_->copies.empty()) {
        return fail(Error{.message = "copy_dirs and --copy-dir have nobody to do the copying",
                          .place = {},
                          .hint = "[provider] prepare_command gets them as --copy-dir=L:R"});
    }
    if (commands.create_command.find("{image_id}") == std::string::npos) return {};
    return fail(Error{.message = "create_command wants {image_id}, but nothing makes an image",
                      .place = commands.create_command,
                      .hint = "give [provider] prepare_command, which prints the image's ID"});
}

Result<> CommandProvider::prepare_image(bool no_cache, const process::CancelToken& cancel,
                                        const OutputHandler& progress) {
    const auto& commands = shared_->commands;
    auto command = shared_->lifecycle(
        "prepare_command", with_prepare_flags(*commands.prepare_command,
                                              {shared_->copies, shared_->prepare_calls_bundled,
                                               no_cache, shared_->init}));
    command.cancel = cancel;
    command.env = shared_->image_env;
    OFFLOAD_TRY(const auto out, run_lifecycle(command, progress));
    std::string id(text::last_non_empty_line(out));
    if (id.empty() && commands.create_command.find("{image_id}") != std::string::npos) {
        return fail(no_id(command, "printed no image ID"));
    }
    if (id.size() > kLongestId || id.find('\0') != std::string::npos) {
        return fail(no_id(command, "what it printed last can be no image ID"));
    }
    const std::scoped_lock lock(mutex_);
    image_id_ = std::move(id);
    return {};
}

std::string CommandProvider::image() const {
    const std::scoped_lock lock(mutex_);
    return image_id_;
}

// True when there is another image than the vanished one. Whoever finds out first prepares it; the
// others wait for that.
bool CommandProvider::renew_image(const std::string& vanished, const process::CancelToken& cancel) {
    const auto& prepare = shared_->commands.prepare_command;
    if (!prepare || shared_->no_cache) return false;
    if (with_prepare_flags(*prepare, {{}, shared_->prepare_calls_bundled, false}) ==
        with_prepare_flags(*prepare, {{}, shared_->prepare_calls_bundled, true})) {
        return false;  // it uses no cache
    }
    const std::scoped_lock renewing(shared_->renewing);
    {
        const std::scoped_lock lock(mutex_);
        if (image_id_ != vanished) return true;
        if (std::exchange(image_renewed_, true)) return false;
    }
    return prepare_image(true, cancel, {}).has_value();
}

// Its sandbox's ID.
Result<std::string> CommandProvider::create_from_image(const SandboxSpec& spec,
                                                       const std::string& image,
                                                       const process::CancelToken& cancel) {
    const auto quoted = quote_id(image);
    const std::array<Replacement, 1> replacements{Replacement{"image_id", quoted}};
    auto command = shared_->lifecycle("create_command",
                                      substitute(shared_->commands.create_command, replacements));
    command.cancel = cancel;
    command.env = {{"OFFLOAD_RUN_ID", spec.run_id},
                   {"OFFLOAD_PARALLEL_INDEX", std::to_string(spec.slot.value())}};
    const auto run =
        CreationRecord(shared_->reports, spec.run_id, spec.number).run(command, kLastChance);
    if (!run.end.success()) {
        auto error = lifecycle_error(command, run.end, run.out, run.err);
        const bool cut = run.end.timed_out || run.end.cancelled ||
                         std::holds_alternative<process::Signalled>(run.end.how);
        if (const auto id = id_of_failed_creation(run.out); !id.empty()) {
            const auto destroyed = destroy_by_id(id, steady_now() + kDestroyLimit);
            error.hint = fmt::format(
                "it had printed {}, {}", id,
                destroyed ? "which was destroyed" : "which could not be destroyed and may be left");
        } else if (cut) {
            error.hint = "a sandbox that it had begun to make may be left with the provider";
        }
        return fail(std::move(error));
    }
    std::string id(text::last_non_empty_line(run.out));
    if (id.empty()) return fail(no_id(command, "printed no sandbox ID"));
    if (id.size() > kLongestId || id.find('\0') != std::string::npos) {
        return fail(no_id(command, "what it printed last can be no sandbox ID"));
    }
    return id;
}

Result<std::unique_ptr<Sandbox>> CommandProvider::create(const SandboxSpec& spec,
                                                         const process::CancelToken& cancel) {
    if (cancel.cancelled()) return fail("the creation of a sandbox was cancelled");
    const auto used = [&] {
        const std::scoped_lock lock(mutex_);
        run_id_ = spec.run_id;
        return image_id_;
    }();
    auto id = create_from_image(spec, used, cancel);
    // A cache may name an image that the provider has dropped.
    if (!id && id.error().kind == ErrorKind::Gone && renew_image(used, cancel)) {
        id = create_from_image(spec, image(), cancel);
    }
    if (!id) return fail(std::move(id).error());
    return std::make_unique<CommandSandbox>(shared_, spec, *std::move(id));
}

std::unique_ptr<Sandbox> CommandProvider::place_in(const std::string& id, const SandboxSpec& spec) {
    return std::make_unique<CommandSandbox>(shared_, spec, id);
}

Result<> CommandProvider::destroy_by_id(const std::string& id, SteadyTime deadline) {
    return destroy_with(*shared_, id, {}, deadline);
}

Result<std::string> CommandProvider::unfinished_creation(const std::string& run_id,
                                                         SandboxNumber number,
                                                         SteadyTime deadline) {
    return CreationRecord(shared_->reports, run_id, number).outcome(deadline);
}

void CommandProvider::forget_run(const std::string& run_id) {
    CreationRecord::forget(shared_->reports, run_id);
}

}  // namespace offload::provider

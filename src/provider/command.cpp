#include "command.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <thread>

#include "bundled.hpp"
#include "command_sandbox.hpp"
#include "offload/base/text.hpp"
#include "remote_script.hpp"
#include "substitution.hpp"

namespace offload::provider {
namespace {

// MAX_ARG_STRLEN of Linux is 128 KiB, and the exec command is one argument of sh's. The rest is for
// the exec command's own words and for the frame around the tests' command.
constexpr std::size_t kCommandBytes = 120 * 1024;
constexpr std::size_t kConcurrentCreations = 16;
constexpr std::chrono::seconds kLastChance{20};
constexpr std::size_t kLongestId = 4096;

SteadyTime limit_of(const CommandShared& shared) {
    return std::chrono::steady_clock::now() + shared.commands.timeout;
}

// While it lives, its token is cancelled some time after another one was.
class LateCancel {
  public:
    LateCancel(process::CancelToken first, std::chrono::milliseconds delay)
        : thread_([this, first = std::move(first), delay] {
              const auto over = over_.token();
              std::array<pollfd, 2> both{pollfd{first.descriptor(), POLLIN, 0},
                                         pollfd{over.descriptor(), POLLIN, 0}};
              while (!first.cancelled() && !over.cancelled()) ::poll(both.data(), 2, 1000);
              pollfd end = both[1];
              const auto until = std::chrono::steady_clock::now() + delay;
              while (!over.cancelled() && std::chrono::steady_clock::now() < until) {
                  ::poll(&end, 1, 200);
              }
              if (!over.cancelled()) late_.cancel();
          }) {}
    ~LateCancel() { over_.cancel(); }
    LateCancel(const LateCancel&) = delete;
    LateCancel& operator=(const LateCancel&) = delete;
    process::CancelToken token() const { return late_.token(); }

  private:
    process::CancelSource late_;
    process::CancelSource over_;
    std::jthread thread_;
};

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
    shared->commands = std::get<config::CommandProvider>(config.provider);
    auto& commands = shared->commands;
    shared->prepare_calls_bundled =
        commands.prepare_command && calls_bundled(*commands.prepare_command);
    for (auto* command :
         {&commands.create_command, &commands.exec_command, &commands.destroy_command}) {
        OFFLOAD_TRY(*command, resolve_bundled(*command));
    }
    for (auto* command : {&commands.prepare_command, &commands.download_command}) {
        if (!*command) continue;
        OFFLOAD_TRY(**command, resolve_bundled(**command));
    }
    shared->copies = commands.copy_dirs;
    shared->copies.insert(shared->copies.end(), config.extra_copy_dirs.begin(),
                          config.extra_copy_dirs.end());
    shared->no_cache = config.no_cache;
    shared->image_env = image_environment(config);
    shared->root = config.offload.sandbox_project_root.value_or("");
    shared->working_folder = commands.working_dir.value_or("");
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
            .files_count_as_command = true,
            .concurrent_creations = kConcurrentCreations};
}

std::size_t CommandProvider::quoted_bytes(std::string_view piece) const {
    return bytes_in_argument(piece);
}

Result<> CommandProvider::prepare(const process::CancelToken& cancel,
                                  const OutputHandler& progress) {
    const auto& prepare = shared_->commands.prepare_command;
    const bool image_wanted =
        shared_->commands.create_command.find("{image_id}") != std::string::npos;
    if (!prepare) {
        if (!shared_->copies.empty()) {
            return fail(Error{.message = "copy_dirs and --copy-dir have nobody to do the copying",
                              .place = {},
                              .hint = "[provider] prepare_command gets them as --copy-dir=L:R"});
        }
        if (!image_wanted) return {};
        return fail(Error{.message = "create_command wants {image_id}, but nothing makes an image",
                          .place = shared_->commands.create_command,
                          .hint = "give [provider] prepare_command, which prints the image's ID"});
    }
    auto command = shared_->lifecycle(
        "prepare_command",
        with_prepare_flags(*prepare,
                           {shared_->copies, shared_->prepare_calls_bundled, shared_->no_cache}),
        limit_of(*shared_));
    command.cancel = cancel;
    command.env = shared_->image_env;
    OFFLOAD_TRY(const auto out, run_lifecycle(command, progress));
    image_id_ = text::last_non_empty_line(out);
    if (image_wanted && image_id_.empty()) return fail(no_id(command, "printed no image ID"));
    if (image_id_.size() > kLongestId || image_id_.find('\0') != std::string::npos) {
        return fail(no_id(command, "what it printed last can be no image ID"));
    }
    return {};
}

Result<std::unique_ptr<Sandbox>> CommandProvider::create(const SandboxSpec& spec,
                                                         const process::CancelToken& cancel) {
    if (cancel.cancelled()) return fail("the creation of a sandbox was cancelled");
    const auto image = quote_id(image_id_);
    const std::array<Replacement, 1> replacements{Replacement{"image_id", image}};
    auto command = shared_->lifecycle("create_command",
                                      substitute(shared_->commands.create_command, replacements),
                                      limit_of(*shared_));
    const LateCancel late(cancel, kLastChance);
    command.cancel = late.token();
    OFFLOAD_TRY(const auto out, run_lifecycle(command));
    std::string id(text::last_non_empty_line(out));
    if (id.empty()) return fail(no_id(command, "printed no sandbox ID"));
    if (id.size() > kLongestId || id.find('\0') != std::string::npos) {
        return fail(no_id(command, "what it printed last can be no sandbox ID"));
    }
    return std::make_unique<CommandSandbox>(shared_, spec, std::move(id));
}

Result<> CommandProvider::destroy_by_id(const std::string& id, SteadyTime deadline) {
    return destroy_with(*shared_, id, {}, deadline);
}

}  // namespace offload::provider

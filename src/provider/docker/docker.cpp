#include "docker.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "../remote/script.hpp"
#include "client.hpp"
#include "host.hpp"
#include "offload/base/text.hpp"
#include "options.hpp"
#include "owner.hpp"

namespace offload::provider::docker {
namespace {

constexpr std::size_t kCommandBytes = 512 * 1024;
constexpr std::size_t kConcurrentCreations = 16;
constexpr std::chrono::minutes kCreateLimit{5};
constexpr std::chrono::seconds kLastChance{20};
constexpr std::chrono::seconds kRemoveLimit{60};
constexpr unsigned kCreated = 201;

process::Limits within(std::chrono::seconds time) {
    return {.deadline = steady_now() + time, .cancel = {}};
}

// Tells this project from others that use the engine.
std::string project_of(const config::Config& config) {
    std::error_code ignored;
    return std::filesystem::absolute(config.report.output_dir, ignored).lexically_normal().string();
}

WantedImage wanted_image(const config::Config& config, const DockerOptions& docker,
                         const std::filesystem::path& folder) {
    const auto& offload = config.offload;
    WantedImage wanted{
        .image = docker.image,
        .dockerfile = docker.dockerfile.value_or(""),
        .context = docker.context,
        .build_args = {docker.build_args.begin(), docker.build_args.end()},
        .network = docker.network,
        .user = docker.user,
        .folder = folder,
        .include_cwd = docker.include_cwd,
        .root = offload.sandbox_repo_root.value_or(offload.sandbox_project_root.value_or("")),
        .copies = docker.copy_dirs,
        .commands = {},
        .excluded = {config.report.output_dir, config.history.path},
        .project = project_of(config),
        .no_cache = config.no_cache};
    wanted.copies.insert(wanted.copies.end(), config.extra_copy_dirs.begin(),
                         config.extra_copy_dirs.end());
    for (const auto& command : {offload.sandbox_init_cmd, offload.post_patch_cmd}) {
        if (command) wanted.commands.push_back(*command);
    }
    return wanted;
}

}  // namespace

Result<std::unique_ptr<Provider>> DockerProvider::create_from(const config::Config& config) {
    std::error_code error;
    const auto folder = std::filesystem::current_path(error);
    if (error) return fail(fmt::format("the current folder is not known: {}", error.message()));
    const auto& docker = config.provider.as<DockerOptions>();
    const auto brand = docker.engine;
    OFFLOAD_TRY(auto socket, find_socket(brand, docker.host, this_machine()));
    auto root = config.offload.sandbox_project_root.value_or("");
    Variables env(docker.env.begin(), docker.env.end());
    if (!root.empty()) env.emplace_back("OFFLOAD_ROOT", root);
    env.insert(env.end(), config.extra_env.begin(), config.extra_env.end());
    OFFLOAD_CHECK(check_variable_names(env, config.file.string()));
    ContainerOptions options{.image = {},
                             .cpu_cores = docker.cpu_cores,
                             .memory_gb = docker.memory_gb,
                             .network = docker.network,
                             .user = docker.user,
                             .run_args = docker.run_args,
                             .labels = {}};
    auto shared = std::make_shared<const Shared>(Shared{.engine = Engine(brand, std::move(socket)),
                                                        .root = std::move(root),
                                                        .env = std::move(env),
                                                        .memory_gb = docker.memory_gb});
    return std::unique_ptr<Provider>(new DockerProvider(
        std::move(shared), wanted_image(config, docker, folder), std::move(options)));
}

DockerProvider::DockerProvider(std::shared_ptr<const Shared> shared, WantedImage image,
                               ContainerOptions options)
    : shared_(std::move(shared)), wanted_(std::move(image)), options_(std::move(options)) {}

// What was asked for and not heard of again may have come to be since.
DockerProvider::~DockerProvider() {
    if (unsure_run_.empty()) return;
    const auto found =
        shared_->engine.list({fmt::format("{}={}", kRunLabel, unsure_run_)}, within(kRemoveLimit));
    if (!found) return;
    for (const auto& container : *found) {
        (void)shared_->engine.remove(container.id, within(kRemoveLimit));
    }
}

Traits DockerProvider::traits() const {
    return {.same_machine = false,
            .passes_stdin = true,
            .command_bytes = kCommandBytes,
            .concurrent_creations = kConcurrentCreations};
}

// The command stands quoted in a script.
std::size_t DockerProvider::quoted_bytes(std::string_view piece) const {
    return bytes_in_argument(piece);
}

Result<> DockerProvider::prepare(const process::CancelToken& cancel,
                                 const OutputHandler& progress) {
    OFFLOAD_CHECK(
        shared_->engine.have("asking the engine for its version", {.target = "/version"},
                             {.deadline = steady_now() + kRemoveLimit, .cancel = cancel}));
    OFFLOAD_TRY(auto made, make_image(shared_->engine, wanted_, cancel, progress));
    const std::scoped_lock lock(mutex_);
    image_ = std::move(made);
    return {};
}

std::string DockerProvider::image() const {
    const std::scoped_lock lock(mutex_);
    return image_;
}

Result<> DockerProvider::replace_image(const std::string& vanished,
                                       const process::CancelToken& cancel) {
    const std::scoped_lock one_at_a_time(renewing_);
    if (image() != vanished) return {};
    {
        const std::scoped_lock lock(mutex_);
        if (std::exchange(renewed_, true)) {
            return fail(fmt::format("the image {} has vanished, too", vanished));
        }
    }
    OFFLOAD_TRY(auto made, make_image(shared_->engine, wanted_, cancel, {}));
    const std::scoped_lock lock(mutex_);
    image_ = std::move(made);
    return {};
}

ContainerOptions DockerProvider::options_for(const SandboxSpec& spec,
                                             const std::string& image) const {
    auto options = options_;
    options.image = image;
    options.labels = {{kRunLabel, spec.run_id},
                      {kSandboxLabel, std::to_string(spec.number.value())},
                      {kOwnerLabel, this_process()},
                      {kProjectLabel, wanted_.project}};
    return options;
}

// Of the container's creation.
Result<Answer> DockerProvider::request(const std::string& name, const ContainerOptions& options,
                                       const process::Limits& limits) const {
    if (options.run_args.empty()) {
        return shared_->engine.ask({.method = "POST",
                                    .target = "/containers/create?name=" + name,
                                    .body = create_body(options).dump()},
                                   limits);
    }
    // What `docker run` would understand, only its client does.
    OFFLOAD_TRY(const auto said,
                run_client(shared_->engine, create_arguments(name, options), limits));
    return Answer{.status = kCreated,
                  .fields = {{"Id", std::string(text::last_non_empty_line(said))}},
                  .text = {}};
}

Result<std::string> DockerProvider::start(const SandboxSpec& spec,
                                          const process::CancelToken& cancel) {
    const auto& engine = shared_->engine;
    const process::Limits limits{
        .deadline = steady_now() + kCreateLimit, .cancel = cancel, .cancel_delay = kLastChance};
    const auto name = container_name(spec.run_id, spec.number);
    const auto used = image();
    auto created = request(name, options_for(spec, used), limits);
    if (created && created->missing()) {
        OFFLOAD_CHECK(replace_image(used, cancel));
        created = request(name, options_for(spec, image()), limits);
    }
    OFFLOAD_TRY(const auto answer, std::move(created));
    if (!answer.done()) return fail(refusal("creating a container", answer));
    auto id = answer.fields.is_object() ? answer.fields.value("Id", "") : "";
    if (id.empty()) return fail("creating a container: the engine gave it no ID");
    OFFLOAD_CHECK(engine.have("starting a container",
                              {.method = "POST", .target = "/containers/" + id + "/start"},
                              limits));
    return id;
}

Result<std::unique_ptr<Sandbox>> DockerProvider::create(const SandboxSpec& spec,
                                                        const process::CancelToken& cancel) {
    if (cancel.cancelled()) return fail("the creation of a sandbox was cancelled");
    auto id = start(spec, cancel);
    if (id) return std::make_unique<DockerSandbox>(shared_, spec, *std::move(id));
    auto error = std::move(id).error();
    const auto name = container_name(spec.run_id, spec.number);
    if (auto removed = shared_->engine.remove(name, within(kRemoveLimit)); !removed) {
        error = std::move(error).with_cause(std::move(removed).error());
    }
    const std::scoped_lock lock(mutex_);
    unsure_run_ = spec.run_id;
    return fail(std::move(error));
}

std::unique_ptr<Sandbox> DockerProvider::place_in(const std::string& id, const SandboxSpec& spec) {
    return std::make_unique<DockerSandbox>(shared_, spec, id);
}

Result<> DockerProvider::destroy_by_id(const std::string& id, SteadyTime deadline) {
    return shared_->engine.remove(id, {.deadline = deadline, .cancel = {}});
}

Result<std::string> DockerProvider::unfinished_creation(const std::string& run_id,
                                                        SandboxNumber number, SteadyTime deadline) {
    OFFLOAD_TRY(const auto found,
                shared_->engine.list({fmt::format("{}={}", kRunLabel, run_id),
                                      fmt::format("{}={}", kSandboxLabel, number.value())},
                                     {.deadline = deadline, .cancel = {}}));
    return found.empty() ? std::string() : found.front().id;
}

Result<std::vector<Abandoned>> DockerProvider::abandoned(SteadyTime deadline) {
    OFFLOAD_TRY(const auto found,
                shared_->engine.list(
                    {fmt::format("{}={}", kProjectLabel, wanted_.project), std::string(kRunLabel)},
                    {.deadline = deadline, .cancel = {}}));
    std::vector<Abandoned> out;
    for (const auto& container : found) {
        const auto owner = state_of_owner(container.label(kOwnerLabel));
        // Another machine's may have a run that goes on; but none in which nothing runs.
        if (owner == OwnerState::Alive || (owner == OwnerState::Unknown && container.running)) {
            continue;
        }
        out.push_back({.id = container.id, .run_id = container.label(kRunLabel)});
    }
    return out;
}

}  // namespace offload::provider::docker

#include "modal/modal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bundled.hpp"
#include "modal/checkpoint_build.hpp"
#include "modal/checkpoint_view.hpp"
#include "modal/options.hpp"
#include "modal/sandbox.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

constexpr std::size_t kCommandBytes = 120 * 1024;  // one argument in the sandbox takes 128 KiB
constexpr std::size_t kConcurrentCreations = 50;
constexpr std::chrono::hours kPrepareLimit{2};
constexpr std::chrono::minutes kLookLimit{5};
constexpr std::chrono::minutes kCreateLimit{25};  // Modal waits for capacity for 21 minutes
constexpr std::chrono::seconds kLastChance{20};
constexpr std::chrono::hours kLifetime{12};
constexpr double kMebibytesPerGibibyte = 1024;

nlohmann::json wanted_image(const config::Config& config, const ModalOptions& modal) {
    const auto& offload = config.offload;
    nlohmann::json wanted{
        {"include_cwd", modal.include_cwd},
        {"copy_dirs", nlohmann::json::array()},
        {"root", offload.sandbox_repo_root.value_or(offload.sandbox_project_root.value_or(""))},
        {"use_cache", !config.no_cache},
        // What runs write is no source.
        {"excluded", {config.report.output_dir, config.history.path}}};
    for (const auto* copies : {&modal.copy_dirs, &config.extra_copy_dirs}) {
        for (const auto& copy : *copies) wanted["copy_dirs"].push_back({copy.local, copy.remote});
    }
    if (modal.dockerfile) wanted["dockerfile"] = *modal.dockerfile;
    if (offload.sandbox_init_cmd) wanted["init"] = *offload.sandbox_init_cmd;
    if (offload.post_patch_cmd) wanted["post_patch"] = *offload.post_patch_cmd;
    if (config.checkpoint.present) wanted["build_inputs"] = config.checkpoint.build_inputs;
    return wanted;
}

nlohmann::json sandbox_options(const config::Config& config, const ModalOptions& modal) {
    const auto lifetime = std::max<std::chrono::seconds>(kLifetime, config.offload.test_timeout);
    nlohmann::json options{{"cpu", modal.cpu_cores}, {"lifetime", lifetime.count()}};
    if (modal.memory_gb) {
        options["memory_mib"] = std::lround(*modal.memory_gb * kMebibytesPerGibibyte);
    }
    auto experimental = nlohmann::json::parse(modal.experimental_options, nullptr, false);
    if (experimental.is_object() && !experimental.empty()) {
        options["experimental_options"] = std::move(experimental);
    }
    return options;
}

// By which a sandbox is found whose ID was never told.
nlohmann::json tags_of(const std::string& run_id, SandboxNumber number) {
    return {{"offload-run", run_id}, {"offload-sandbox", std::to_string(number.value())}};
}

bool is_gone(const BridgeAnswer& answer) {
    const auto* failed = std::get_if<BridgeAnswer::Failed>(&answer.how);
    return failed != nullptr && failed->error.kind == ErrorKind::Gone;
}

}  // namespace

Result<std::unique_ptr<Provider>> ModalProvider::create_from(const config::Config& config) {
    OFFLOAD_TRY(auto script, extract_bundled("modal_sandbox.py"));
    auto shared = std::make_shared<ModalShared>(script);
    const auto& modal = config.provider.as<ModalOptions>();
    shared->root = config.offload.sandbox_project_root.value_or("");
    shared->env.assign(modal.env.begin(), modal.env.end());
    if (!shared->root.empty()) shared->env.emplace_back("OFFLOAD_ROOT", shared->root);
    shared->env.insert(shared->env.end(), config.extra_env.begin(), config.extra_env.end());
    OFFLOAD_CHECK(check_variable_names(shared->env, config.file.string()));
    return std::unique_ptr<Provider>(
        new ModalProvider(std::move(shared), std::move(script), config));
}

ModalProvider::ModalProvider(std::shared_ptr<ModalShared> shared, std::string script,
                             const config::Config& config)
    : shared_(std::move(shared)),
      script_(std::move(script)),
      config_(config),
      given_(config.provider.as<ModalOptions>().image),
      wanted_(wanted_image(config, config.provider.as<ModalOptions>())),
      options_(sandbox_options(config, config.provider.as<ModalOptions>())) {}

Traits ModalProvider::traits() const {
    return {.same_machine = false,
            .passes_stdin = true,
            .command_bytes = kCommandBytes,
            .concurrent_creations = kConcurrentCreations};
}

Result<std::string> ModalProvider::build(const process::CancelToken& cancel,
                                         const OutputHandler& progress) {
    if (given_) return given_image(cancel);
    if (config_.checkpoint.present) {
        CheckpointView view(config_, script_, cancel, progress);
        return CheckpointBuild(shared_->bridge, view, wanted_, cancel, progress).image();
    }
    auto answer = shared_->bridge.ask({.op = "prepare",
                                       .fields = wanted_,
                                       .deadline = steady_now() + kPrepareLimit,
                                       .cancel = cancel},
                                      progress);
    OFFLOAD_TRY(const auto fields, to_result(std::move(answer), "preparing the image"));
    return fields.value("image_id", "");
}

Result<> ModalProvider::prepare(const process::CancelToken& cancel, const OutputHandler& progress) {
    OFFLOAD_TRY(auto image, build(cancel, progress));
    const std::scoped_lock lock(mutex_);
    image_ = std::move(image);
    return {};
}

Result<std::string> ModalProvider::given_image(const process::CancelToken& cancel) {
    const auto& image = *given_;
    auto answer = shared_->bridge.ask({.op = "look",
                                       .fields = {{"image_id", image}},
                                       .deadline = steady_now() + kLookLimit,
                                       .cancel = cancel});
    OFFLOAD_TRY(const auto fields, to_result(std::move(answer), "looking for the image"));
    if (fields.value("exists", false)) return image;
    return fail(Error{.message = fmt::format("Modal knows no image {}", image),
                      .place = "--override-image-id",
                      .hint = "`offload build` makes one and prints its ID",
                      .kind = ErrorKind::NotFound});
}

Result<checkpoint::Facts> ModalProvider::checkpoint_facts(const std::string& remote,
                                                          const process::CancelToken& cancel,
                                                          const OutputHandler& progress) {
    if (!config_.checkpoint.present) return fail("the config has no [checkpoint]");
    CheckpointView view(config_, script_, cancel, progress);
    view.fetch(remote);
    view.count();
    if (cancel.cancelled()) return fail(Error{"it was cancelled"}.with_kind(ErrorKind::Cancelled));
    return view.facts();
}

std::string ModalProvider::image() const {
    const std::scoped_lock lock(mutex_);
    return image_;
}

Result<> ModalProvider::replace_image(const std::string& vanished,
                                      const process::CancelToken& cancel) {
    const std::scoped_lock one_at_a_time(rebuilding_);
    if (image() != vanished) return {};
    if (given_ || std::exchange(rebuilt_, true)) {
        return fail(fmt::format("the image {} has vanished{}", vanished, given_ ? "" : ", too"));
    }
    OFFLOAD_TRY(auto image, build(cancel, {}));
    const std::scoped_lock lock(mutex_);
    image_ = std::move(image);
    return {};
}

Result<std::unique_ptr<Sandbox>> ModalProvider::create(const SandboxSpec& spec,
                                                       const process::CancelToken& cancel) {
    if (cancel.cancelled()) return fail("the creation of a sandbox was cancelled");
    const auto ask = [&](const std::string& image_id) {
        auto fields = options_;
        fields["image_id"] = image_id;
        fields["tags"] = tags_of(spec.run_id, spec.number);
        return shared_->bridge.ask({.op = "create",
                                    .fields = std::move(fields),
                                    .deadline = steady_now() + kCreateLimit,
                                    .cancel = cancel,
                                    .last_chance = kLastChance});
    };
    const auto used = image();
    auto answer = ask(used);
    if (is_gone(answer)) {
        OFFLOAD_CHECK(replace_image(used, cancel));
        answer = ask(image());
    }
    OFFLOAD_TRY(const auto fields, to_result(std::move(answer), "creating a sandbox"));
    return std::make_unique<ModalSandbox>(shared_, spec, fields.value("sandbox_id", ""));
}

std::unique_ptr<Sandbox> ModalProvider::place_in(const std::string& id, const SandboxSpec& spec) {
    return std::make_unique<ModalSandbox>(shared_, spec, id);
}

Result<> ModalProvider::destroy_by_id(const std::string& id, SteadyTime deadline) {
    return destroy_modal_sandbox(shared_->bridge, id, deadline);
}

Result<std::string> ModalProvider::unfinished_creation(const std::string& run_id,
                                                       SandboxNumber number, SteadyTime deadline) {
    auto answer = shared_->bridge.ask(
        {.op = "find", .fields = {{"tags", tags_of(run_id, number)}}, .deadline = deadline});
    OFFLOAD_TRY(const auto fields, to_result(std::move(answer), "looking for a sandbox"));
    const auto found = fields.value("sandbox_ids", std::vector<std::string>{});
    return found.empty() ? std::string() : found.front();
}

Result<> use_image(config::Config& config, const std::string& image_id) {
    const auto* modal = dynamic_cast<const ModalOptions*>(config.provider.options.get());
    if (modal == nullptr) {
        return fail(Error{.message = fmt::format("type = \"{}\" takes no image by its ID, only "
                                                 "type = \"modal\" does",
                                                 config.provider.type),
                          .place = "--override-image-id",
                          .hint = "leave it out: the config says what the sandboxes are made of"});
    }
    auto options = std::make_shared<ModalOptions>(*modal);
    options->image = image_id;
    config.provider.options = std::move(options);
    return {};
}

}  // namespace offload::provider

#include "cargo/cargo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cargo/archive.hpp"
#include "cargo/discovery.hpp"
#include "cargo/nextest_args.hpp"
#include "cargo/nextest_reader.hpp"
#include "cargo/nextest_setup.hpp"
#include "cargo/nextest_shell.hpp"
#include "cargo/worker.hpp"
#include "offload/base/shell.hpp"

namespace offload::framework {
namespace {

using nextest::append;
using nextest::Build;

// Names that no project is likely to use for its own.
constexpr std::string_view kProfile = "offload-batch";
constexpr std::string_view kTool = "offload";

// What we need: default-filter in overrides (0.9.84), profiles that inherit (0.9.115).
constexpr std::string_view kOldestNextest = "0.9.84";
constexpr std::string_view kOldestInheriting = "0.9.115";

const Build* build_of(const BatchRequest& request) {
    return dynamic_cast<const Build*>(request.carry.get());
}

std::string junit_path(const RunContext& context) {
    return fmt::format("{}/{}.xml", context.folder, context.label);
}

// Whether the user's arguments leave it to nextest's configuration file how tests run.
bool says_all_in_its_file(const nextest::Arguments& arguments) {
    return arguments.config.empty() && arguments.reuse.empty() && !arguments.target;
}

Error cannot_ship() {
    return {.message =
                "the archive goes to sandboxes through the standard input of exec_command, "
                "and this one is not said to pass it on",
            .place = "[framework] archive",
            .hint = "exec_stdin = true in [provider], where it does (`docker exec -i`, `ssh`)"};
}

// Our profile, and nothing else: text that may also stand at the end of the user's own file.
std::string profile_text(const BatchRequest& request, std::string_view inherited) {
    std::vector<std::string_view> ids;
    for (const auto* test : request.tests) ids.push_back(test->id);
    std::string text = fmt::format("[profile.{}]\n", kProfile);
    if (!inherited.empty()) text += fmt::format("inherits = {}\n", nextest::toml_string(inherited));
    text += fmt::format("[profile.{}.junit]\npath = {}\n", kProfile,
                        nextest::toml_string(junit_path(request.context)));
    text += "store-success-output = false\nstore-failure-output = true\n";
    // In an override, because those of the user's default profile would win over the profile's own.
    text += fmt::format("[[profile.{}.overrides]]\nplatform = \"cfg(all())\"\n", kProfile);
    text += fmt::format("default-filter = {}\n", nextest::toml_string(nextest::filterset(ids)));
    return text;
}

std::string version_text(std::string_view oldest) {
    return fmt::format("nextest-version = {{ required = \"{}\" }}\n", oldest);
}

// The configuration as discovery found it, where it has setup scripts: in batches of one folder
// each of them runs once.
std::optional<std::string> config_with_setup_once(const RunContext& context, const Build* build,
                                                  BatchCommand& batch) {
    if (build == nullptr) return std::nullopt;
    const auto program = fmt::format("{}/{}.setup.sh", context.folder, context.label);
    const auto& place = context.same_machine ? build->folder : context.folder;
    auto config =
        nextest::with_setup_once(build->config, program, fmt::format("{}/nextest-setup-", place));
    if (config) batch.files.push_back({program, std::string(nextest::once_program())});
    return config;
}

// A profile that inherits from one of the user's must stand in the same file as that one; so the
// batch makes a file of both. Appends to batch.command.
void merge_configs(const RunContext& context, const nextest::Arguments& arguments,
                   std::string profile, BatchCommand& batch) {
    const auto base = fmt::format("{}/{}", context.folder, context.label);
    batch.files.push_back({base + ".profile.toml", std::move(profile)});
    batch.command += nextest::find_config(arguments) + " || exit\n";
    batch.command +=
        fmt::format("{{ cat -- \"$offload_config\" && echo && cat -- {}; }} > {} || exit\n",
                    shell::quote(base + ".profile.toml"), shell::quote(base + ".merged.toml"));
}

}  // namespace

CargoFramework::CargoFramework(const config::Config& config)
    : settings_(config.framework.as<CargoOptions>()),
      groups_(config.groups),
      id_format_(config.framework.test_id_format),
      runs_in_workers_(config.framework.worker == config::WorkerMode::Auto) {
    if (id_format_.empty()) id_format_ = "{classname} {name}";
}

std::vector<std::string> CargoFramework::listing_words(const config::Group& group) const {
    std::vector<std::string> words;
    if (settings_.package) append(words, {"--package", *settings_.package});
    if (settings_.features) append(words, {"--features", *settings_.features});
    if (settings_.bin) append(words, {"--bin", *settings_.bin});
    const auto filters = nextest::sort_arguments(group.filter_words);
    if (settings_.include_ignored && filters && !filters->chooses_ignored) {
        append(words, {"--run-ignored", "only"});
    }
    append(words, group.filter_words);
    return words;
}

std::string CargoFramework::archive_name(const nextest::Arguments& arguments) const {
    const auto words = nextest::archived_words(arguments);
    const auto same = std::ranges::find_if(groups_, [&](const auto& group) {
        const auto other = nextest::sort_arguments(listing_words(group));
        return other && nextest::archived_words(*other) == words;
    });
    return fmt::format("archive-{}", same - groups_.begin());
}

Result<nextest::Listing> CargoFramework::listing_of(const DiscoveryRequest& request) const {
    auto words = listing_words(request.group);
    auto sorted = nextest::sort_arguments(words);
    if (!sorted) {
        auto error = std::move(sorted).error();
        return fail(
            std::move(error).with_place(fmt::format("[groups.{}] filters", request.group.name)));
    }
    const bool is_here = request.destination == Destination::Here;
    nextest::Listing listing;
    listing.words = std::move(words);
    listing.arguments = *std::move(sorted);
    listing.for_workers = runs_in_workers_ && is_here && says_all_in_its_file(listing.arguments);
    if (settings_.archive && !is_here && listing.arguments.reuse.empty()) {
        if (request.destination == Destination::Closed) return fail(cannot_ship());
        listing.archive_name = archive_name(listing.arguments);
    }
    return listing;
}

Result<DiscoveryCommand> CargoFramework::discovery(const DiscoveryRequest& request) const {
    OFFLOAD_TRY(const auto listing, listing_of(request));
    return nextest::discovery_command(listing, request.context);
}

Result<Discovered> CargoFramework::read_discovery(const DiscoveryRequest& request,
                                                  const Ended& ended, std::string_view out,
                                                  std::string_view err) const {
    OFFLOAD_TRY(const auto listing, listing_of(request));
    return nextest::read_listing(listing, request, ended, out, err);
}

Result<BatchCommand> CargoFramework::batch(const BatchRequest& request) const {
    const auto& context = request.context;
    OFFLOAD_TRY(const auto arguments, nextest::sort_arguments(listing_words(request.group)));
    const auto* build = build_of(request);
    const auto base = fmt::format("{}/{}", context.folder, context.label);

    BatchCommand batch;
    batch.result_file = junit_path(context);
    batch.env.emplace_back("NEXTEST_EXPERIMENTAL_LIBTEST_JSON", "1");
    // Where the sandbox's exec gives it a terminal, a bar would be drawn into the stream.
    batch.env.emplace_back("NEXTEST_HIDE_PROGRESS_BAR", "1");

    auto inherited = arguments.profile.value_or(build != nullptr ? build->profile : "");
    if (inherited == "default") inherited.clear();
    const bool unpacks = build != nullptr && build->archive;
    std::vector<std::string> words = {"cargo", "nextest"};
    if (unpacks) words = {std::string(nextest::kUnpackedNextest)};
    append(words, {"run", "--color", "never"});
    append(words, {"--profile", std::string(kProfile)});
    append(words, {"--tool-config-file", fmt::format("{}:{}.tool.toml", kTool, base)});
    auto config = config_with_setup_once(context, build, batch);
    // Where there may be no cargo that says where the file is.
    if (!config && unpacks && !inherited.empty()) config = build->config + "\n";
    if (inherited.empty()) {
        batch.files.push_back(
            {base + ".tool.toml", version_text(kOldestNextest) + profile_text(request, "")});
        if (config) {
            batch.files.push_back({base + ".config.toml", *config});
            append(words, {"--config-file", base + ".config.toml"});
        } else if (arguments.config_file) {
            append(words, {"--config-file", *arguments.config_file});
        }
    } else if (config) {
        batch.files.push_back({base + ".tool.toml", version_text(kOldestInheriting)});
        batch.files.push_back({base + ".merged.toml", *config + profile_text(request, inherited)});
        append(words, {"--config-file", base + ".merged.toml"});
    } else {
        batch.files.push_back({base + ".tool.toml", version_text(kOldestInheriting)});
        merge_configs(context, arguments, profile_text(request, inherited), batch);
        append(words, {"--config-file", base + ".merged.toml"});
    }
    append(words, arguments.config);

    // Which tests run is settled; whether one is marked as ignored does not matter any more.
    append(words, {"--run-ignored", "all", "--retries", "0"});
    append(words, {context.fail_fast ? "--fail-fast" : "--no-fail-fast"});
    append(words, {"--no-tests", "fail"});
    // What tests print never comes where the reader looks for nextest's own words. Options win over
    // all that configurations and the environment say.
    append(words, {"--success-output", "never", "--failure-output", "never"});
    append(words, {"--status-level", "pass", "--final-status-level", "none"});
    // Here the sandboxes are the parallelism, or the workers in one; elsewhere it may have more
    // cores than we know.
    if (context.same_machine || !context.sandbox_folder.empty()) {
        append(words, {"--test-threads", "1"});
    }

    if (!arguments.reuse.empty()) {
        append(words, arguments.reuse);
        batch.command += "set --\n";
    } else if (build == nullptr) {
        append(words, arguments.build);
        batch.command += "set --\n";
    } else if (build->archive) {
        const auto& name = build->archive_name;
        batch.shipped.push_back({nextest::archive_path(build->folder, name),
                                 nextest::archive_path(context.folder, name)});
        batch.command += nextest::unpack_once(arguments, fmt::format("{}/{}", context.folder, name),
                                              build->archive->workspace);
    } else if (context.same_machine) {
        batch.files.push_back({base + ".binaries.json", build->binaries_metadata});
        append(words, {"--binaries-metadata", base + ".binaries.json"});
        batch.command += fmt::format("set --\n[ ! -s {0} ] || set -- --cargo-metadata {0}\n",
                                     shell::quote(build->cargo_metadata_path));
    } else {
        batch.command +=
            nextest::build_once(arguments, fmt::format("{}/{}", context.folder, build->label));
    }
    batch.command += nextest::run_text(words);
    return batch;
}

std::unique_ptr<BatchReader> CargoFramework::reader(const BatchRequest& request) const {
    std::vector<std::string> ids;
    for (const auto* test : request.tests) ids.push_back(test->id);
    const auto* build = build_of(request);
    return std::make_unique<nextest::Reader>(
        nextest::Reader::Options{.ids = std::move(ids),
                                 .format = id_format_,
                                 .path = junit_path(request.context),
                                 .names = build != nullptr ? &build->stream_names : nullptr});
}

bool CargoFramework::has_worker(const std::shared_ptr<const Carry>& carry) const {
    const auto* build = dynamic_cast<const Build*>(carry.get());
    return build != nullptr && build->binaries;
}

Result<BatchCommand> CargoFramework::worker(const BatchRequest& request,
                                            std::chrono::seconds /*test_limit*/) const {
    const auto& context = request.context;
    const auto script = fmt::format("{}/{}.worker.sh", context.folder, context.label);
    BatchCommand command;
    command.files.push_back(
        {script, nextest::worker_script(*build_of(request)->binaries, context)});
    command.command = fmt::format("exec sh {}", shell::quote(script));
    return command;
}

std::unique_ptr<WorkerTalk> CargoFramework::worker_talk(const BatchRequest& request) const {
    return nextest::talk_to_worker(*build_of(request)->binaries, request.context);
}

}  // namespace offload::framework

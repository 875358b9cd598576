#include "cargo/cargo.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cargo/archive.hpp"
#include "cargo/binaries.hpp"
#include "cargo/nextest_args.hpp"
#include "cargo/nextest_reader.hpp"
#include "cargo/nextest_setup.hpp"
#include "cargo/nextest_shell.hpp"
#include "cargo/worker.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

using nextest::append;
using nlohmann::json;

// Names that no project is likely to use for its own.
constexpr std::string_view kProfile = "offload-batch";
constexpr std::string_view kTool = "offload";

// What we need: default-filter in overrides (0.9.84), profiles that inherit (0.9.115).
constexpr std::string_view kOldestNextest = "0.9.84";
constexpr std::string_view kOldestInheriting = "0.9.115";

constexpr std::string_view kInstallHint =
    "install it with `cargo install --locked cargo-nextest`, or see https://nexte.st";
constexpr std::size_t kShownLines = 60;
constexpr std::string_view kEachByNextest =
    "tests run in batches, each under a nextest of its own: {}";

// What discovery hands to the batches of its group.
struct Build final : Carry {
    std::string label;                // of discovery, unique among the run's groups
    std::string cargo_metadata_path;  // written by the discovery command, if cargo could tell
    std::string binaries_metadata;    // JSON for --binaries-metadata
    nextest::StreamNames stream_names;
    std::string profile;  // $NEXTEST_PROFILE where discovery ran; empty when not set
    std::string config;   // what nextest's configuration file says there
    std::string folder;   // where discovery left more; it stands as long as the run
    std::optional<nextest::Archive> archive;  // of the build, in there
    std::string archive_name;
    std::optional<nextest::Binaries> binaries;  // that a worker can start
};

const Build* build_of(const BatchRequest& request) {
    return dynamic_cast<const Build*>(request.carry.get());
}

// Where discovery leaves what batches go on with.
const std::string& lasting_folder(const RunContext& context) {
    const bool outlives = context.same_machine && !context.run_folder.empty();
    return outlives ? context.run_folder : context.folder;
}
std::string metadata_path(const RunContext& context) {
    return fmt::format("{}/{}.cargo-metadata.json", lasting_folder(context), context.label);
}
std::string junit_path(const RunContext& context) {
    return fmt::format("{}/{}.xml", context.folder, context.label);
}

// `more`: shell text behind the subcommand.
std::string list_command(const std::vector<std::string>& words, std::string_view more = "") {
    std::vector<std::string> options = {"--message-format", "json"};
    append(options, words);
    return fmt::format("cargo nextest list{} {}", more, shell::join(options));
}

std::string environments_path(const RunContext& context) {
    return fmt::format("{}/{}.environments", context.folder, context.label);
}
std::string keeping_path(const RunContext& context) {
    return fmt::format("{}/{}.keep.sh", context.folder, context.label);
}

std::string archive_path(const std::string& folder, const std::string& name) {
    return fmt::format("{}/{}.tar.zst", folder, name);
}

// The trailer line that the discovery command prints after the listing.
std::string trailer_start(const RunContext& context) {
    return fmt::format("offload-{} ", context.nonce);
}

Error listing_error(const config::Group& group, const std::string& command, const Ended& ended,
                    std::string_view out, std::string_view err) {
    if (err.find("no such command: `nextest`") != std::string_view::npos) {
        return {"cargo has no `nextest` command: cargo-nextest is not installed", command,
                std::string(kInstallHint)};
    }
    if (ended.exit_status == shell::kNotFound) {
        return {"cargo was not found", command, "install Rust and cargo, or put them on PATH"};
    }
    auto message = fmt::format("discovery of group \"{}\" failed: {}", group.name, ended.how);
    if (const auto tail = text::last_lines(err.empty() ? out : err, kShownLines); !tail.empty()) {
        message += ":\n" + text::to_valid_utf8(tail);
    }
    return {std::move(message), command};
}

// The metadata of the binaries alone, as `--list-type binaries-only` would print it.
std::string binaries_metadata(const json& listing) {
    json binaries = json::object();
    for (const auto& [id, suite] : listing.at("rust-suites").items()) {
        json binary = json::object();
        for (const char* key :
             {"binary-id", "binary-name", "package-id", "kind", "binary-path", "build-platform"}) {
            if (suite.contains(key)) binary[key] = suite.at(key);
        }
        binaries[id] = std::move(binary);
    }
    return json{{"rust-build-meta", listing.at("rust-build-meta")},
                {"rust-binaries", std::move(binaries)}}
        .dump();
}

// Throws json::exception when the listing is not what nextest writes.
void take_listing(const json& listing, Discovered& discovered, Build& build) {
    for (const auto& [binary_id, suite] : listing.at("rust-suites").items()) {
        auto stream_name = fmt::format("{}::{}", suite.at("package-name").get<std::string>(),
                                       suite.at("binary-name").get<std::string>());
        build.stream_names[std::move(stream_name)].push_back(binary_id);
        for (const auto& [name, test] : suite.at("testcases").items()) {
            if (test.at("filter-match").at("status") != "matches") continue;
            // Tests of one binary share its start-up costs: nextest lists it once a batch.
            discovered.tests.push_back({.id = binary_id + " " + name, .file = binary_id});
        }
    }
    build.binaries_metadata = binaries_metadata(listing);
}

// Why there can be none; nothing where there can. Throws as take_listing() does.
std::optional<std::string> prepare_workers(const json& listing,
                                           const nextest::Environments& environments,
                                           Build& build) {
    if (environments.empty()) {
        return "cargo has a runner of its own, or this system shows no environments";
    }
    if (auto reason = nextest::needs_nextest(build.config)) return reason;
    build.binaries = nextest::binaries_of(listing, environments);
    if (build.binaries) return std::nullopt;
    return "a test's name has tabs or line ends in it, or nextest did not start its binary";
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

bool CargoFramework::archives(const DiscoveryRequest& request,
                              const nextest::Arguments& arguments) const {
    return settings_.archive && request.destination != Destination::Here && arguments.reuse.empty();
}

std::string CargoFramework::archive_name(const nextest::Arguments& arguments) const {
    const auto words = nextest::archived_words(arguments);
    const auto same = std::ranges::find_if(groups_, [&](const auto& group) {
        const auto other = nextest::sort_arguments(listing_words(group));
        return other && nextest::archived_words(*other) == words;
    });
    return fmt::format("archive-{}", same - groups_.begin());
}

Result<DiscoveryCommand> CargoFramework::discovery(const DiscoveryRequest& request) const {
    const auto& group = request.group;
    const auto& context = request.context;
    const auto words = listing_words(group);
    const auto sorted = nextest::sort_arguments(words);
    if (!sorted) {
        auto error = sorted.error();
        return fail(std::move(error).with_place(fmt::format("[groups.{}] filters", group.name)));
    }
    DiscoveryCommand discovery;
    discovery.shown = list_command(words);
    const bool keeps = runs_in_workers_ && request.destination == Destination::Here &&
                       says_all_in_its_file(*sorted);
    if (keeps) {
        discovery.files.push_back({keeping_path(context), std::string(nextest::keeping_program())});
        discovery.command =
            nextest::keep_environments(environments_path(context), keeping_path(context)) +
            list_command(words, " \"$@\"") + " || exit\n";
    } else {
        discovery.command = discovery.shown + " || exit\n";
    }
    if (sorted->reuse.empty()) {
        discovery.command +=
            nextest::metadata_command(*sorted, shell::quote(metadata_path(context)));
    }
    discovery.command += fmt::format(
        "printf '\\n%s%s\\n' {} \"${{NEXTEST_PROFILE-}}\"\n"
        "{{ {} && cat -- \"$offload_config\"; }} 2>/dev/null || :\n",
        shell::quote(trailer_start(context)), nextest::find_config(*sorted));
    if (keeps) {
        discovery.command +=
            fmt::format("printf '\\n%s\\n' {}\n{}", shell::quote(trailer_start(context)),
                        nextest::print_environments(environments_path(context)));
    }
    if (archives(request, *sorted)) {
        if (request.destination == Destination::Closed) return fail(cannot_ship());
        const auto path = archive_path(lasting_folder(context), archive_name(*sorted));
        discovery.command +=
            fmt::format("printf '\\n%s\\n' {}\n{}", shell::quote(trailer_start(context)),
                        nextest::archive_command(*sorted, path));
    }
    return discovery;
}

Result<Discovered> CargoFramework::read_discovery(const DiscoveryRequest& request,
                                                  const Ended& ended, std::string_view out,
                                                  std::string_view err) const {
    const auto& group = request.group;
    const auto& context = request.context;
    const auto words = listing_words(group);
    const auto command = list_command(words);
    OFFLOAD_TRY(const auto arguments, nextest::sort_arguments(words));
    if (ended.exit_status != 0) return fail(listing_error(group, command, ended, out, err));

    auto build = std::make_shared<Build>();
    Discovered discovered;
    const auto mark = "\n" + trailer_start(context);
    const auto trailer = out.find(mark);
    std::optional<std::string_view> more;  // what else was asked for
    if (trailer != std::string_view::npos) {
        auto rest = out.substr(trailer + mark.size());
        if (const auto at = rest.find(mark); at != std::string_view::npos) {
            more = rest.substr(at + mark.size() + 1);
            rest = rest.substr(0, at);
        }
        const auto end = std::min(rest.find('\n'), rest.size());
        build->profile = text::trim(rest.substr(0, end));
        build->config = rest.substr(end);
    }
    auto listing_text = out.substr(0, trailer);
    listing_text.remove_prefix(std::min(listing_text.find('{'), listing_text.size()));
    try {
        const auto listing = json::parse(listing_text);
        take_listing(listing, discovered, *build);
        if (archives(request, arguments)) {
            build->archive = nextest::read_archive(more.value_or(""));
            if (!build->archive) {
                return fail(
                    Error{fmt::format("discovery of group \"{}\" does not tell of its archive",
                                      group.name),
                          command});
            }
            build->archive_name = archive_name(arguments);
            discovered.details.push_back(
                fmt::format("each sandbox gets the build as an archive of {:.1f} MB",
                            static_cast<double>(build->archive->bytes) / 1e6));
        } else if (more && !discovered.tests.empty()) {
            const auto reason = prepare_workers(listing, nextest::read_environments(*more), *build);
            if (reason) discovered.details.push_back(fmt::format(kEachByNextest, *reason));
        }
    } catch (const json::exception& error) {
        return fail(
            Error{fmt::format(
                      "discovery of group \"{}\" printed no test list of cargo-nextest ({}):\n{}",
                      group.name, error.what(),
                      text::to_valid_utf8(text::shorten(text::last_lines(out, kShownLines), 2000))),
                  command});
    }
    build->label = context.label;
    build->folder = lasting_folder(context);
    build->cargo_metadata_path = metadata_path(context);
    discovered.carry = std::move(build);
    return discovered;
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
        batch.shipped.push_back(
            {archive_path(build->folder, name), archive_path(context.folder, name)});
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

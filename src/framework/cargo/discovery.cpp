#include "cargo/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cargo/nextest_shell.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework::nextest {
namespace {

using nlohmann::json;

constexpr std::string_view kInstallHint =
    "install it with `cargo install --locked cargo-nextest`, or see https://nexte.st";
constexpr std::size_t kShownLines = 60;
constexpr std::string_view kEachByNextest =
    "tests run in batches, each under a nextest of its own: {}";

// Where discovery leaves what batches go on with.
const std::string& lasting_folder(const RunContext& context) {
    const bool outlives = context.same_machine && !context.run_folder.empty();
    return outlives ? context.run_folder : context.folder;
}
std::string metadata_path(const RunContext& context) {
    return fmt::format("{}/{}.cargo-metadata.json", lasting_folder(context), context.label);
}
std::string environments_path(const RunContext& context) {
    return fmt::format("{}/{}.environments", context.folder, context.label);
}
std::string keeping_path(const RunContext& context) {
    return fmt::format("{}/{}.keep.sh", context.folder, context.label);
}

// `more`: shell text behind the subcommand.
std::string list_command(const std::vector<std::string>& words, std::string_view more = "") {
    std::vector<std::string> options = {"--message-format", "json"};
    append(options, words);
    return fmt::format("cargo nextest list{} {}", more, shell::join(options));
}

// A line that the discovery command prints before each part of its trailer, behind the listing:
// the configuration, then what Listing asks for.
std::string trailer_start(const RunContext& context) {
    return fmt::format("offload-{} ", context.nonce);
}
std::string print_trailer_start(const RunContext& context) {
    return fmt::format("printf '\\n%s\\n' {}\n", shell::quote(trailer_start(context)));
}

struct Parts {
    std::string_view listing;
    std::string_view profile;
    std::string_view config;
    std::string_view more;  // what else was asked for
};
Parts parts_of(std::string_view out, const RunContext& context) {
    const auto mark = "\n" + trailer_start(context);
    Parts parts;
    const auto trailer = out.find(mark);
    parts.listing = out.substr(0, trailer);
    parts.listing.remove_prefix(std::min(parts.listing.find('{'), parts.listing.size()));
    if (trailer == std::string_view::npos) return parts;
    auto rest = out.substr(trailer + mark.size());
    if (const auto at = rest.find(mark); at != std::string_view::npos) {
        parts.more = rest.substr(at + mark.size() + 1);
        rest = rest.substr(0, at);
    }
    const auto end = std::min(rest.find('\n'), rest.size());
    parts.profile = text::trim(rest.substr(0, end));
    parts.config = rest.substr(end);
    return parts;
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
void take_suites(const json& listing, Discovered& discovered, Build& build) {
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

// Why there can be none; nothing where there can. Throws as take_suites() does.
std::optional<std::string> prepare_workers(const json& listing, const Environments& environments,
                                           Build& build) {
    if (environments.empty()) {
        return "cargo has a runner of its own, or this system shows no environments";
    }
    if (auto reason = needs_nextest(build.config)) return reason;
    build.binaries = binaries_of(listing, environments);
    if (build.binaries) return std::nullopt;
    return "a test's name has tabs or line ends in it, or nextest did not start its binary";
}

}  // namespace

DiscoveryCommand discovery_command(const Listing& listing, const RunContext& context) {
    const auto& arguments = listing.arguments;
    DiscoveryCommand discovery;
    discovery.shown = list_command(listing.words);
    if (listing.for_workers) {
        discovery.files.push_back({keeping_path(context), std::string(keeping_program())});
        discovery.command = keep_environments(environments_path(context), keeping_path(context)) +
                            list_command(listing.words, " \"$@\"");
    } else {
        discovery.command = discovery.shown;
    }
    discovery.command += " || exit\n";
    if (arguments.reuse.empty()) {
        discovery.command += metadata_command(arguments, shell::quote(metadata_path(context)));
    }
    discovery.command += fmt::format(
        "printf '\\n%s%s\\n' {} \"${{NEXTEST_PROFILE-}}\"\n"
        "{{ {} && cat -- \"$offload_config\"; }} 2>/dev/null || :\n",
        shell::quote(trailer_start(context)), find_config(arguments));
    if (listing.for_workers) {
        discovery.command +=
            print_trailer_start(context) + print_environments(environments_path(context));
    }
    if (listing.archive_name) {
        const auto path = archive_path(lasting_folder(context), *listing.archive_name);
        discovery.command += print_trailer_start(context) + archive_command(arguments, path);
    }
    return discovery;
}

Result<Discovered> read_listing(const Listing& listing, const DiscoveryRequest& request,
                                const Ended& ended, std::string_view out, std::string_view err) {
    const auto& group = request.group;
    const auto& context = request.context;
    const auto command = list_command(listing.words);
    if (ended.exit_status != 0) return fail(listing_error(group, command, ended, out, err));

    const auto parts = parts_of(out, context);
    auto build = std::make_shared<Build>();
    build->label = context.label;
    build->folder = lasting_folder(context);
    build->cargo_metadata_path = metadata_path(context);
    build->profile = parts.profile;
    build->config = parts.config;
    Discovered discovered;
    try {
        const auto suites = json::parse(parts.listing);
        take_suites(suites, discovered, *build);
        if (listing.for_workers && !discovered.tests.empty()) {
            const auto reason = prepare_workers(suites, read_environments(parts.more), *build);
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
    if (listing.archive_name) {
        build->archive = read_archive(parts.more);
        if (!build->archive) {
            return fail(Error{
                fmt::format("discovery of group \"{}\" does not tell of its archive", group.name),
                command});
        }
        build->archive_name = *listing.archive_name;
        discovered.details.push_back(
            fmt::format("each sandbox gets the build as an archive of {:.1f} MB",
                        static_cast<double>(build->archive->bytes) / 1e6));
    }
    discovered.carry = std::move(build);
    return discovered;
}

}  // namespace offload::framework::nextest

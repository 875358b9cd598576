#include "command/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <unordered_set>

#include "ended_commands.hpp"
#include "junit_reader.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework {
namespace {

constexpr std::string_view kFilters = "{filters}";
constexpr std::string_view kTests = "{tests}";
constexpr std::string_view kResultFile = "{result_file}";

struct Substitution {
    std::string_view placeholder;
    std::string_view value;
};

// In one pass: what a value brings with it is never looked at again, so that a test called
// "{result_file}" stays what it is.
std::string substitute(std::string_view text, std::initializer_list<Substitution> substitutions) {
    std::string result;
    while (!text.empty()) {
        const auto found = std::find_if(
            substitutions.begin(), substitutions.end(),
            [&](const Substitution& candidate) { return text.starts_with(candidate.placeholder); });
        if (found != substitutions.end()) {
            result += found->value;
            text.remove_prefix(found->placeholder.size());
            continue;
        }
        const auto next = text.find('{', 1);
        result += text.substr(0, next);
        text.remove_prefix(std::min(next, text.size()));
    }
    return result;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + part.size())) {
        ++count;
    }
    return count;
}

std::string shown_command(const CommandOptions& settings, const config::Group& group) {
    return std::string(
        text::trim(substitute(settings.discover_command, {{kFilters, group.filters}})));
}

Error discovery_error(std::string message, std::string command, std::string_view output) {
    if (const auto tail = text::last_lines(output, kShownOutputLines); !tail.empty()) {
        message += ":\n" + text::to_valid_utf8(tail);
    }
    return Error{std::move(message), std::move(command)};
}

// Why a line cannot be a test ID; empty when it can.
std::string_view trouble_with(std::string_view line) {
    if (line.find('\0') != std::string_view::npos) return "holds NUL bytes: this is no text";
    if (line.find('\x1b') != std::string_view::npos) {
        return "holds terminal escape sequences (colours?)";
    }
    const auto is_control = [](char byte) {
        const auto value = static_cast<unsigned char>(byte);
        return (value < 0x20 && byte != '\t') || value == 0x7f;
    };
    if (std::any_of(line.begin(), line.end(), is_control)) return "holds control characters";
    if (text::to_valid_utf8(line) != line) return "is not valid UTF-8";
    return {};
}

}  // namespace

CommandFramework::CommandFramework(const config::Config& config)
    : settings_(config.framework.as<CommandOptions>()),
      id_format_(config.framework.test_id_format),
      one_test_a_batch_(!config.groups.empty() &&
                        std::ranges::all_of(config.groups, &config::Group::schedule_individual)) {}

VerdictSource CommandFramework::verdict_source() const {
    return settings_.reads_junit() ? VerdictSource::PerTest : VerdictSource::PerBatch;
}

std::vector<std::string> CommandFramework::warnings() const {
    std::vector<std::string> warnings;
    if (verdict_source() == VerdictSource::PerBatch && !one_test_a_batch_) {
        warnings.emplace_back(
            "run_command leaves no result file: the exit status of a batch decides all its tests, "
            "a batch is retried as a whole, and flaky tests cannot be told; let it write JUnit XML "
            "to {result_file}, or give each test a batch of its own: schedule_individual = true in "
            "its group");
    }
    if (occurrences(settings_.run_command, kTests) == 0) {
        warnings.emplace_back(
            "run_command does not mention {tests}: every batch runs whatever the command runs");
    }
    return warnings;
}

Result<DiscoveryCommand> CommandFramework::discovery(const DiscoveryRequest& request) const {
    const auto& filters = request.group.filters;
    return DiscoveryCommand{
        .command = substitute(settings_.discover_command, {{kFilters, filters}}),
        .env = {},
        .files = {},
        .shown = shown_command(settings_, request.group)};
}

Result<Discovered> CommandFramework::read_discovery(const DiscoveryRequest& request,
                                                    const Ended& ended, std::string_view out,
                                                    std::string_view err) const {
    const auto& group = request.group;
    const auto command = shown_command(settings_, group);
    // `… | grep '::'` that matched nothing.
    if (ended.exit_status == 1 && out.empty() && err.empty()) return Discovered{};
    if (ended.exit_status != 0) {
        auto message = fmt::format("discovery of group \"{}\" failed: {}", group.name, ended.how);
        return fail(discovery_error(std::move(message), command, err.empty() ? out : err)
                        .with_hint(ended.exit_status == shell::kNotFound
                                       ? "install that program, or correct discover_command"
                                       : "run the command by hand to see what is wrong with it"));
    }
    Discovered discovered;
    std::unordered_set<std::string_view> seen;
    std::vector<std::string_view> repeated;
    std::size_t number = 0;
    for (const auto line : text::lines(out)) {
        ++number;
        const auto id = text::trim(line);
        if (id.empty() || id.starts_with('#')) continue;
        if (const auto trouble = trouble_with(id); !trouble.empty()) {
            return fail(
                Error{fmt::format("line {} of the discovery of group \"{}\" {}: \"{}\"", number,
                                  group.name, trouble, text::shorten(text::to_valid_utf8(id), 80)),
                      command,
                      "discover_command prints one test ID a line, and nothing else, on stdout"});
        }
        if (seen.insert(id).second) {
            discovered.tests.push_back({.id = std::string(id), .file = {}});
        } else {
            repeated.push_back(id);
        }
    }
    if (!repeated.empty()) {
        discovered.warnings.push_back(fmt::format(
            "group \"{}\": discovery printed {} more than once (first: \"{}\"); each runs once",
            group.name, text::count(repeated.size(), "ID"), repeated.front()));
    }
    return discovered;
}

std::string CommandFramework::result_path(const RunContext& context) const {
    if (!settings_.result_file) return context.folder + "/" + context.label + ".xml";
    const std::filesystem::path configured(*settings_.result_file);
    const auto unique = fmt::format("{}-{}-{}{}", configured.stem().string(), context.label,
                                    context.nonce, configured.extension().string());
    return (configured.parent_path() / unique).string();
}

Result<BatchCommand> CommandFramework::batch(const BatchRequest& request) const {
    std::vector<std::string> ids;
    ids.reserve(request.tests.size());
    for (const auto* test : request.tests) ids.push_back(test->id);
    const auto tests = shell::join(ids);

    BatchCommand batch;
    if (!settings_.names_result_file()) {
        batch.command = substitute(settings_.run_command, {{kTests, tests}});
        batch.result_file = settings_.result_file;
        batch.shared_result_file = settings_.result_file.has_value();
        return batch;
    }
    const auto path = result_path(request.context);
    batch.result_file = path;
    if (settings_.result_file) {
        const auto parent = std::filesystem::path(path).parent_path().string();
        if (!parent.empty()) {
            batch.command = fmt::format("mkdir -p -- {} || exit\n", shell::quote(parent));
        }
    }
    batch.command +=
        substitute(settings_.run_command, {{kTests, tests}, {kResultFile, shell::quote(path)}});
    return batch;
}

std::unique_ptr<BatchReader> CommandFramework::reader(const BatchRequest& request) const {
    std::vector<std::string> ids;
    for (const auto* test : request.tests) ids.push_back(test->id);
    if (verdict_source() == VerdictSource::PerBatch) {
        return std::make_unique<ExitStatusReader>(ids.size());
    }
    return std::make_unique<JunitReader>(
        JunitReader::Options{.ids = std::move(ids),
                             .format = id_format_,
                             .path = settings_.names_result_file() ? result_path(request.context)
                                                                   : *settings_.result_file});
}

std::size_t CommandFramework::command_bytes(std::string_view id) const {
    return (shell::quote(id).size() + 1) * occurrences(settings_.run_command, kTests);
}

}  // namespace offload::framework

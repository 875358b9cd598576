#include "cargo/binaries.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cargo/nextest_args.hpp"
#include "offload/base/shell.hpp"

namespace offload::framework::nextest {
namespace {

// The environment that the listing itself is started with, among the files that are named after
// binaries.
constexpr std::string_view kBefore = ".before";

// What a listing has of its own, and what shells keep for themselves.
constexpr std::string_view kPassing[] = {"NEXTEST_TEST_PHASE", "PWD", "OLDPWD", "SHLVL", "_"};

// The settings of a profile that change what is shown, or what Offload decides itself.
constexpr std::string_view kHarmlessInProfile[] = {
    "archive",      "bench",        "default-filter",     "fail-fast",   "failure-output",
    "flaky-result", "inherits",     "final-status-level", "junit",       "max-fail",
    "retries",      "status-level", "success-output",     "test-threads"};
constexpr std::string_view kHarmlessInOverride[] = {
    "bench", "default-filter", "failure-output", "filter",  "flaky-result",
    "junit", "platform",       "priority",       "retries", "success-output"};

// `sh PROGRAM FOLDER BINARY ARGUMENT…`. A binary is listed twice, with its ignored tests and
// without.
constexpr std::string_view kKeep = R"sh(folder=$1
shift
kept=$folder/${1##*/}
[ -e "$kept" ] || { cat "/proc/$$/environ" >"$kept.$$" && mv "$kept.$$" "$kept"; }
exec "$@"
)sh";

bool stands_in(std::string_view name, const auto& names) {
    return std::ranges::find(names, name) != std::ranges::end(names);
}

using Variables = std::unordered_map<std::string_view, std::string_view>;

void take(std::string_view entry, Variables& into) {
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos)
        into.emplace(entry.substr(0, equals), entry.substr(equals + 1));
}

Binary difference(const Variables& before, const Variables& after) {
    Binary binary;
    for (const auto& [name, value] : after) {
        if (stands_in(name, kPassing)) continue;
        const auto found = before.find(name);
        if (found != before.end() && found->second == value) continue;
        const bool longer = found != before.end() && !found->second.empty() &&
                            shell::is_variable_name(name) &&
                            value.ends_with(fmt::format(":{}", found->second));
        if (longer) {
            binary.prefixes.emplace_back(name,
                                         value.substr(0, value.size() - found->second.size()));
        } else {
            binary.variables.emplace_back(name, value);
        }
    }
    std::ranges::sort(binary.variables);
    std::ranges::sort(binary.prefixes);
    return binary;
}

// Whether a test of this name can be told to a worker, in a line of words between tabs.
bool fits_in_a_line(std::string_view name) {
    return name.find_first_of("\t\r\n") == std::string_view::npos;
}

// Whether such a setting is about the report alone: a time after which a test is called slow, or
// leaky, but neither ended nor failed.
bool only_reports(std::string_view key, const toml::node& value) {
    if (key != "slow-timeout" && key != "leak-timeout") return false;
    const auto* table = value.as_table();
    return table == nullptr || (!table->contains("terminate-after") && !table->contains("result"));
}

std::optional<std::string> more_than(const toml::table& settings, const auto& harmless,
                                     std::string_view place) {
    for (const auto& [key, value] : settings) {
        if (stands_in(key.str(), harmless) || only_reports(key.str(), value)) continue;
        if (key.str() == "overrides") continue;
        return fmt::format("[{}] {} in nextest's configuration", place, key.str());
    }
    return std::nullopt;
}

std::optional<std::string> profile_needs_nextest(std::string_view name,
                                                 const toml::table& profile) {
    if (auto reason = more_than(profile, kHarmlessInProfile, fmt::format("profile.{}", name))) {
        return reason;
    }
    const auto* overrides = profile["overrides"].as_array();
    if (overrides == nullptr) return std::nullopt;
    for (const auto& one : *overrides) {
        const auto* table = one.as_table();
        if (table == nullptr) continue;
        const auto place = fmt::format("profile.{}.overrides", name);
        if (auto reason = more_than(*table, kHarmlessInOverride, place)) return reason;
    }
    return std::nullopt;
}

}  // namespace

std::string_view keeping_program() { return kKeep; }

// A runner may stand in any of the files that cargo reads, or in one that they include; whichever
// word of theirs looks like it counts.
std::string keep_environments(const std::string& folder, const std::string& program) {
    const std::vector<std::string> runner{"sh", program, folder};
    std::string list;
    for (const auto& word : runner) list += (list.empty() ? "" : ",") + toml_string(word);
    return fmt::format(
        "offload_has_runner() {{\n"
        "env | grep -q '^CARGO_TARGET_.*_RUNNER=' && return\n"
        "set -- \"${{CARGO_HOME:-$HOME/.cargo}}/config.toml\" "
        "\"${{CARGO_HOME:-$HOME/.cargo}}/config\"\n"
        "offload_at=$PWD\n"
        "while set -- \"$@\" \"$offload_at/.cargo/config.toml\" \"$offload_at/.cargo/config\" &&"
        " [ -n \"$offload_at\" ]; do offload_at=${{offload_at%/*}}; done\n"
        "grep -qsE '(^|[^a-z_-])(runner|include)([^a-z_-]|$)' \"$@\"\n"
        "}}\n"
        "set --\n"
        "if [ -r /proc/self/environ ] && ! offload_has_runner &&"
        " mkdir -p {0} && cat \"/proc/$$/environ\" > {0}/{1}; then\n"
        "set -- --config {2}\n"
        "fi\n",
        shell::quote(folder), kBefore,
        shell::quote(fmt::format("target.\"cfg(all())\".runner=[{}]", list)));
}

// An empty entry begins a section, whose name follows: no variable is empty.
std::string print_environments(const std::string& folder) {
    return fmt::format(
        "for offload_kept in {0}/{1} {0}/*; do\n"
        "[ -f \"$offload_kept\" ] && printf '\\0%s\\0' \"${{offload_kept##*/}}\" &&"
        " cat \"$offload_kept\"\n"
        "done\n:\n",
        shell::quote(folder), kBefore);
}

Environments read_environments(std::string_view printed) {
    Variables before;
    Environments found;
    std::string_view name;
    Variables variables;
    const auto end_section = [&] {
        if (name == kBefore) {
            before = std::move(variables);
        } else if (!name.empty()) {
            found.emplace(name, difference(before, variables));
        }
        variables = {};
    };
    bool named = false;
    while (!printed.empty()) {
        const auto end = std::min(printed.find('\0'), printed.size());
        const auto entry = printed.substr(0, end);
        printed.remove_prefix(std::min(end + 1, printed.size()));
        if (entry.empty()) {
            end_section();
            named = false;
        } else if (!std::exchange(named, true)) {
            name = entry;
        } else {
            take(entry, variables);
        }
    }
    end_section();
    return found;
}

std::optional<Binaries> binaries_of(const nlohmann::json& listing,
                                    const Environments& environments) {
    Binaries binaries;
    for (const auto& [id, suite] : listing.at("rust-suites").items()) {
        const auto path = suite.at("binary-path").get<std::string>();
        const auto found = environments.find(path.substr(path.rfind('/') + 1));
        auto binary = found != environments.end() ? found->second : Binary{};
        for (const auto& [name, test] : suite.at("testcases").items()) {
            if (found == environments.end() || !fits_in_a_line(name)) return std::nullopt;
            if (test.at("ignored").get<bool>()) binaries.ignored.insert(id + " " + name);
        }
        binary.path = path;
        binary.folder = suite.at("cwd").get<std::string>();
        binaries.places.emplace(id, binaries.all.size());
        binaries.all.push_back(std::move(binary));
    }
    return binaries;
}

std::optional<std::string> needs_nextest(std::string_view config) {
    toml::table root;
    try {
        root = toml::parse(config);
    } catch (const toml::parse_error&) {
        return "a configuration of nextest's that is not understood";
    }
    const auto* profiles = root["profile"].as_table();
    if (profiles == nullptr) return std::nullopt;
    for (const auto& [name, profile] : *profiles) {
        const auto* table = profile.as_table();
        if (table == nullptr) continue;
        if (auto reason = profile_needs_nextest(name.str(), *table)) return reason;
    }
    return std::nullopt;
}

}  // namespace offload::framework::nextest

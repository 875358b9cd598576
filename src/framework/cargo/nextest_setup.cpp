#include "cargo/nextest_setup.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <functional>
#include <sstream>
#include <vector>

#include "offload/base/shell.hpp"

namespace offload::framework::nextest {
namespace {

using Words = std::vector<std::string>;

// The batch that finds no lock runs the script; those beside it wait. Should that batch be ended
// with its script, the next one runs it.
constexpr std::string_view kOnce = R"sh(#!/bin/sh
state=$1
shift
until [ -e "$state.status" ]; do
    if mkdir -- "$state.lock" 2>/dev/null; then
        echo $$ >"$state.lock/owner"
        "$@"
        status=$?
        [ -z "$NEXTEST_ENV" ] || cat -- "$NEXTEST_ENV" >"$state.env"
        echo "$status" >"$state.new" && mv -- "$state.new" "$state.status"
        exit "$status"
    fi
    owner=$(cat -- "$state.lock/owner" 2>/dev/null)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null && ! [ -e "$state.status" ]; then
        rm -rf -- "$state.lock"
    else
        sleep 0.1
    fi
done
status=$(cat -- "$state.status")
[ "$status" = 0 ] || echo "It has failed with exit status $status in an earlier batch." >&2
[ -z "$NEXTEST_ENV" ] || [ ! -e "$state.env" ] || cat -- "$state.env" >>"$NEXTEST_ENV"
exit "$status"
)sh";

std::optional<Words> words_of(const toml::node& node) {
    if (const auto text = node.value<std::string>()) {
        auto split = shell::split(*text);
        return split ? std::optional(*std::move(split)) : std::nullopt;
    }
    const auto* array = node.as_array();
    if (array == nullptr) return std::nullopt;
    Words words;
    for (const auto& one : *array) {
        auto word = one.value<std::string>();
        if (!word) return std::nullopt;
        words.push_back(*std::move(word));
    }
    return words;
}

// The command of a script, as it is started in the workspace's root, where nextest starts it.
std::optional<Words> command_of(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr) return words_of(node);
    const auto* line = table->get("command-line");
    if (line == nullptr) return std::nullopt;
    auto words = words_of(*line);
    for (const auto& [key, value] : *table) {
        if (key == "command-line") continue;
        const auto base = value.value<std::string>();
        if (key != "relative-to" || !base) return std::nullopt;
        if (*base == "none") continue;
        if (*base != "workspace-root" || !words || words->empty()) return std::nullopt;
        auto& program = words->front();
        if (!program.starts_with('/')) program.insert(0, "./");
    }
    return words;
}

bool wrap(toml::table& script, std::string_view name, const std::string& program,
          const std::string& state) {
    const auto* command = script.get("command");
    const auto words = command != nullptr ? command_of(*command) : std::nullopt;
    if (!words || words->empty()) return false;
    // Other groups may have another script of this name.
    const auto identity =
        std::hash<std::string>{}(fmt::format("{}\n{}", name, shell::join(*words)));
    toml::array once{"sh", program, fmt::format("{}{:x}", state, identity)};
    for (const auto& word : *words) once.push_back(word);
    script.insert_or_assign("command", std::move(once));
    return true;
}

bool wrap_all(toml::table* scripts, const std::string& program, const std::string& state) {
    bool any = false;
    if (scripts == nullptr) return any;
    for (auto&& [name, script] : *scripts) {
        if (auto* table = script.as_table(); table != nullptr) {
            any = wrap(*table, name.str(), program, state) || any;
        }
    }
    return any;
}

}  // namespace

std::optional<std::string> with_setup_once(std::string_view config, const std::string& program,
                                           const std::string& state) {
    toml::table root;
    try {
        root = toml::parse(config);
    } catch (const toml::parse_error&) {
        return std::nullopt;  // nextest will say what is wrong with it
    }
    const bool current = wrap_all(root["scripts"]["setup"].as_table(), program, state);
    const bool older = wrap_all(root["script"].as_table(), program, state);  // before 0.9.98
    if (!current && !older) return std::nullopt;
    std::ostringstream text;
    text << root << '\n';
    return std::move(text).str();
}

std::string_view once_program() { return kOnce; }

bool is_setup_case(std::string_view name) { return name.starts_with("@setup-script:"); }

}  // namespace offload::framework::nextest

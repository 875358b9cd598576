#include "environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "offload/base/shell.hpp"

namespace offload::framework {
namespace {

constexpr std::string_view kRoot = "{root}";

// As the shell word for it: which folder {root} is, is known where the command runs.
std::string with_root(std::string_view value, std::string_view root) {
    std::string word;
    for (auto at = value.find(kRoot); at != std::string_view::npos; at = value.find(kRoot)) {
        if (at > 0) word += shell::quote(value.substr(0, at));
        word += root;
        value.remove_prefix(at + kRoot.size());
    }
    if (!value.empty() || word.empty()) word += shell::quote(value);
    return word;
}

}  // namespace

std::string exports(const RunnerEnvironment& wanted, const RunContext& context) {
    // Tests run here where they are discovered, whatever OFFLOAD_ROOT says.
    const std::string_view root = context.same_machine ? "\"$PWD\"" : "\"${OFFLOAD_ROOT:-$PWD}\"";
    std::string text;
    for (const auto& [name, value] : wanted.env) {
        const auto found = wanted.stronger.find(name);
        text += fmt::format(
            "export {}={}\n", name,
            found != wanted.stronger.end() ? shell::quote(found->second) : with_root(value, root));
    }
    if (wanted.prepend_path.empty()) return text;
    std::string path;
    for (const auto& folder : wanted.prepend_path) {
        const bool placed = folder.starts_with('/') || folder.starts_with(kRoot);
        path += with_root(placed ? folder : fmt::format("{}/{}", kRoot, folder), root) + ":";
    }
    return text + fmt::format("export PATH={}\"$PATH\"\n", path);
}

void RunnerEnvironment::check(config::Section& section) {
    for (const auto& folder : prepend_path) {
        if (!folder.empty() && folder.find(':') == std::string::npos) continue;
        section.error_at("prepend_path",
                         fmt::format("framework.prepend_path names \"{}\", which can be no folder "
                                     "of $PATH",
                                     folder),
                         "each entry is one folder: [\".venv/bin\", \"tools\"]");
    }
}

void RunnerEnvironment::check_runner(config::Surroundings& surroundings, const std::string& key,
                                     const std::string& name) const {
    if (env.contains("PATH")) return;
    const auto& root = surroundings.tests_folder();
    const bool before = std::ranges::any_of(prepend_path, [&](std::string folder) {
        if (const auto at = folder.find(kRoot); at != std::string::npos) {
            folder.replace(at, kRoot.size(), root.string());
        }
        return config::Surroundings::exists(root / folder / name);
    });
    if (!before) surroundings.check_tool(key, name, root);
}

}  // namespace offload::framework

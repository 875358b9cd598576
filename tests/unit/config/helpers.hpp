#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "framework/cargo/options.hpp"
#include "framework/command/options.hpp"
#include "framework/ctest/options.hpp"
#include "framework/pytest/options.hpp"
#include "offload/config/load.hpp"
#include "offload/framework/kind.hpp"
#include "offload/provider/kind.hpp"
#include "provider/command/options.hpp"
#include "provider/docker/options.hpp"
#include "provider/local/options.hpp"
#include "provider/modal/options.hpp"

namespace offload::config {

// The real ones: what a key means is only seen with the kind that it belongs to.
inline const Kinds& all_kinds() {
    static const Kinds all = [] {
        Kinds out;
        for (const auto* kind : provider::kinds()) out.providers.push_back(&kind->declared);
        for (const auto* kind : framework::kinds()) out.frameworks.push_back(&kind->declared);
        return out;
    }();
    return all;
}

inline Loaded load(const std::filesystem::path& file, const Overrides& overrides,
                   const Lookup& lookup) {
    return load(file, all_kinds(), overrides, lookup);
}
inline Loaded parse(std::string_view text, const std::filesystem::path& file,
                    const Overrides& overrides, const Lookup& lookup) {
    return parse(text, file, all_kinds(), overrides, lookup);
}
inline std::string summary(const Loaded& loaded, Values values = Values::AsWritten) {
    return summary(loaded, all_kinds(), values);
}

inline Lookup variables(std::map<std::string, std::string> values = {}) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        if (found == values.end()) return {};
        return found->second;
    };
}

inline std::vector<std::string> lines_of(const Loaded& loaded) {
    std::vector<std::string> out;
    for (const auto& diagnostic : loaded.diagnostics) out.push_back(diagnostic.to_string());
    return out;
}

inline Loaded read(std::string_view text, std::map<std::string, std::string> values = {}) {
    return parse(text, "offload.toml", {}, variables(std::move(values)));
}

// A local pytest config without anything else; `more` is added below [offload].
inline std::string minimal(std::string_view offload = "", std::string_view framework = "",
                           std::string_view group = "") {
    return "[offload]\n" + std::string(offload) +
           "\n[provider]\ntype = \"local\"\n[framework]\ntype = \"pytest\"\n" +
           std::string(framework) + "\n[groups.all]\n" + std::string(group) + "\n";
}

// A config of the default provider and the default framework.
inline std::string commands(std::string_view provider = "", std::string_view framework = "",
                            std::string_view offload = "sandbox_project_root = \"/app\"") {
    return "[offload]\n" + std::string(offload) +
           "\n[provider]\ntype = \"default\"\n"
           "create_command = \"make box {image_id}\"\n"
           "exec_command = \"in {sandbox_id} {command}\"\n"
           "destroy_command = \"drop {sandbox_id}\"\n" +
           std::string(provider) +
           "\n[framework]\ntype = \"default\"\n"
           "discover_command = \"list {filters}\"\n"
           "run_command = \"run {tests}\"\n"
           "test_id_format = \"{name}\"\n" +
           std::string(framework) + "\n[groups.all]\n";
}

}  // namespace offload::config

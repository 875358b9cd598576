#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "offload/config/load.hpp"

namespace offload::config {

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

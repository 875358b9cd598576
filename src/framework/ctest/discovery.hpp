// What discovery's command prints, and what of it the batches need. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "arguments.hpp"
#include "gtest.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework::ctest {

inline constexpr int kNoTestfile = 3;  // exit status of the command: the build folder has no tests

// What discovery hands to the batches of all groups.
struct Known final : Carry {
    struct Test {
        std::string name;
        std::size_t number = 0;
        std::size_t occurrence = 0;  // from 1, of those of its name
        std::size_t namesakes = 1;
        std::optional<std::size_t> program = std::nullopt;  // index; of a GoogleTest case
        std::string case_name = {};
    };
    std::unordered_map<std::string, Test> tests;  // by ID
    std::unordered_set<std::string> setups;
    std::string build;              // the build folder on this machine
    std::vector<Program> programs;  // those of GoogleTest, whose cases may run together
};

// Error: filters that cannot be understood; names the group.
Result<Arguments> arguments_of(const config::Group& group);

struct DiscoveryOutput {
    const DiscoveryRequest& request;
    std::string marker;   // with which the command begins the lines that part its output
    std::string command;  // as people would type it, for messages
    bool one_machine = true;
    std::string_view out;
    std::string_view err;
};

// As Framework::read_discovery().
Result<Discovered> read_discovery(const DiscoveryOutput& output, const Ended& ended);

}  // namespace offload::framework::ctest

// What the plugin is started with: where its files are, and what its plan says. Pure.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "offload/framework/framework.hpp"
#include "pytest/discovery.hpp"
#include "pytest/options.hpp"
#include "runner_words.hpp"

namespace offload::framework::pytest {

// The plugin itself. Where a command carries it, it may be no longer than an argument, and leaves
// room for the tests.
CarriedFile plugin_file(const RunContext& context);

std::string plan_path(const RunContext& context);

// What the plugin makes as soon as it has been loaded.
std::string mark_path(const RunContext& context);

// Of a group's own: its pytest may be started with other options, and mean other things.
std::string group_path(const RunContext& context, std::string_view what,
                       const config::Group& group);

// Where the process that discovered the group waits to be asked for forks.
std::string mother_path(const BatchRequest& request);
// Of the workers of one group in one sandbox elsewhere: a folder.
std::string kin_path(const BatchRequest& request);

// Whether there is a folder that lasts as long as the run.
bool has_run_folder(const RunContext& context);

// As the plugin calls it.
std::string_view mode_of(WorkerStart start);

// What discovery has left to those after it; nothing is known where it still goes on.
PytestWays carried(const std::shared_ptr<const Carry>& carry);

nlohmann::json plan_for(const RunContext& context, std::string_view mode);
nlohmann::json plan_for(const BatchRequest& request, std::string_view mode);
nlohmann::json exact_words(const Words& words);
std::string as_ascii(const nlohmann::json& plan);

// Shell text that makes a worker known to its controller, whose plugins see it go down and which
// may come to its end before this worker has so much as started.
std::string announcement(const BatchRequest& request);

// pytest's command with the plugin, which is found through PYTHONPATH, in front of what the place
// has there already.
std::string with_plugin(const RunContext& context, const PytestOptions& settings,
                        const Words& arguments);

}  // namespace offload::framework::pytest

#include "settings.hpp"

#include <algorithm>
#include <thread>

#include "discovery.hpp"
#include "executor.hpp"
#include "setup_commands.hpp"

namespace offload::engine {
namespace {

run::Abilities abilities_of(const framework::Framework& framework,
                            const std::vector<config::Group>& groups) {
    run::Abilities abilities = {
        .verdict_source = framework.verdict_source(),
        .bytes_of_test = [&](std::string_view id) { return framework.command_bytes(id); },
        .says_tests_failed = [&](int status) { return framework.says_tests_failed(status); }};
    if (const auto* joint = framework.joint_discovery()) {
        abilities.discovers_together = [joint, &groups](GroupIndex leader, GroupIndex companion) {
            const auto& one = groups[leader.value()];
            const auto& other = groups[companion.value()];
            // What a setup writes is for its group alone.
            const bool apart = one.setup_command || other.setup_command;
            return !apart && joint->discovers_together(one, other);
        };
    }
    if (const auto* workers = framework.workers()) {
        abilities.worker_discovers = workers->has_discovering_worker();
        abilities.has_worker = [workers](const auto& carry) { return workers->has_worker(carry); };
    }
    return abilities;
}

bool shares_result_file(const config::Config& config, const framework::Framework& framework) {
    if (config.groups.empty()) return false;
    const Test probe{TestIndex(0), "probe", GroupIndex(0), {}, TestKind::Test};
    const std::vector<const Test*> tests{&probe};
    const auto command =
        framework.batch({config.groups.front(), tests, {"/nonexistent", "0", "probe"}, nullptr});
    return command && command->shared_result_file;
}

// Locally, batches that leave their results in one and the same file run one at a time.
std::size_t usable_slots(const config::Config& config, const framework::Framework& framework,
                         const provider::Traits& traits) {
    if (traits.same_machine && shares_result_file(config, framework)) return 1;
    return config::most_workers(config);
}

// Users' names, apart from those that frameworks give.
std::string resource_called(const std::string& name) { return "resource " + name; }

// A group's max_parallel is a resource of its own, of which each of its batches holds one unit.
std::string batches_of(const config::Group& group) { return "batches of group " + group.name; }

std::vector<Claim> claims_of(const config::Group& group) {
    std::vector<Claim> claims;
    for (const auto& name : group.resources) claims.push_back({resource_called(name)});
    if (group.max_parallel) claims.push_back({batches_of(group)});
    return claims;
}

}  // namespace

bool discovers_in_sandbox(const config::Config& config) {
    return config.framework.options->discover_in == config::DiscoverIn::Sandbox;
}

Result<> check_places(const config::Config& config, const framework::Framework& framework) {
    if (config::workers_in_a_sandbox(config) == 1 || !shares_result_file(config, framework)) {
        return {};
    }
    return fail(
        Error{.message = "run_command writes one and the same result_file in every batch, and "
                         "several of them would run in one sandbox",
              .place = "[offload] workers_per_sandbox",
              .hint = "put {result_file} into run_command, or leave workers_per_sandbox out"});
}

run::Settings settings_for(const RunRequest& request, const framework::Framework& framework) {
    const auto& config = request.config;
    run::Settings settings;
    settings.told = {.run_id = request.run_id,
                     .version = request.version,
                     .config_file = config.file.string(),
                     .provider = {},
                     .framework = std::string(framework.name()),
                     .groups = {},
                     .max_parallel = config::most_workers(config),
                     .verdict_source = framework.verdict_source(),
                     .commit = request.commit,
                     .branch = request.branch,
                     .repetitions = request.repetition.times};
    const auto isolation = config.framework.options->isolation();
    const auto* const workers = framework.workers();
    const bool apart =
        isolation != config::Isolation::Worker && workers != nullptr && workers->keeps_apart();
    for (const auto& group : config.groups) {
        settings.told.groups.push_back(group.name);
        const auto command = framework.discovery({group});
        settings.groups.push_back(
            {.name = group.name,
             .retry_count = group.retry_count,
             .alone =
                 group.schedule_individual || (isolation != config::Isolation::Worker && !apart),
             .apart = !group.schedule_individual && apart,
             .by_file = !group.schedule_individual && isolation == config::Isolation::File,
             .wanted = is_wanted(group, request.only_groups),
             .shown = command ? command->shown : "",
             .claims = claims_of(group)});
        if (group.max_parallel) settings.capacities[batches_of(group)] = *group.max_parallel;
    }
    for (const auto& [name, units] : config.resources) {
        settings.capacities[resource_called(name)] = units;
    }
    settings.abilities = abilities_of(framework, config.groups);
    settings.abilities.discovers_in_sandbox = discovers_in_sandbox(config);
    settings.selection = request.selection;
    settings.repetition = request.repetition;
    settings.discovery_limit = config.offload.discovery_timeout;
    return settings;
}

run::Settings settings_for(const RunRequest& request, const framework::Framework& framework,
                           const provider::Provider& provider) {
    const auto& config = request.config;
    const auto traits = provider.traits();
    auto settings = settings_for(request, framework);
    settings.told.provider = provider.name();
    settings.sets_up = has_setup_commands(config, request.only_groups);
    settings.warnings = framework.warnings();
    settings.abilities.same_machine = traits.same_machine;
    const auto* workers = framework.workers();
    if (workers != nullptr && !traits.same_machine && !workers->works_elsewhere()) {
        settings.abilities.has_worker = {};
    }
    settings.abilities.passes_stdin = traits.passes_stdin;
    settings.abilities.command_bytes = traits.command_bytes;
    settings.abilities.concurrent_creations = traits.concurrent_creations;
    settings.slots = usable_slots(config, framework, traits);
    settings.cores = std::max(1U, std::thread::hardware_concurrency());
    settings.discoveries_at_once = parallel_discoveries(config);
    settings.test_limit = config.offload.test_timeout;
    settings.exec_limit = exec_limit(config);
    settings.hedges = config.offload.impatiently_requeue_batches;
    settings.longest_batch = config.offload.max_batch_duration.value_or(Seconds{0});
    settings.fail_fast = request.fail_fast;
    settings.known_durations = request.known_durations;
    settings.known_costs = request.known_costs;
    settings.default_duration = config.history.default_duration;
    settings.artefact_globs = config.report.download_globs;
    if (settings.slots < config.offload.max_parallel) {
        settings.warnings.push_back(
            "run_command writes one and the same result_file in every batch, so batches run one "
            "at a time; put {result_file} into run_command to run them in parallel");
    }
    return settings;
}

}  // namespace offload::engine

#include "vitest/vitest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "environment.hpp"
#include "messages.hpp"
#include "offload/assets/assets.hpp"
#include "offload/base/shell.hpp"
#include "vitest/discovery.hpp"
#include "vitest/reader.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;

constexpr std::string_view kModules = "offload_vitest_";

// Vite leaves alone what lies in such a folder; all else it would load itself, and some of its
// versions refuse to where it lies outside the project.
std::string modules_folder(const RunContext& context) {
    return fmt::format("{}/{}.vitest/node_modules", context.folder, context.label);
}

std::string reporter_option(const RunContext& context) {
    return fmt::format("--reporter={}/{}reporter.mjs", modules_folder(context), kModules);
}

std::string plan_path(const RunContext& context) {
    return fmt::format("{}/{}.plan.json", context.folder, context.label);
}

json plan_for(const RunContext& context, std::string_view mode) {
    return {{"mode", mode},
            {"nonce", context.nonce},
            {"label", context.label},
            {"folder", exact_json(context.folder)}};
}

// The reporter with what it imports, and its plan.
std::vector<CarriedFile> files_for(const RunContext& context, const json& plan) {
    std::vector<CarriedFile> files;
    for (const auto& asset : assets::all()) {
        if (!asset.name.starts_with(kModules)) continue;
        files.push_back(
            {fmt::format("{}/{}", context.folder, asset.name), std::string(asset.content)});
    }
    files.push_back({plan_path(context), plan.dump(-1, ' ', /*ensure_ascii=*/true) + "\n"});
    return files;
}

bool mentions(const Words& words, std::string_view option) {
    return std::ranges::any_of(words, [&](const auto& word) { return word.starts_with(option); });
}

}  // namespace

VitestFramework::VitestFramework(const config::Config& config)
    : settings_(config.framework.as<VitestOptions>()) {
    settings_.stronger = config.extra_env;
}

// No batch sees the whole coverage: its report would be wrong, and its thresholds would fail.
Words VitestFramework::words_for(const config::Group& group, const Words& own) const {
    Words words;
    if (settings_.command.back() != "run") words.emplace_back("run");
    append(words, own);
    append(words, group.filter_words);
    if (!mentions(settings_.command, "--coverage") && !mentions(words, "--coverage")) {
        words.emplace_back("--coverage.enabled=false");
    }
    return words;
}

std::string VitestFramework::with_plan(const RunContext& context, const Words& words) const {
    return exports(settings_, context) +
           fmt::format("mkdir -p {0} && cp {1}/{2}*.mjs {0} || exit\nOFFLOAD_VITEST_PLAN={3} {4}",
                       shell::quote(modules_folder(context)), shell::quote(context.folder),
                       kModules, shell::quote(plan_path(context)),
                       invocation(settings_.command, words));
}

Result<DiscoveryCommand> VitestFramework::discovery(const DiscoveryRequest& request) const {
    const auto& context = request.context;
    auto words = words_for(request.group, {});
    DiscoveryCommand command;
    command.shown = invocation(settings_.command, words);
    words.push_back(reporter_option(context));
    command.command = with_plan(context, words);
    command.files = files_for(context, plan_for(context, "collect"));
    return command;
}

Result<Discovered> VitestFramework::read_discovery(const DiscoveryRequest& request,
                                                   const Ended& ended, std::string_view out,
                                                   std::string_view err) const {
    const auto shown = invocation(settings_.command, words_for(request.group, {}));
    return vitest::read_discovery(shown, request.context.nonce, ended, out, err);
}

Result<BatchCommand> VitestFramework::batch(const BatchRequest& request) const {
    const auto& context = request.context;
    auto plan = plan_for(context, "run");
    TestList list;
    for (const Test* test : request.tests) list.add(*test);
    list.move_into(plan);

    auto words = words_for(request.group, settings_.run_args);
    // How many run at once is Offload's to say.
    if (!mentions(words, "--maxWorkers") && !mentions(words, "--max-workers")) {
        words.emplace_back("--no-file-parallelism");
    }
    if (context.fail_fast) words.emplace_back("--bail=1");
    words.emplace_back("--reporter=default");
    words.push_back(reporter_option(context));
    BatchCommand command;
    command.command = with_plan(context, words);
    command.files = files_for(context, plan);
    return command;
}

std::unique_ptr<BatchReader> VitestFramework::reader(const BatchRequest& request) const {
    std::vector<ToldTests::Name> tests;
    for (const Test* test : request.tests) tests.push_back({test->id, test->file});
    return std::make_unique<vitest::Reader>(std::move(tests), request.context.nonce);
}

}  // namespace offload::framework

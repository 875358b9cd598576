#include "pytest/plans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "environment.hpp"
#include "messages.hpp"
#include "offload/assets/assets.hpp"
#include "offload/base/shell.hpp"

namespace offload::framework::pytest {
namespace {

using nlohmann::json;

constexpr std::string_view kPlugin = "offload_pytest";

}  // namespace

CarriedFile plugin_file(const RunContext& context) {
    const auto name = fmt::format("{}{}.py", kPlugin, context.same_machine ? "" : ".packed");
    const auto assets = assets::all();
    const auto asset = std::find_if(assets.begin(), assets.end(),
                                    [&](const assets::Asset& each) { return each.name == name; });
    const auto content = asset == assets.end() ? std::string_view{} : asset->content;
    return {fmt::format("{}/{}.py", context.folder, kPlugin), std::string(content)};
}

std::string plan_path(const RunContext& context) {
    return fmt::format("{}/{}.plan.json", context.folder, context.label);
}

std::string mark_path(const RunContext& context) {
    return fmt::format("{}/{}.loaded", context.folder, context.label);
}

std::string group_path(const RunContext& context, std::string_view what,
                       const config::Group& group) {
    std::string name;
    for (const char c : group.name) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
        name += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
    return fmt::format("{}/{}.{}", context.run_folder, what, name);
}

std::string_view mode_of(WorkerStart start) {
    switch (start) {
        case WorkerStart::ToDiscover:
            return "first";
        case WorkerStart::DuringDiscovery:
            return "early";
        case WorkerStart::WithTests:
            break;
    }
    return "serve";
}

bool has_run_folder(const RunContext& context) {
    return context.same_machine && !context.run_folder.empty();
}

json plan_for(const RunContext& context, std::string_view mode) {
    json plan{{"mode", mode}, {"nonce", context.nonce}, {"label", context.label}};
    if (has_run_folder(context)) {
        plan["bytecode"] = exact_json(fmt::format("{}/bytecode", context.run_folder));
    }
    return plan;
}

PytestWays carried(const std::shared_ptr<const Carry>& carry) {
    const auto* known = dynamic_cast<const PytestCarry*>(carry.get());
    return known != nullptr ? known->ways() : PytestWays{};
}

json plan_for(const BatchRequest& request, std::string_view mode) {
    auto plan = plan_for(request.context, mode);
    plan["fail_fast"] = request.context.fail_fast;
    plan["neighbours"] = request.context.same_machine;
    if (has_run_folder(request.context)) {
        plan["coverage"] = exact_json(group_path(request.context, "coverage", request.group));
        if (request.start != WorkerStart::WithTests) {
            plan["began"] = exact_json(group_path(request.context, "began", request.group));
            plan["nodes"] = exact_json(group_path(request.context, "nodes", request.group));
        } else if (const auto nodes = carried(request.carry).nodes; !nodes.empty()) {
            plan["nodes"] = exact_json(nodes);
        }
    }
    return plan;
}

std::string announcement(const BatchRequest& request) {
    auto folder = carried(request.carry).nodes;
    if (folder.empty()) folder = group_path(request.context, "nodes", request.group);
    return fmt::format("mkdir -p {0} && : >{0}/announced-{1}\n", shell::quote(folder),
                       request.context.label);
}

std::string kin_path(const BatchRequest& request) {
    // The path of a socket in it has some hundred bytes at most.
    return fmt::format("{}/kin-{:x}", request.context.sandbox_folder,
                       std::hash<std::string>{}(request.group.name));
}

std::string mother_path(const BatchRequest& request) {
    return group_path(request.context, "mother", request.group);
}

json exact_words(const Words& words) {
    json list = json::array();
    for (const auto& word : words) list.push_back(exact_json(word));
    return list;
}

std::string as_ascii(const json& plan) { return plan.dump(-1, ' ', /*ensure_ascii=*/true) + "\n"; }

std::string with_plugin(const RunContext& context, const PytestOptions& settings,
                        const Words& arguments) {
    Words words = {"-p", std::string(kPlugin)};
    append(words, arguments);
    const auto command = invocation(settings.prefix, words);
    return exports(settings, context) +
           fmt::format("PYTHONPATH={}\"${{PYTHONPATH:+:$PYTHONPATH}}\" OFFLOAD_PYTEST_PLAN={} {}",
                       shell::quote(context.folder), shell::quote(plan_path(context)), command);
}

}  // namespace offload::framework::pytest

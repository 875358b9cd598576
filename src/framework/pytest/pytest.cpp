#include "pytest/pytest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "messages.hpp"
#include "offload/base/shell.hpp"
#include "pytest/conclusion.hpp"
#include "pytest/discovery.hpp"
#include "pytest/invocation.hpp"
#include "pytest/plain.hpp"
#include "pytest/plans.hpp"
#include "pytest/reader.hpp"
#include "pytest/worker.hpp"

namespace offload::framework {
namespace {

using nlohmann::json;
using namespace pytest;

bool is_plain(const std::shared_ptr<const Carry>& carry) { return carried(carry).plain; }

std::string result_path(const RunContext& context) {
    return fmt::format("{}/{}.xml", context.folder, context.label);
}

}  // namespace

PytestFramework::PytestFramework(const config::Config& config)
    : settings_(config.framework.as<PytestOptions>()),
      test_id_format_(config.framework.test_id_format),
      worker_(config.framework.worker),
      max_parallel_(config::most_workers(config)),
      has_neighbours_(config::workers_in_a_sandbox(config) > 1),
      is_local_(config.provider.type == "local") {
    settings_.stronger = config.extra_env;
    if (test_id_format_.empty()) test_id_format_ = "{name}";
}

std::vector<std::string> PytestFramework::selection(const config::Group& group) const {
    Words words = group.filter_words;
    if (words.empty() && settings_.markers) words = {"-m", *settings_.markers};
    append(words, settings_.paths);
    return words;
}

std::vector<std::string> PytestFramework::discovery_words(const config::Group& group) const {
    Words words = {"--collect-only", "-q"};
    append(words, settings_.discovery_args);
    append(words, selection(group));
    return words;
}

bool PytestFramework::discovers_together(const config::Group& group,
                                         const config::Group& companion) const {
    // What is alone is forked from the process that has discovered its own group.
    if ((is_alone(group) || is_alone(companion)) && leaves_mothers()) return false;
    return starts_pytest_itself(settings_.prefix) &&
           without_selectors(selection(group)) == without_selectors(selection(companion));
}

Result<DiscoveryCommand> PytestFramework::discovery(const DiscoveryRequest& request) const {
    const auto& [group, context, companions, _] = request;
    const bool leaves_mother = is_alone(group) && leaves_mothers() && has_run_folder(context);
    const auto words_of =
        leaves_mother ? &PytestFramework::run_words : &PytestFramework::discovery_words;
    auto plan = plan_for(context, leaves_mother ? "first" : "collect");
    if (leaves_mother) leave_mother(plan, request);
    add_common(plan);
    if (is_local_ && has_run_folder(context)) {
        plan["nodes"] = exact_json(group_path(context, "nodes", group));
    }
    add_first_collection(plan, context, group, companions, words_of);

    DiscoveryCommand command;
    command.shown = shown_discovery(group);
    command.files = {plugin_file(context), {plan_path(context), as_ascii(plan)}};
    command.command =
        or_plainly(with_plugin(context, settings_, (this->*words_of)(group)), group, context);
    return command;
}

// It does what a worker does that discovers, to the point where that would be asked for tests.
void PytestFramework::leave_mother(json& plan, const DiscoveryRequest& request) const {
    plan["leaves"] = true;
    if (is_apart(request.group)) plan["apart"] = what_is_apart();
    plan["mother"] = exact_json(group_path(request.context, "mother", request.group));
    plan["fail_fast"] = request.context.fail_fast;
    plan["protocols"] = {kWorkerProtocol};
    plan["limit"] = nullptr;
}

// A worker gives each of its tests a process, or those of a file one.
bool PytestFramework::is_apart(const config::Group& group) const {
    return settings_.isolated != config::Isolation::Worker && !group.schedule_individual &&
           keeps_apart();
}

std::string_view PytestFramework::what_is_apart() const {
    return settings_.isolated == config::Isolation::File ? "file" : "test";
}

// Its tests run in batches, or apart.
bool PytestFramework::is_alone(const config::Group& group) const {
    return group.schedule_individual || settings_.isolated != config::Isolation::Worker;
}

void PytestFramework::add_first_collection(json& plan, const RunContext& context,
                                           const config::Group& group, const Groups& companions,
                                           WordsOf words_of) const {
    plan["mark"] = exact_json(mark_path(context));
    plan["ahead"] = settings_.fork == PytestFork::Auto;
    if (companions.empty()) return;
    plan["words"] = exact_words((this->*words_of)(group));
    for (const auto* companion : companions) {
        plan["companions"].push_back(exact_words((this->*words_of)(*companion)));
    }
}

std::string PytestFramework::shown_discovery(const config::Group& group) const {
    return invocation(settings_.prefix, discovery_words(group));
}

// A plugin that was loaded leaves its mark. Without it, and unless nothing could be started, pytest
// runs somewhere that neither sees our files nor our environment.
std::string PytestFramework::or_plainly(const std::string& with_plugin, const config::Group& group,
                                        const RunContext& context) const {
    return fmt::format(
        "{}\nstatus=$?\n"
        "if [ $status -lt {} ] && [ ! -e {} ]; then\n"
        "printf '\\036%s {{\"t\":\"plain\"}}\\n' {}\n{} </dev/null\nstatus=$?\nfi\nexit $status",
        with_plugin, shell::kNotExecutable, shell::quote(mark_path(context)),
        shell::quote(context.nonce), shown_discovery(group));
}

Result<Discovered> PytestFramework::read_discovery(const DiscoveryRequest& request,
                                                   const Ended& ended, std::string_view out,
                                                   std::string_view err) const {
    return read_pytest_discovery(shown_discovery(request.group), request.context.nonce, ended, out,
                                 err);
}

Result<BatchCommand> PytestFramework::batch(const BatchRequest& request) const {
    if (is_plain(request.carry)) return plain_batch(request);

    auto plan = plan_for(request, "run");
    add_common(plan);
    plan["whole"] = collects_all(request, false);
    TestList list;
    for (const Test* test : request.tests) list.add(*test);
    list.move_into(plan);
    auto command = with_plan(request, as_ascii(plan));
    command.fork = fork_instead(request);
    return command;
}

void PytestFramework::add_common(json& plan) const {
    if (settings_.as_xdist) plan["workers"] = max_parallel_;
    if (has_neighbours_) plan["neighbours"] = true;
}

// A worker on this machine can afford it, since it collects but once, and so can a batch of several
// tests: what batches cost is measured, and decides how many there are. Whether tests that are to
// be kept apart are forks must not show in their verdicts. For each other single test, and where
// files come over a network first, there has to be a reason.
bool PytestFramework::collects_all(const BatchRequest& request, bool is_worker) const {
    if (settings_.collect != PytestCollect::Auto) {
        return settings_.collect == PytestCollect::All;
    }
    const bool affordable =
        is_worker || request.tests.size() > 1 || settings_.isolated != config::Isolation::Worker;
    return carried(request.carry).whole || (affordable && request.context.same_machine);
}

// One command line must do for both.
bool PytestFramework::has_discovering_worker() const {
    return worker_ == config::WorkerMode::Auto && settings_.run_args == settings_.discovery_args;
}

bool PytestFramework::has_worker(const std::shared_ptr<const Carry>& carry) const {
    if (worker_ != config::WorkerMode::Auto || is_plain(carry)) return false;
    const auto& ways = carried(carry);
    return settings_.isolated == config::Isolation::Worker || ways.forks ||
           (forks_for_tests() && !ways.never);
}

bool PytestFramework::leaves_mothers() const { return has_discovering_worker() && forks_here(); }

Result<BatchCommand> PytestFramework::worker(const BatchRequest& request,
                                             std::chrono::seconds test_limit) const {
    auto plan = plan_for(request, mode_of(request.start));
    plan["protocols"] = {kWorkerProtocol};
    plan["limit"] = test_limit.count();
    add_common(plan);
    plan["whole"] = collects_all(request, true);
    if (request.start != WorkerStart::ToDiscover) {
        if (is_apart(request.group)) plan["apart"] = what_is_apart();
        if (may_be_kin(request)) plan["kin"] = exact_json(kin_path(request));
        auto command = with_plan(request, as_ascii(plan));
        command.fork = fork_instead(request);
        if (plan.contains("nodes")) command.command.insert(0, announcement(request));
        return command;
    }
    if (may_fork(request.context)) plan["mother"] = exact_json(mother_path(request));
    plan["leaves"] = is_alone(request.group);  // its tests are not for this process
    add_first_collection(plan, request.context, request.group, request.companions,
                         &PytestFramework::run_words);
    auto command = with_plan(request, as_ascii(plan));
    command.command = or_plainly(command.command, request.group, request.context);
    return command;
}

// What a wrapper around pytest sets up for one slot, a fork of another would have as well.
bool PytestFramework::forks_here() const { return is_local_ && may_fork_anywhere(); }

bool PytestFramework::may_fork_anywhere() const {
    return settings_.fork == PytestFork::Auto && starts_python_itself(settings_.prefix);
}

// It collects all there is first.
bool PytestFramework::forks_for_tests() const {
    return worker_ == config::WorkerMode::Auto && may_fork_anywhere() &&
           settings_.collect != PytestCollect::Files;
}

bool PytestFramework::may_fork(const RunContext& context) const {
    return forks_here() && has_run_folder(context);
}

bool PytestFramework::may_be_kin(const BatchRequest& request) const {
    return !request.context.sandbox_folder.empty() && may_fork_anywhere() &&
           settings_.collect != PytestCollect::Files &&
           (is_apart(request.group) || !is_alone(request.group));
}

std::optional<ForkedInstead> PytestFramework::fork_instead(const BatchRequest& request) const {
    if (!may_fork(request.context)) return std::nullopt;
    return ForkedInstead{mother_path(request), plan_path(request.context)};
}

std::unique_ptr<WorkerTalk> PytestFramework::worker_talk(const BatchRequest& request) const {
    if (request.start == WorkerStart::ToDiscover) {
        return std::make_unique<PytestFirstWorkerTalk>(shown_discovery(request.group),
                                                       request.context.nonce);
    }
    return std::make_unique<PytestWorkerTalk>(
        request.context.nonce,
        is_apart(request.group) ? settings_.isolated : config::Isolation::Worker);
}

std::vector<std::string> PytestFramework::run_words(const config::Group& group) const {
    Words words = settings_.run_args;
    append(words, selection(group));
    return words;
}

BatchCommand PytestFramework::with_plan(const BatchRequest& request,
                                        const std::string& plan) const {
    BatchCommand command;
    command.command = with_plugin(request.context, settings_, run_words(request.group));
    command.files = {plugin_file(request.context), {plan_path(request.context), plan}};
    return command;
}

BatchCommand PytestFramework::plain_batch(const BatchRequest& request) const {
    Words words = settings_.run_args;
    words.push_back("--junitxml=" + result_path(request.context));
    words.emplace_back("--continue-on-collection-errors");
    if (request.context.fail_fast) words.emplace_back("-x");
    for (const Test* test : request.tests) words.push_back(test->id);
    BatchCommand command;
    command.command = exports(settings_, request.context) + invocation(settings_.prefix, words);
    command.result_file = result_path(request.context);
    return command;
}

// Whether and in which groups coverage was measured shows only there: by the folders that exist.
// The first such group's options are those of the session that reports, as pytest has but one. Else
// those of a group whose plugins have not seen their workers go down.
std::optional<DiscoveryCommand> PytestFramework::conclusion(
    const ConclusionRequest& request) const {
    std::vector<const ConcludedGroup*> groups;
    json folders = json::array();
    std::set<std::string> nodes;
    for (const auto& each : request.groups) {
        if (each.carry == nullptr || is_plain(each.carry)) continue;
        groups.push_back(&each);
        folders.push_back(exact_json(group_path(request.context, "coverage", each.group)));
        if (const auto path = carried(each.carry).nodes; !path.empty()) {
            nodes.insert(path);
        }
    }
    if (groups.empty()) return std::nullopt;

    auto plan = plan_for(request.context, "conclude");
    plan["coverage"] = std::move(folders);
    plan["nodes"] = exact_words({nodes.begin(), nodes.end()});
    plan["failed"] = request.any_failure;
    DiscoveryCommand command;
    command.files = {plugin_file(request.context), {plan_path(request.context), as_ascii(plan)}};
    const auto add = [&](const ConcludedGroup& each, std::string_view condition) {
        const auto words = run_words(each.group);
        command.command +=
            fmt::format("{} [ {} ]; then\n{}\n", command.command.empty() ? "if" : "elif", condition,
                        with_plugin(request.context, settings_, words));
        if (command.shown.empty()) command.shown = invocation(settings_.prefix, words);
    };
    for (const auto* each : groups) {
        const auto folder = group_path(request.context, "coverage", each->group);
        add(*each, fmt::format("-d {}", shell::quote(folder)));
    }
    for (const auto* each : groups) {
        const auto folder = carried(each->carry).nodes;
        if (!folder.empty()) add(*each, fmt::format("-e {}/down", shell::quote(folder)));
    }
    command.command += "fi";
    return command;
}

Conclusion PytestFramework::read_conclusion(const RunContext& context, const Ended& ended,
                                            std::string_view out, std::string_view err) const {
    return read_pytest_conclusion(context.nonce, ended, out, err);
}

std::unique_ptr<BatchReader> PytestFramework::reader(const BatchRequest& request) const {
    if (is_plain(request.carry)) {
        std::vector<std::string> ids;
        for (const Test* test : request.tests) ids.push_back(test->id);
        return std::make_unique<PlainPytestReader>(std::move(ids), test_id_format_);
    }
    std::vector<ToldTests::Name> tests;
    for (const Test* test : request.tests) tests.push_back({test->id, test->file});
    return std::make_unique<PytestReader>(std::move(tests), request.context.nonce);
}

}  // namespace offload::framework

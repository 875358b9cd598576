#include "discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "local_command.hpp"
#include "offload/base/text.hpp"
#include "offload/process/child.hpp"

namespace offload::engine {
namespace {

constexpr std::size_t kShownLines = 30;

}  // namespace

std::string discovery_report(const std::string& command, const std::string& how,
                             std::initializer_list<std::string_view> outputs) {
    std::string report = fmt::format("$ {}\n  {}", command, how);
    for (const auto output : outputs) {
        const auto shown = text::last_lines(output, kShownLines);
        for (const auto line : text::lines(shown)) report += fmt::format("\n  | {}", line);
    }
    return report;
}

Error discovery_timeout(const config::Config& config, const config::Group& group,
                        const std::string& report) {
    return {.message = fmt::format("discovery did not end within {} s:\n{}",
                                   config.offload.discovery_timeout.count(), report),
            .place = fmt::format("group {}", group.name),
            .hint =
                "run the command by hand to see what it waits for, or raise [offload] "
                "discovery_timeout_secs"};
}

std::size_t parallel_discoveries(const config::Config& config) {
    const std::size_t wanted = config.offload.max_parallel_collection;
    return wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

bool is_wanted(const config::Group& group, const std::vector<std::string>& only_groups) {
    return only_groups.empty() || std::ranges::find(only_groups, group.name) != only_groups.end();
}

bool join(std::vector<Family>& families, GroupIndex group, const framework::Framework& framework,
          const config::Config& config) {
    const auto& joining = config.groups[group.value()];
    const auto family = std::ranges::find_if(families, [&](const Family& each) {
        return framework.discovers_together(config.groups[each.group.value()], joining);
    });
    if (family == families.end()) return false;
    family->companions.push_back(group);
    return true;
}

framework::Groups groups_of(const std::vector<GroupIndex>& indices, const config::Config& config) {
    framework::Groups groups;
    for (const auto index : indices) groups.push_back(&config.groups[index.value()]);
    return groups;
}

std::vector<Family> keep(GroupDiscovered& message, const config::Config& config,
                         std::vector<GroupState>& groups) {
    std::vector<framework::Companion> told;
    if (message.discovered) told = std::move(message.discovered->companions);
    std::vector<Family> untold;
    for (std::size_t i = 0; i < message.companions.size(); ++i) {
        const auto found = std::ranges::find(told, i, &framework::Companion::position);
        if (found == told.end()) {
            untold.push_back({message.companions[i]});
            continue;
        }
        groups[message.companions[i].value()] = {
            std::move(found->discovered),
            fmt::format("none of the tests that the discovery of group {} has collected",
                        config.groups[message.group.value()].name),
            message.duration};
    }
    groups[message.group.value()] = {std::move(message.discovered), std::move(message.report),
                                     message.duration};
    return untold;
}

Result<std::unique_ptr<Discovery>> Discovery::create(DiscoverySettings settings, Inbox& inbox) {
    OFFLOAD_TRY(auto folder,
                TemporaryFolder::create(fmt::format("offload-{}-discovery-", settings.run_id)));
    return std::unique_ptr<Discovery>(new Discovery(std::move(settings), std::move(folder), inbox));
}

Discovery::Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox)
    : settings_(std::move(settings)), folder_(std::move(folder)), inbox_(inbox) {}

Discovery::~Discovery() { cancel_.cancel(); }

void Discovery::add(std::vector<Family> families) {
    const auto threads = std::min(parallel_discoveries(settings_.config), families.size());
    const auto round = std::make_shared<Round>(std::move(families));
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this, round] { work(*round); });
    }
}

void Discovery::work(Round& round) {
    while (true) {
        const std::size_t position = round.next.fetch_add(1);
        if (position >= round.families.size()) return;
        inbox_.push(discover(round.families[position]));
    }
}

GroupDiscovered Discovery::discover(const Family& family) {
    const auto begin = std::chrono::steady_clock::now();
    const auto& config = settings_.config;
    const framework::DiscoveryRequest request{
        .group = config.groups[family.group.value()],
        .context = {.folder = folder_.path().string(),
                    .nonce = settings_.nonce,
                    .label = fmt::format("discovery-{}", family.group.value()),
                    .same_machine = true,
                    .fail_fast = false,
                    .run_folder = folder()},
        .companions = groups_of(family.companions, config)};
    GroupDiscovered told{.group = family.group,
                         .companions = family.companions,
                         .discovered = framework::Discovered{},
                         .report = {},
                         .duration = Seconds{0}};
    const auto finish = [&](Result<framework::Discovered> discovered) {
        told.discovered = std::move(discovered);
        told.duration = std::chrono::steady_clock::now() - begin;
        return std::move(told);
    };

    auto command = settings_.framework.discovery(request);
    if (!command) return finish(fail(std::move(command).error()));
    const auto limit = config.offload.discovery_timeout;
    const auto ran = run_here(*command, settings_.working_folder, settings_.run_id,
                              {.deadline = begin + limit, .cancel = cancel_.token()});
    if (!ran) return finish(fail(ran.error()));
    const auto& captured = *ran;
    told.report = discovery_report(command->shown, captured.end.describe(),
                                   {std::string_view(captured.out), captured.err});
    if (captured.end.timed_out) {
        return finish(fail(discovery_timeout(config, request.group, told.report)));
    }
    if (captured.end.cancelled) return finish(fail("discovery was cancelled"));
    return finish(settings_.framework.read_discovery(request, ended_from(captured.end),
                                                     captured.out, captured.err));
}

}  // namespace offload::engine

#include "discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "local_command.hpp"
#include "offload/base/text.hpp"
#include "offload/process/child.hpp"
#include "offload/run/gathering.hpp"

namespace offload::engine {

std::size_t parallel_discoveries(const config::Config& config) {
    const std::size_t wanted = config.offload.max_parallel_collection;
    return wanted > 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

bool is_wanted(const config::Group& group, const std::vector<std::string>& only_groups) {
    return only_groups.empty() || std::ranges::find(only_groups, group.name) != only_groups.end();
}

framework::Groups groups_of(const std::vector<GroupIndex>& indices, const config::Config& config) {
    framework::Groups groups;
    for (const auto index : indices) groups.push_back(&config.groups[index.value()]);
    return groups;
}

Result<std::unique_ptr<Discovery>> Discovery::create(DiscoverySettings settings, Inbox& inbox) {
    OFFLOAD_TRY(auto folder,
                TemporaryFolder::create(fmt::format("offload-{}-discovery-", settings.run_id)));
    return std::unique_ptr<Discovery>(new Discovery(std::move(settings), std::move(folder), inbox));
}

Discovery::Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox)
    : settings_(std::move(settings)), folder_(std::move(folder)), inbox_(inbox) {}

Discovery::~Discovery() { cancel_.cancel(); }

void Discovery::add(std::vector<run::Family> families) {
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

run::GroupDiscovered Discovery::discover(const run::Family& family) {
    const auto begin = steady_now();
    const auto& config = settings_.config;
    const framework::DiscoveryRequest request{
        .group = config.groups[family.group.value()],
        .context = {.folder = folder_.path().string(),
                    .nonce = settings_.nonce,
                    .label = fmt::format("discovery-{}", family.group.value()),
                    .same_machine = true,
                    .fail_fast = false,
                    .run_folder = folder()},
        .companions = groups_of(family.companions, config),
        .destination = settings_.destination};
    run::GroupDiscovered told{.group = family.group,
                              .companions = family.companions,
                              .discovered = Discovered{},
                              .report = {},
                              .duration = Seconds{0}};
    const auto finish = [&](Result<Discovered> discovered) {
        told.discovered = std::move(discovered);
        told.duration = steady_now() - begin;
        return std::move(told);
    };

    auto command = settings_.framework.discovery(request);
    if (!command) return finish(fail(std::move(command).error()));
    if (variables_) {
        const auto variables = variables_(request.group);
        command->env.insert(command->env.begin(), variables.begin(), variables.end());
    }
    const auto limit = config.offload.discovery_timeout;
    // Standard output is for programs.
    const auto listen = [this](process::Channel channel, std::string_view piece) {
        if (channel != process::Channel::Err) return;
        const auto words = text::last_non_empty_line(piece);
        if (words.empty()) return;
        const std::scoped_lock lock(words_mutex_);
        words_ = words;
    };
    const auto ran = run_here(*command, settings_.working_folder, settings_.run_id,
                              {.deadline = begin + limit, .cancel = cancel_.token()}, listen);
    if (!ran) return finish(fail(ran.error()));
    const auto& captured = *ran;
    told.report = run::discovery_report(command->shown, captured.end.describe(),
                                        {std::string_view(captured.out), captured.err});
    if (captured.end.timed_out) {
        return finish(fail(run::discovery_timeout(request.group.name, limit, told.report)));
    }
    if (captured.end.cancelled) return finish(fail("discovery was cancelled"));
    return finish(settings_.framework.read_discovery(request, ended_from(captured.end),
                                                     captured.out, captured.err));
}

std::string Discovery::last_words() {
    const std::scoped_lock lock(words_mutex_);
    return std::exchange(words_, {});
}

}  // namespace offload::engine

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

std::size_t threads_for(const DiscoverySettings& settings) {
    const std::size_t wanted = settings.config.offload.max_parallel_collection;
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    return std::min(wanted > 0 ? wanted : cores, settings.groups.size());
}

std::string report_on(const std::string& command, const process::Captured& captured) {
    std::string report = fmt::format("$ {}\n  {}", command, captured.end.describe());
    for (const auto& output : {captured.out, captured.err}) {
        const auto shown = text::last_lines(output, kShownLines);
        for (const auto line : text::lines(shown)) report += fmt::format("\n  | {}", line);
    }
    return report;
}

}  // namespace

bool is_wanted(const config::Group& group, const std::vector<std::string>& only_groups) {
    return only_groups.empty() || std::ranges::find(only_groups, group.name) != only_groups.end();
}

Result<std::unique_ptr<Discovery>> Discovery::start(DiscoverySettings settings, Inbox& inbox) {
    OFFLOAD_TRY(auto folder,
                TemporaryFolder::create(fmt::format("offload-{}-discovery-", settings.run_id)));
    auto discovery =
        std::unique_ptr<Discovery>(new Discovery(std::move(settings), std::move(folder), inbox));
    const std::size_t threads = threads_for(discovery->settings_);
    for (std::size_t i = 0; i < threads; ++i) {
        discovery->threads_.emplace_back([self = discovery.get()] { self->work(); });
    }
    return discovery;
}

Discovery::Discovery(DiscoverySettings settings, TemporaryFolder folder, Inbox& inbox)
    : settings_(std::move(settings)), folder_(std::move(folder)), inbox_(inbox) {}

Discovery::~Discovery() { cancel_.cancel(); }

void Discovery::work() {
    while (true) {
        const std::size_t position = next_.fetch_add(1);
        if (position >= settings_.groups.size()) return;
        inbox_.push(discover(settings_.groups[position]));
    }
}

GroupDiscovered Discovery::discover(GroupIndex index) {
    const auto begin = std::chrono::steady_clock::now();
    const auto& group = settings_.config.groups[index.value()];
    const framework::RunContext context{.folder = folder_.path().string(),
                                        .nonce = settings_.nonce,
                                        .label = fmt::format("discovery-{}", index.value()),
                                        .same_machine = true,
                                        .fail_fast = false};
    GroupDiscovered told{.group = index,
                         .discovered = framework::Discovered{},
                         .report = {},
                         .duration = Seconds{0}};
    const auto finish = [&](Result<framework::Discovered> discovered) {
        told.discovered = std::move(discovered);
        told.duration = std::chrono::steady_clock::now() - begin;
        return std::move(told);
    };

    auto command = settings_.framework.discovery(group, context);
    if (!command) return finish(fail(std::move(command).error()));
    const auto limit = settings_.config.offload.discovery_timeout;
    const auto ran = run_here(*command, settings_.working_folder, settings_.run_id,
                              {.deadline = begin + limit, .cancel = cancel_.token()});
    if (!ran) return finish(fail(ran.error()));
    const auto& captured = *ran;
    told.report = report_on(command->shown, captured);
    if (captured.end.timed_out) {
        return finish(fail(Error{
            .message =
                fmt::format("discovery did not end within {} s:\n{}", limit.count(), told.report),
            .place = fmt::format("group {}", group.name),
            .hint = "run the command by hand to see what it waits for, or raise [offload] "
                    "discovery_timeout_secs"}));
    }
    if (captured.end.cancelled) return finish(fail("discovery was cancelled"));
    return finish(settings_.framework.read_discovery(group, context, ended_from(captured.end),
                                                     captured.out, captured.err));
}

}  // namespace offload::engine

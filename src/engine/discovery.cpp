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

Result<std::unique_ptr<Discovery>> Discovery::start(DiscoverySettings settings, Inbox& inbox) {
    OFFLOAD_TRY(auto folder,
                TemporaryFolder::create(fmt::format("offload-{}-discovery-", settings.run_id)));
    auto discovery =
        std::unique_ptr<Discovery>(new Discovery(std::move(settings), std::move(folder), inbox));
    const auto& used = discovery->settings_;
    const std::size_t threads = std::min(parallel_discoveries(used.config), used.groups.size());
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
                                        .fail_fast = false,
                                        .run_folder = folder()};
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
    told.report = discovery_report(command->shown, captured.end.describe(),
                                   {std::string_view(captured.out), captured.err});
    if (captured.end.timed_out) {
        return finish(fail(discovery_timeout(settings_.config, group, told.report)));
    }
    if (captured.end.cancelled) return finish(fail("discovery was cancelled"));
    return finish(settings_.framework.read_discovery(group, context, ended_from(captured.end),
                                                     captured.out, captured.err));
}

}  // namespace offload::engine

#include "sharding.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "console.hpp"
#include "durations.hpp"
#include "offload/base/file.hpp"
#include "offload/history/history_file.hpp"
#include "offload/select/expression.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;
using Durations = std::unordered_map<std::string, Seconds>;

Durations by_id(const KnownDurations& known) {
    Durations durations;
    for (const auto& each : known) durations.emplace(each.id, each.duration);
    return durations;
}

Result<Durations> read_durations(const fs::path& path) {
    std::error_code ignored;
    const bool folder = fs::is_directory(path, ignored);
    if (folder || path.filename() == history::kDurationsFile) {
        const auto remembered =
            history::load_durations(folder ? path : fs::absolute(path).parent_path());
        Durations durations;
        for (const auto& [id, measured] : remembered.all()) {
            durations.emplace(id, Seconds(measured.seconds));
        }
        if (!durations.empty()) return durations;
    } else {
        auto durations = by_id(read_last_run(path).durations);
        if (!durations.empty()) return durations;
    }
    return fail(Error{.message = "--durations names nothing that tells how long tests take",
                      .place = path.string(),
                      .hint = fmt::format("expected a junit.xml or {} of an earlier run, or the "
                                          "folder of its reports; without --durations the history "
                                          "counts, or each test is taken for equally long",
                                          history::kDurationsFile)});
}

Result<Durations> recorded_durations(const config::Config& config) {
    if (!config.history.present) return Durations{};
    OFFLOAD_TRY(const auto loaded, history::load(config.history.path));
    return by_id(newest_durations({}, loaded.history, config.file.filename().string()));
}

// Two machines that narrow down otherwise would leave tests to each other that none of them runs.
Result<> check_selection(const SelectionOptions& options) {
    std::string_view asks;
    if (options.failed) asks = "--failed";
    if (!options.filter.empty()) {
        OFFLOAD_TRY(const auto filter, select::Expression::parse(options.filter));
        if (filter.asks_for_results()) asks = "last() in --filter";
        if (filter.asks_for_durations()) asks = "slow() in --filter";
    }
    if (asks.empty()) return {};
    return fail(
        Error{.message = fmt::format("--shard does not go with {}", asks),
              .place = {},
              .hint = "it asks what earlier runs on this machine came to, and the other shards' "
                      "machines would answer otherwise; name the tests in a file that all of them "
                      "have, with --list-from"});
}

}  // namespace

Result<select::Sharding> make_sharding(const SelectionOptions& options,
                                       const config::Config& config) {
    select::Sharding sharding;
    if (options.shard.empty()) {
        return fail(Error{.message = "--durations is of use only beside --shard",
                          .place = {},
                          .hint = "what earlier runs on this machine took is known without it"});
    }
    OFFLOAD_TRY(sharding.shard, select::Shard::parse(options.shard));
    OFFLOAD_CHECK(check_selection(options));
    if (options.durations.empty()) {
        OFFLOAD_TRY(sharding.durations, recorded_durations(config));
    } else {
        OFFLOAD_TRY(sharding.durations, read_durations(options.durations));
    }
    OFFLOAD_TRY(const auto text, read_file(config.file));
    sharding.config = select::digest_of({text});
    return sharding;
}

}  // namespace offload::app

#include "setup_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <ranges>

#include "discovery.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/run/gathering.hpp"
#include "setup_variables.hpp"

namespace offload::engine {
namespace {

namespace fs = std::filesystem;

// "offload", "groups.all": as the config has it.
std::string section_of(const config::Group* group) {
    return group == nullptr ? "offload" : fmt::format("groups.{}", group->name);
}

bool has_command(const config::Config& config, const config::Group& group) {
    return config.offload.setup_command || config.offload.teardown_command || group.setup_command ||
           group.teardown_command;
}

std::string as_file_name(std::string name) {
    std::ranges::replace_if(
        name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_'; }, '_');
    return name;
}

// The log of what a command prints, as it comes.
class Log {
  public:
    explicit Log(const fs::path& path) : path_(path), out_(path, std::ios::binary) {}
    void add(std::string_view bytes) {
        out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out_.flush();
    }
    // Empty: it could not be written.
    std::string name() const { return out_ ? path_.string() : ""; }

  private:
    fs::path path_;
    std::ofstream out_;
};

}  // namespace

bool has_setup_commands(const config::Config& config, const std::vector<std::string>& only_groups) {
    return std::ranges::any_of(config.groups, [&](const config::Group& group) {
        return is_wanted(group, only_groups) && has_command(config, group);
    });
}

SetupCommands::SetupCommands(SetupSettings settings, Inbox& inbox)
    : settings_(std::move(settings)), inbox_(inbox) {
    const auto& config = settings_.config;
    steps_.push_back(
        {.setup = &config.offload.setup_command, .teardown = &config.offload.teardown_command});
    for (const auto& group : config.groups) {
        if (!is_wanted(group, settings_.only_groups)) continue;
        steps_.push_back(
            {.group = &group, .setup = &group.setup_command, .teardown = &group.teardown_command});
    }
}

SetupCommands::~SetupCommands() {
    setup_cancel_.cancel();
    teardown_cancel_.cancel();
}

void SetupCommands::set_up() {
    thread_ = std::jthread([this] {
        Result<> result;
        for (std::size_t i = 0; i < steps_.size() && result; ++i) result = set_up(steps_[i], i);
        inbox_.push(run::SetUpOver{std::move(result)});
    });
}

Result<> SetupCommands::set_up(Step& step, std::size_t number) {
    if (setup_cancel_.token().cancelled()) return fail("setup was cancelled");
    step.begun = true;
    if (!*step.setup) return {};
    const Job job{.key = "setup_command",
                  .command = **step.setup,
                  .limit = settings_.config.offload.setup_timeout,
                  .cancel = setup_cancel_.token(),
                  .env_file = fmt::format("{}/env-{}", settings_.folder, number)};
    OFFLOAD_CHECK(write_file_atomically(job.env_file, "", 0600));
    OFFLOAD_CHECK(run(step, job));
    OFFLOAD_TRY(const auto written, read_file(job.env_file));
    auto variables = read_variables(written);
    if (variables) {
        step.variables = *std::move(variables);
        return {};
    }
    return fail(trouble_of(step, job.key, ": " + variables.error().message)
                    .with_hint(variables.error().hint));
}

void SetupCommands::tear_down() {
    // The setup has told its end, but its thread may still be about to return.
    if (thread_.joinable()) thread_.join();
    thread_ = std::jthread([this] {
        std::vector<Error> troubles;
        for (const auto& step : steps_ | std::views::reverse) {
            if (!step.begun || !*step.teardown) continue;
            const auto done = run(step, {.key = "teardown_command",
                                         .command = **step.teardown,
                                         .limit = settings_.config.offload.teardown_timeout,
                                         .cancel = teardown_cancel_.token(),
                                         .env_file = {}});
            if (!done) troubles.push_back(done.error());
        }
        inbox_.push(run::TornDown{std::move(troubles)});
    });
}

Variables SetupCommands::environment_of(const Step& step) const {
    auto variables = steps_.front().variables;
    if (step.group != nullptr) {
        variables.insert(variables.end(), step.variables.begin(), step.variables.end());
    }
    return variables;
}

Variables SetupCommands::variables_of(const config::Group& group) const {
    const auto step = std::ranges::find(steps_, &group, &Step::group);
    auto variables = environment_of(step != steps_.end() ? *step : steps_.front());
    // What the command line says goes before what a command has found out.
    std::erase_if(variables, [&](const auto& variable) {
        return std::ranges::any_of(settings_.config.extra_env, [&](const auto& given) {
            return given.first == variable.first;
        });
    });
    return variables;
}

Result<> SetupCommands::run(const Step& step, const Job& job) {
    const auto whose = section_of(step.group);
    const auto verb = job.key.substr(0, job.key.find('_'));
    inbox_.push(run::ScriptSaid{fmt::format("[{}] {}: {}", whose, job.key, job.command)});
    process::Command child{.argv = {"/bin/sh", "-c", job.command},
                           .env = settings_.environment,
                           .working_folder = settings_.working_folder};
    for (auto& variable : environment_of(step)) child.env.push_back(std::move(variable));
    child.env.emplace_back("OFFLOAD_RUN_ID", settings_.run_id);
    if (!job.env_file.empty()) child.env.emplace_back("OFFLOAD_ENV", job.env_file);

    const fs::path logs = fs::path(settings_.config.report.output_dir) / "logs";
    Log log(logs / (step.group == nullptr
                        ? fmt::format("{}.log", verb)
                        : fmt::format("{}-{}.log", verb, as_file_name(step.group->name))));
    const auto begin = steady_now();
    const auto ran = process::capture(child, {.deadline = begin + job.limit, .cancel = job.cancel},
                                      {}, [&](process::Channel, std::string_view bytes) {
                                          log.add(bytes);
                                          const auto words = text::last_non_empty_line(bytes);
                                          if (words.empty()) return;
                                          const std::scoped_lock lock(words_mutex_);
                                          words_ = words;
                                      });
    if (ran.end.success()) {
        inbox_.push(run::ScriptSaid{
            fmt::format("[{}] {} took {}", whose, job.key, text::duration(steady_now() - begin))});
        return {};
    }
    std::string all;
    if (!log.name().empty()) all = fmt::format("\n  all of it: {}", log.name());
    const auto report = run::discovery_report(job.command, ran.end.describe(),
                                              {std::string_view(ran.out), ran.err});
    return fail(trouble_of(step, job.key, fmt::format(" failed:\n{}{}", report, all)));
}

Error SetupCommands::trouble_of(const Step& step, std::string_view key, std::string what) const {
    const auto section = section_of(step.group);
    return {.message = fmt::format("[{}] {}{}", section, key, what),
            .place = settings_.config.where(fmt::format("{}.{}", section, key))};
}

std::string SetupCommands::last_words() {
    const std::scoped_lock lock(words_mutex_);
    return std::exchange(words_, {});
}

}  // namespace offload::engine

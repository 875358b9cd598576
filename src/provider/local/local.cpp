#include "local/local.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "download.hpp"
#include "files.hpp"
#include "local/options.hpp"
#include "offload/base/file.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

// MAX_ARG_STRLEN of Linux is 128 KiB; the command is one argument of the shell's. A margin is left
// for shells that are wrappers and add something of their own.
constexpr std::size_t kArgumentBytes = 128 * 1024;
constexpr std::size_t kCommandBytes = kArgumentBytes - 4096;

// In the environment of all that runs in a sandbox: tells it from everything else on this machine.
constexpr const char* kMarker = "OFFLOAD_SANDBOX_ID";

struct Place {
    std::string working_folder;
    std::string shell;
    fs::path reports;
    timespec began;  // the run: files that were changed before stood there already
    Variables env;
    Variables own;  // of this sandbox alone, on top of these
};

std::string id_for(const std::string& run_id, SandboxNumber number) {
    return fmt::format("local-{}-{}", run_id, number.value());
}

std::size_t environment_bytes(const Variables& added) {
    std::size_t bytes = 0;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        bytes += std::strlen(*entry) + 1;
    }
    for (const auto& [name, value] : added) bytes += name.size() + value.size() + 2;
    return bytes;
}

class LocalSandbox final : public Sandbox {
  public:
    LocalSandbox(std::string id, TemporaryFolder folder, Place place)
        : id_(std::move(id)),
          owned_(std::move(folder)),
          folder_(owned_->path().string()),
          place_(std::move(place)) {}

    const std::string& id() const override { return id_; }
    const std::string& folder() const override { return folder_; }

    ExecReply exec(const ExecRequest& request, const OutputHandler& output) override;
    Result<> upload(const Upload& upload) override {
        std::error_code error;
        fs::copy_file(upload.from, upload.to, fs::copy_options::overwrite_existing, error);
        if (!error) return {};
        return fail(Error{
            fmt::format("cannot copy {} to {}: {}", upload.from, upload.to, error.message())});
    }
    Result<Artefacts> download(const ArtefactRequest& request) override {
        return harvest({.from = place_.working_folder,
                        .to = request.target,
                        .globs = request.globs,
                        .since = last_exec_,
                        .before = request.standing ? place_.began : timespec{},
                        .reports = place_.reports,
                        .deadline = request.deadline});
    }
    Result<> destroy(SteadyTime deadline) override;

  private:
    fs::path resolve(const std::string& path) const {
        return fs::path(place_.working_folder) / path;
    }
    Result<> make_ready(const ExecRequest& request) const;
    std::string wish_for(const ExecRequest& request) const;
    // What the absence of its files has done to a command is no test's fault.
    bool has_vanished(const std::vector<File>& files) const;
    ExecReply reply_for(const process::End& end, const process::Command& command) const;
    Error start_error(int error_number, const process::Command& command) const;

    std::string id_;
    std::optional<TemporaryFolder> owned_;
    std::string folder_;
    Place place_;
    timespec last_exec_ = file_time_now();
};

Result<> LocalSandbox::make_ready(const ExecRequest& request) const {
    for (const auto& file : request.files) {
        if (!is_below(file.path, folder_)) {
            return fail(
                fmt::format("{} does not lie in the sandbox's folder {}", file.path, folder_));
        }
        OFFLOAD_CHECK(hand_over(file.path, file.content));
    }
    // Nothing that an earlier exec left there may be taken for this one's.
    if (request.result_file) OFFLOAD_CHECK(remove_file(resolve(*request.result_file)));
    return {};
}

ExecReply LocalSandbox::exec(const ExecRequest& request, const OutputHandler& output) {
    last_exec_ = file_time_now();
    if (auto ready = make_ready(request); !ready) {
        return {ExecReply::TransportFailure{std::move(ready).error()}, std::nullopt, Seconds{0},
                false};
    }
    process::Command command{.argv = {place_.shell, "-c", request.command},
                             .env = place_.env,
                             .working_folder = place_.working_folder};
    command.env.insert(command.env.end(), place_.own.begin(), place_.own.end());
    command.env.insert(command.env.end(), request.env.begin(), request.env.end());
    if (request.fork) command.fork = {request.fork->socket, wish_for(request)};
    const auto end = process::run(
        command, {.deadline = request.deadline, .cancel = request.cancel},
        [&](process::Channel channel, std::string_view bytes) {
            output(channel == process::Channel::Out ? Stream::Out : Stream::Err, bytes);
        },
        request.input);
    auto reply = reply_for(end, command);
    reply.wall = end.wall;
    if (!end.success() && has_vanished(request.files)) {
        reply.end = ExecReply::TransportFailure{
            Error{.message = fmt::format("what the sandbox keeps in {} has vanished", folder_),
                  .hint = "something removes it: a test, or a cleaner of the temporary folder",
                  .kind = ErrorKind::Gone}};
        reply.reusable = false;
    }
    if (request.result_file) {
        if (auto content = fetch(resolve(*request.result_file))) {
            reply.result_file = *std::move(content);
        } else {
            reply.end = ExecReply::TransportFailure{std::move(content).error()};
        }
    }
    return reply;
}

// As assets/offload_pytest/mother.py understands it. What all sandboxes have in common, the process
// that is to be forked has as well.
std::string LocalSandbox::wish_for(const ExecRequest& request) const {
    nlohmann::json variables = nlohmann::json::object();
    for (const auto& [name, value] : place_.own) variables[name] = value;
    for (const auto& [name, value] : request.env) variables[name] = value;
    const nlohmann::json wish{{"plan", request.fork->plan}, {"env", std::move(variables)}};
    return wish.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool LocalSandbox::has_vanished(const std::vector<File>& files) const {
    std::error_code error;
    if (!fs::is_directory(folder_, error)) return true;
    return !files.empty() && std::ranges::none_of(files, [](const File& file) {
        std::error_code ignored;
        return fs::exists(file.path, ignored);
    });
}

ExecReply LocalSandbox::reply_for(const process::End& end, const process::Command& command) const {
    const auto with = [](auto how, bool reusable) {
        return ExecReply{std::move(how), std::nullopt, Seconds{0}, reusable};
    };
    if (end.cancelled) return with(ExecReply::Cancelled{}, false);
    // Before the timeout: what never started cannot have hung.
    if (const auto* not_started = std::get_if<process::NotStarted>(&end.how)) {
        return with(ExecReply::TransportFailure{start_error(not_started->error_number, command)},
                    false);
    }
    if (end.timed_out) return with(ExecReply::TimedOut{}, false);
    if (const auto* signalled = std::get_if<process::Signalled>(&end.how)) {
        return with(ExecReply::Signalled{signalled->signal}, true);
    }
    return with(ExecReply::Exited{std::get<process::Exited>(end.how).status}, true);
}

Error LocalSandbox::start_error(int error_number, const process::Command& command) const {
    std::error_code ignored;
    if (!fs::is_directory(place_.working_folder, ignored)) {
        return Error{.message = fmt::format("the working folder {} is gone", place_.working_folder),
                     .place = {},
                     .hint = "something has removed it during the run"};
    }
    auto error = system_error(fmt::format("cannot start {}", place_.shell), error_number);
    if (error_number == E2BIG) {
        return std::move(error).with_hint(fmt::format(
            "the command has {} bytes, of which one argument takes {}; the environment has {} more",
            command.argv.back().size(), kArgumentBytes - 1, environment_bytes(command.env)));
    }
    if (error_number == ENOENT || error_number == EACCES) {
        return std::move(error).with_hint("[provider] shell must name a program, e.g. /bin/sh");
    }
    if (error_number == EMFILE || error_number == ENFILE || error_number == EAGAIN) {
        return std::move(error).with_hint(
            "the system ran out of descriptors or processes: lower max_parallel, or raise "
            "`ulimit -n` and `ulimit -u`");
    }
    if (error_number == EINVAL) {
        return std::move(error).with_hint(
            "a NUL byte in the command or in a variable, or a variable's name that is empty or "
            "holds `=`");
    }
    return error;
}

Result<> LocalSandbox::destroy(SteadyTime /*deadline*/) {
    process::end_strays(kMarker, id_);
    owned_.reset();
    std::error_code error;
    if (fs::exists(folder_, error)) {
        return fail(
            Error{.message = fmt::format("cannot remove all of the temporary folder {}", folder_),
                  .place = {},
                  .hint = "a test has left files there that belong to another user or are in use"});
    }
    return {};
}

}  // namespace

LocalProvider::LocalProvider(const config::Config& config, std::string working_folder)
    : working_folder_(std::move(working_folder)),
      began_(file_time_now()),
      copies_(config.extra_copy_dirs) {
    const auto& local = config.provider.as<LocalOptions>();
    shell_ = local.shell;
    std::error_code ignored;
    reports_ = fs::absolute(config.report.output_dir, ignored);
    env_.assign(local.env.begin(), local.env.end());
    env_.emplace_back("OFFLOAD_ROOT",
                      config.offload.sandbox_project_root.value_or(working_folder_));
    env_.insert(env_.end(), config.extra_env.begin(), config.extra_env.end());
}

Traits LocalProvider::traits() const {
    return {.same_machine = true,
            .passes_stdin = true,
            .command_bytes = kCommandBytes,
            .concurrent_creations = 1000,
            // They share one look at all processes.
            .concurrent_destructions = 1000};
}

Result<> LocalProvider::prepare(const process::CancelToken& /*cancel*/,
                                const OutputHandler& /*progress*/) {
    std::error_code error;
    if (!fs::is_directory(working_folder_, error)) {
        return fail(
            Error{.message = fmt::format("the working folder {} is no folder", working_folder_),
                  .place = {},
                  .hint = "check working_dir in [framework], [offload] and [provider]"});
    }
    for (const auto& copy : copies_) {
        const auto target = fs::path(copy.remote).relative_path();
        if (!is_below("/sandbox" / target, "/sandbox")) {
            return fail(Error{.message = fmt::format("--copy-dir {}:{} leaves the sandbox's folder",
                                                     copy.local, copy.remote),
                              .place = {},
                              .hint = "REMOTE is taken below that folder and must stay there"});
        }
        if (!fs::is_directory(copy.local, error)) {
            return fail(
                Error{.message = fmt::format("--copy-dir {}:{}: there is no folder {}", copy.local,
                                             copy.remote, copy.local),
                      .place = {},
                      .hint = "LOCAL is a folder here, relative to where offload was started"});
        }
    }
    return {};
}

Result<std::unique_ptr<Sandbox>> LocalProvider::create(const SandboxSpec& spec,
                                                       const process::CancelToken& cancel) {
    if (cancel.cancelled()) return fail("the creation of a sandbox was cancelled");
    // Part of the ID, so that no other run's process ever has the same.
    auto id = id_for(spec.run_id, spec.number);
    const auto run_prefix = fmt::format("offload-{}-", spec.run_id);
    OFFLOAD_TRY(auto folder,
                TemporaryFolder::create(fmt::format("{}{}-", run_prefix, spec.number.value())));
    for (const auto& copy : copies_) {
        const auto target = folder.path() / fs::path(copy.remote).relative_path();
        OFFLOAD_CHECK(copy_tree(copy.local, target, run_prefix));
    }
    const Place place{working_folder_,
                      shell_,
                      reports_,
                      began_,
                      env_,
                      {{"OFFLOAD_RUN_ID", spec.run_id},
                       {kMarker, id},
                       {"OFFLOAD_SANDBOX_FOLDER", folder.path().string()},
                       {"OFFLOAD_PARALLEL_INDEX", std::to_string(spec.slot.value())}}};
    return std::make_unique<LocalSandbox>(std::move(id), std::move(folder), place);
}

Result<std::string> LocalProvider::unfinished_creation(const std::string& run_id,
                                                       SandboxNumber number,
                                                       SteadyTime /*deadline*/) {
    return id_for(run_id, number);
}

Result<> LocalProvider::destroy_by_id(const std::string& id, SteadyTime /*deadline*/) {
    constexpr std::string_view kPrefix = "local-";
    if (!id.starts_with(kPrefix)) return fail(fmt::format("{} is no local sandbox", id));
    process::end_strays(kMarker, id);
    // As create() names it.
    const auto name = fmt::format("offload-{}-", id.substr(kPrefix.size()));
    std::error_code error;
    const auto place = fs::temp_directory_path(error);
    if (error) return {};
    std::vector<fs::path> folders;
    for (fs::directory_iterator entry(place, error), end; !error && entry != end;
         entry.increment(error)) {
        struct stat status{};
        if (entry->path().filename().string().starts_with(name) &&
            ::lstat(entry->path().c_str(), &status) == 0 && status.st_uid == ::geteuid()) {
            folders.push_back(entry->path());
        }
    }
    for (const auto& folder : folders) {
        fs::remove_all(folder, error);
        if (error) return fail(system_error("cannot remove " + folder.string(), error.value()));
    }
    return {};
}

}  // namespace offload::provider

#include "project.hpp"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "console.hpp"

namespace offload::app {
namespace {

namespace fs = std::filesystem;

std::optional<struct stat> status_of(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return {};
    return status;
}

bool same_file(const std::optional<struct stat>& a, const std::optional<struct stat>& b) {
    return a && b && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool holds_config(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / GlobalOptions{}.config, ignored);
}

// As seen from the project, with `stood` the folder where the user is, relative to it.
void rebase(std::string& path, const fs::path& stood) {
    if (path.empty() || path == "-" || path.starts_with('/')) return;
    path = (stood / path).lexically_normal().string();
}

// LOCAL:REMOTE, of which the second part is none of this machine's.
void rebase_pair(std::string& pair, const fs::path& stood) {
    if (pair.starts_with('/')) return;
    pair = fmt::format("{}/{}", stood.string(), pair);
}

bool names_files(const std::string& pattern) {
    std::error_code ignored;
    if (fs::exists(pattern, ignored)) return true;
    if (pattern.find_first_of("*?[") == std::string::npos) return false;
    glob_t found{};
    const bool any = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0;
    ::globfree(&found);
    return any;
}

// A test's ID that begins with a file here becomes that of the same file seen from anywhere; what
// names nothing here is taken for an ID as `offload collect` prints it.
void make_absolute(std::string& name, const fs::path& here) {
    if (name.starts_with('/')) return;
    for (const std::string_view separator : {"", "::", " > "}) {
        const auto end = separator.empty() ? name.size() : name.find(separator);
        if (end == std::string::npos) continue;
        const auto path = name.substr(0, end);
        if (path.empty() || !names_files(path)) continue;
        auto file = (here / path).lexically_normal();
        if (!file.has_filename() && path.ends_with('.')) file = file.parent_path();
        name = file.string() + name.substr(end);
        return;
    }
}

void seen_from_project(Options& options, const fs::path& stood, const fs::path& here) {
    auto& run = options.run;
    auto& history = options.history;
    std::vector<std::string*> paths = {
        &run.events,   &options.logs.junit, &options.report.from, &options.merge.output,
        &history.base, &history.ours,       &history.theirs};
    for (auto& folder : options.merge.from) paths.push_back(&folder);
    for (auto* selection : {&run.selection, &options.collect.selection, &options.logs.selection}) {
        paths.push_back(&selection->list_from);
        paths.push_back(&selection->durations);
        for (auto& name : selection->ids) make_absolute(name, here);
    }
    for (auto* path : paths) rebase(*path, stood);
    for (auto& pair : run.copy_dirs) rebase_pair(pair, stood);
}

}  // namespace

std::optional<fs::path> find_project(const fs::path& from, const fs::path& home) {
    if (holds_config(from)) return from;
    const auto here = status_of(from);
    const auto end = home.empty() ? std::nullopt : status_of(home);
    if (!here || same_file(here, end)) return {};
    for (auto folder = from; folder != folder.root_path();) {
        folder = folder.parent_path();
        const auto status = status_of(folder);
        const bool foreign = !status || status->st_dev != here->st_dev;
        if (foreign || same_file(status, end) || (status->st_mode & S_IWOTH) != 0) return {};
        if (holds_config(folder)) return folder;
    }
    return {};
}

std::optional<fs::path> find_project() {
    std::error_code error;
    const auto here = fs::current_path(error);
    const char* home = std::getenv("HOME");
    if (error) return {};
    return find_project(here, home == nullptr ? "" : home);
}

Result<> enter_project(const Command& command, Options& options) {
    const bool elsewhere = options.doctor.folder != DoctorOptions{}.folder;
    if (command.place != Place::Project || options.global.config_named || elsewhere) return {};
    std::error_code error;
    const auto here = fs::current_path(error);
    const auto folder = find_project();
    if (error || !folder || *folder == here) return {};
    seen_from_project(options, here.lexically_relative(*folder), here);
    fs::current_path(*folder, error);
    if (error) {
        return fail(system_error("cannot enter the folder of the config", error.value())
                        .with_hint("-c PATH names another config"));
    }
    if (!options.global.quiet) {
        write_stderr(
            fmt::format("offload: using {}\n", (*folder / GlobalOptions{}.config).string()));
    }
    return {};
}

}  // namespace offload::app

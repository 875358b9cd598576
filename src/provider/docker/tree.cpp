#include "tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>

#include "offload/base/file.hpp"
#include "offload/process/child.hpp"

namespace offload::provider::docker {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kGitLimit{120};

// What is left out of a tree that is not under git's control, besides folders that say of
// themselves that they are caches (CACHEDIR.TAG).
constexpr std::array<std::string_view, 10> kUnwanted{
    ".git",        ".hg",         ".svn",  "__pycache__", ".pytest_cache",
    ".mypy_cache", ".ruff_cache", ".venv", ".tox",        "node_modules"};

bool is_unwanted(const fs::path& path) {
    return std::ranges::find(kUnwanted, path.filename().string()) != kUnwanted.end() ||
           path.extension() == ".pyc";
}

// Paths that a git command lists; nothing where there is no git or `folder` is not under it.
std::optional<std::vector<std::string>> git_paths(const fs::path& folder,
                                                  std::vector<std::string> arguments,
                                                  const process::CancelToken& cancel) {
    process::Command command{.argv = {"git", "ls-files", "-z"}, .working_folder = folder.string()};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    const auto said = process::capture(
        command, {.deadline = SteadyTime::clock::now() + kGitLimit, .cancel = cancel});
    if (!said.end.success()) return std::nullopt;
    std::vector<std::string> paths;
    for (std::size_t at = 0; at < said.out.size();) {
        const auto end = std::min(said.out.find('\0', at), said.out.size());
        paths.push_back(said.out.substr(at, end - at));
        at = end + 1;
    }
    return paths;
}

bool is_excluded(const fs::path& path, const std::vector<std::string>& excluded) {
    const auto inside = [&](const std::string& folder) {
        const auto normal = fs::path(folder).lexically_normal();
        const auto [end, _] = std::mismatch(normal.begin(), normal.end(), path.begin(), path.end());
        return end == normal.end() || (std::next(end) == normal.end() && end->empty());
    };
    return std::ranges::any_of(excluded, inside);
}

bool vanished(const std::error_code& error) {
    return error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory ||
           error == std::errc::permission_denied;
}

Error copy_error(const fs::path& from, const std::error_code& error) {
    return Error{fmt::format("cannot copy {}: {}", from.string(), error.message())};
}

class Stager {
  public:
    Stager(fs::path from, fs::path to, const std::vector<std::string>& excluded,
           const process::CancelToken& cancel)
        : from_(std::move(from)), to_(std::move(to)), excluded_(excluded), cancel_(cancel) {}

    Result<> add(const fs::path& path) {
        if (cancel_.cancelled()) return fail("cancelled");
        if (is_excluded(path, excluded_)) return {};
        std::error_code ignored;
        // A repository inside the repository, which git does not list.
        if (fs::is_directory(fs::symlink_status(from_ / path, ignored))) return walk(path);
        return stage_file(from_ / path, to_ / path);
    }

    Result<> walk(const fs::path& below) {
        std::error_code error;
        for (fs::directory_iterator entry(from_ / below, error), end; !error && entry != end;
             entry.increment(error)) {
            const auto path = below / entry->path().filename();
            if (is_unwanted(path)) continue;
            std::error_code ignored;
            if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
                if (fs::exists(entry->path() / "CACHEDIR.TAG", ignored)) continue;
                if (!is_excluded(path, excluded_)) {
                    fs::create_directories(to_ / path, ignored);
                }
            }
            OFFLOAD_CHECK(add(path));
        }
        return {};
    }

  private:
    fs::path from_;
    fs::path to_;
    const std::vector<std::string>& excluded_;
    const process::CancelToken& cancel_;
};

}  // namespace

Result<> stage_file(const fs::path& from, const fs::path& to) {
    std::error_code error;
    const auto status = fs::symlink_status(from, error);
    if (!fs::is_regular_file(status) && !fs::is_symlink(status)) return {};
    fs::create_directories(to.parent_path(), error);
    if (error) return fail(copy_error(to.parent_path(), error));
    if (fs::is_symlink(status)) {
        fs::copy_symlink(from, to, error);
        if (error && !vanished(error)) return fail(copy_error(from, error));
        return {};
    }
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    if (error) {
        if (vanished(error)) return {};
        return fail(copy_error(from, error));
    }
    const auto time = fs::last_write_time(from, error);
    if (!error) fs::last_write_time(to, time, error);
    return {};
}

Result<StagedTree> stage_tree(const fs::path& from, const fs::path& to,
                              const std::vector<std::string>& excluded,
                              const process::CancelToken& cancel) {
    StagedTree staged;
    Stager stager(from, to, excluded, cancel);
    const auto tracked = git_paths(from, {"--cached", "--recurse-submodules"}, cancel);
    const auto others =
        tracked ? git_paths(from, {"--others", "--exclude-standard"}, cancel) : std::nullopt;
    if (cancel.cancelled()) return fail("cancelled");
    if (!others) {
        OFFLOAD_CHECK(stager.walk({}));
        return staged;
    }
    std::set<std::string> paths(tracked->begin(), tracked->end());
    paths.insert(others->begin(), others->end());
    for (const auto& path : paths) {
        std::error_code error;
        if (!fs::exists(fs::symlink_status(from / path, error))) {
            staged.deleted.push_back(path);
            continue;
        }
        OFFLOAD_CHECK(stager.add(path));
    }
    return staged;
}

}  // namespace offload::provider::docker

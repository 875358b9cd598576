#include "modal/recipe.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "modal/dockerfile.hpp"
#include "offload/base/file.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormat = 1;
constexpr unsigned kPermissions = 0777;

struct Found {
    std::string path;  // as it is named in the digest
    fs::path place;
    std::string what;  // of a link: where it leads; else the permissions
    bool link = false;
};

Result<Found> look_at(const fs::path& place, std::string path) {
    if (path.find('\n') != std::string::npos || place.string().find('\n') != std::string::npos) {
        return fail(Error{.message = "a file name with a newline cannot be keyed",
                          .place = place.string()});
    }
    struct stat status{};
    if (::lstat(place.c_str(), &status) != 0) {
        return fail(system_error(fmt::format("cannot read {}", place.string()), errno));
    }
    if (S_ISLNK(status.st_mode)) {
        std::error_code error;
        return Found{std::move(path), place, fs::read_symlink(place, error).string(), true};
    }
    return Found{std::move(path), place, fmt::format("{:o}", status.st_mode & kPermissions)};
}

// A file, or all files below a folder; `path` is what it is called in the digest.
Result<std::vector<Found>> files_at(const fs::path& place, const std::string& path) {
    std::vector<Found> found;
    std::error_code error;
    if (!fs::is_directory(fs::symlink_status(place, error))) {
        OFFLOAD_TRY(auto one, look_at(place, path));
        found.push_back(std::move(one));
        return found;
    }
    for (fs::recursive_directory_iterator entry(place, error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
        OFFLOAD_TRY(
            auto one,
            look_at(entry->path(),
                    fmt::format("{}/{}", path, entry->path().lexically_relative(place).string())));
        found.push_back(std::move(one));
    }
    if (error) return fail(fmt::format("cannot read {}: {}", place.string(), error.message()));
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.path < b.path; });
    return found;
}

// One name for all that the files hold.
Result<std::string> digest(const git::Repository& repository, const std::vector<Found>& files) {
    std::vector<std::string> contents;
    for (const auto& file : files) {
        if (!file.link) contents.push_back(fs::absolute(file.place).string());
    }
    OFFLOAD_TRY(const auto names, repository.names_of_files(contents));
    std::string text;
    auto name = names.begin();
    for (const auto& file : files) {
        text += fmt::format("{} {} {}\n", file.link ? "link" : *name++, file.what, file.path);
    }
    return repository.name_of_text(text);
}

Result<std::string> digest_at(const git::Repository& repository, const std::string& place,
                              const std::string& path) {
    OFFLOAD_TRY(const auto files, files_at(place, path));
    return digest(repository, files);
}

Result<json> copies_of(const git::Repository& repository, const config::Config& config) {
    json out = json::array();
    const auto& modal = config.provider.as<ModalOptions>();
    for (const auto* copies : {&modal.copy_dirs, &config.extra_copy_dirs}) {
        for (const auto& copy : *copies) {
            OFFLOAD_TRY(auto content, digest_at(repository, copy.local, "."));
            out.push_back(
                {{"source", copy.local}, {"target", copy.remote}, {"content", std::move(content)}});
        }
    }
    return out;
}

Result<json> extras_of(const git::Repository& repository, const std::vector<std::string>& outside) {
    if (outside.empty()) return json();
    std::vector<Found> files;
    for (const auto& path : outside) {
        OFFLOAD_TRY(auto more, files_at(path, path));
        files.insert(files.end(), std::make_move_iterator(more.begin()),
                     std::make_move_iterator(more.end()));
    }
    OFFLOAD_TRY(auto content, digest(repository, files));
    return json{{"paths", outside}, {"content", std::move(content)}};
}

template <class T>
json or_null(const std::optional<T>& value) {
    return value ? json(*value) : json();
}

}  // namespace

Result<Recipe> recipe_of(const git::Repository& repository, const std::string& commit,
                         const config::Config& config, const std::string& script) {
    const auto& modal = config.provider.as<ModalOptions>();
    const auto& offload = config.offload;
    Recipe recipe;
    OFFLOAD_TRY(const auto script_content, digest_at(repository, script, "."));
    json dockerfile;
    if (modal.dockerfile) {
        OFFLOAD_TRY(dockerfile, digest_at(repository, *modal.dockerfile, "."));
        OFFLOAD_TRY(const auto text, read_file(*modal.dockerfile));
        std::error_code error;
        for (auto& path : copied_paths(text)) {
            if (fs::exists(fs::symlink_status(path, error)) &&
                !repository.commit_has(commit, path)) {
                recipe.outside.push_back(std::move(path));
            }
        }
    }
    OFFLOAD_TRY(auto copies, copies_of(repository, config));
    OFFLOAD_TRY(auto extras, extras_of(repository, recipe.outside));
    recipe.json = {
        {"format", kFormat},
        {"builder",
         {{"modal",
           {{"script", script_content},
            {"dockerfile", or_null(modal.dockerfile)},
            {"dockerfile_content", std::move(dockerfile)},
            {"include_dir", fs::path(repository.prefix() + ".").lexically_normal().string()},
            {"root", offload.sandbox_repo_root.value_or(offload.sandbox_project_root.value_or(""))},
            {"left_out", {config.report.output_dir, config.history.path}}}}}},
        {"copy_dirs", std::move(copies)},
        {"sandbox_init_cmd", or_null(offload.sandbox_init_cmd)},
        {"export_extras", std::move(extras)}};
    return recipe;
}

}  // namespace offload::provider

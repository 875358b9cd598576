#include "artefact_globs.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "files.hpp"
#include "offload/base/glob.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kWild = "*?[\\";

}  // namespace

Result<std::vector<std::string>> normal_globs(const std::vector<std::string>& globs) {
    std::vector<std::string> out;
    for (const auto& glob : globs) {
        if (!stays_inside(glob)) {
            return fail(Error{
                .message = fmt::format("download_globs: {} leaves the folder of the tests", glob),
                .place = {},
                .hint = "globs are relative to that folder and hold no `..`"});
        }
        auto normal = fs::path(glob).lexically_normal().generic_string();
        if (normal.ends_with('/')) normal.pop_back();
        out.push_back(std::move(normal));
    }
    return out;
}

std::vector<std::string> as_written(std::span<const std::string> globs,
                                    std::span<const std::string> normal,
                                    std::span<const std::string> some) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < globs.size(); ++i) {
        if (std::ranges::find(some, normal[i]) != some.end()) out.push_back(globs[i]);
    }
    return out;
}

std::string literal_folder(std::string_view glob) {
    const auto pattern = std::min(glob.find_first_of(kWild), glob.size());
    const auto slash = glob.rfind('/', pattern);
    return std::string(slash == std::string_view::npos ? std::string_view{}
                                                       : glob.substr(0, slash));
}

std::vector<std::string> literal_folders(std::span<const std::string> globs) {
    std::vector<std::string> folders;
    std::ranges::transform(globs, std::back_inserter(folders),
                           [](const auto& glob) { return literal_folder(glob); });
    std::ranges::sort(folders);
    std::vector<std::string> out;
    for (auto& folder : folders) {
        const auto holds = [&](const auto& other) {
            return other.empty() || is_below(fs::path(folder), fs::path(other));
        };
        if (std::ranges::none_of(out, holds)) out.push_back(std::move(folder));
    }
    return out;
}

std::string find_pattern(std::string_view glob) {
    // Sets and what is escaped mean different things to different tools.
    const auto unclear = glob.find_first_of("[\\");
    std::string out = "./";
    for (std::string_view rest = glob.substr(0, unclear); !rest.empty();) {
        const bool folders = rest.starts_with("**/");
        // One character of UTF-8 is several to a `find` that knows bytes alone.
        out += folders || rest.front() == '?' ? '*' : rest.front();
        rest.remove_prefix(folders ? 3 : 1);
    }
    if (unclear != std::string_view::npos) out += '*';
    return out;
}

std::vector<std::string> idle_patterns(std::span<const std::string> globs,
                                       std::span<const std::string> paths) {
    std::vector<std::string> out;
    std::ranges::copy_if(globs, std::back_inserter(out), [&](const auto& glob) {
        return glob.find_first_of(kWild) != std::string::npos &&
               std::ranges::none_of(paths,
                                    [&](const auto& path) { return glob_match(glob, path); });
    });
    return out;
}

bool matches_across_folders(const std::string& glob, const std::string& path) {
    return ::fnmatch(glob.c_str(), path.c_str(), 0) == 0;
}

std::vector<std::string> matching_across_folders(std::span<const std::string> patterns,
                                                 std::span<const std::string> paths) {
    std::vector<std::string> out;
    std::ranges::copy_if(patterns, std::back_inserter(out), [&](const auto& pattern) {
        return std::ranges::any_of(
            paths, [&](const auto& path) { return matches_across_folders(pattern, path); });
    });
    return out;
}

Artefacts choose(std::span<const std::string> globs, std::span<const std::string> paths) {
    const auto idle = idle_patterns(globs, paths);
    Artefacts chosen{.files = {}, .across_folders = matching_across_folders(idle, paths)};
    std::ranges::copy_if(paths, std::back_inserter(chosen.files), [&](const auto& path) {
        return std::ranges::any_of(globs, [&](const auto& g) { return glob_match(g, path); }) ||
               std::ranges::any_of(idle,
                                   [&](const auto& g) { return matches_across_folders(g, path); });
    });
    std::ranges::sort(chosen.files);
    const auto repeated = std::ranges::unique(chosen.files);
    chosen.files.erase(repeated.begin(), repeated.end());
    return chosen;
}

}  // namespace offload::provider

#include "download.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "artefact_globs.hpp"
#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/glob.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAnyDepth = 1'000'000;

std::size_t depth_of(const std::string& glob) {
    if (glob.find("**") != std::string::npos) return kAnyDepth;
    return static_cast<std::size_t>(std::ranges::count(glob, '/')) + 1;
}

bool changed_since(const struct stat& status, const timespec& since) {
    const auto& time = status.st_mtim;
    if (time.tv_sec != since.tv_sec) return time.tv_sec > since.tv_sec;
    // Some file systems know whole seconds only.
    return time.tv_nsec == 0 || time.tv_nsec >= since.tv_nsec;
}

bool unchanged_since(const struct stat& status, const timespec& began) {
    const auto& time = status.st_mtim;
    if (time.tv_sec != began.tv_sec) return time.tv_sec < began.tv_sec;
    return time.tv_nsec != 0 && time.tv_nsec < began.tv_nsec;
}

// By its path relative to the root, where each file really lies.
using Found = std::map<std::string, fs::path>;

std::vector<std::string> names_of(const Found& found) {
    const auto names = std::views::keys(found);
    return {names.begin(), names.end()};
}

enum class Stars { StayInAFolder, CrossFolders };

fs::path canonical_or_same(const fs::path& path) {
    std::error_code error;
    auto resolved = fs::weakly_canonical(path, error);
    return error ? path : resolved;
}

class Search {
  public:
    Search(const Harvest& wanted, std::span<const std::string> globs, Stars stars, fs::path root)
        : wanted_(wanted), globs_(globs), stars_(stars), root_(std::move(root)) {
        for (const auto& glob : globs_) depth_ = std::max(depth_, depth_of(glob));
        if (stars_ == Stars::CrossFolders) depth_ = kAnyDepth;
        const auto target = canonical_or_same(wanted.to);
        skipped_.insert(target);
        if (wanted.reports.empty()) return;
        const auto reports = canonical_or_same(wanted.reports);
        if (reports != root_) skipped_.insert(reports);
        if (is_below(target, reports) && target != reports) {
            skipped_.insert(reports / *target.lexically_relative(reports).begin());
        }
    }

    Result<Found> all() {
        std::set<fs::path> starts;
        for (const auto& glob : globs_) starts.insert(literal_folder(glob));
        if (starts.contains(fs::path())) add(root_, fs::path(), 0);
        for (const auto& start : starts) {
            std::error_code error;
            const auto folder = fs::canonical(root_ / start, error);
            if (error || start.empty() || !is_below(folder, root_)) continue;
            add(folder, start, static_cast<std::size_t>(std::distance(start.begin(), start.end())));
        }
        while (!pending_.empty()) {
            if (steady_now() >= wanted_.deadline) {
                return fail(
                    fmt::format("searching {} for download_globs took too long", root_.string()));
            }
            const Folder folder = std::move(pending_.back());
            pending_.pop_back();
            search(folder);
        }
        return std::move(found_);
    }

  private:
    struct Folder {
        fs::path path;
        fs::path relative;
        std::size_t depth;
    };

    void add(fs::path path, fs::path relative, std::size_t depth) {
        if (seen_.insert(relative.generic_string()).second) {
            pending_.push_back({std::move(path), std::move(relative), depth});
        }
    }

    void search(const Folder& folder) {
        std::error_code error;
        for (fs::directory_iterator entry(folder.path, error), end; !error && entry != end;
             entry.increment(error)) {
            std::error_code unreadable;
            const auto status = entry->symlink_status(unreadable);
            if (unreadable) continue;
            const auto relative = folder.relative / entry->path().filename();
            if (fs::is_directory(status)) {
                if (folder.depth + 1 < depth_ && !skipped_.contains(entry->path())) {
                    add(entry->path(), relative, folder.depth + 1);
                }
            } else if (fs::is_regular_file(status) || fs::is_symlink(status)) {
                take_if_wanted(entry->path(), relative.generic_string());
            }
        }
    }

    void take_if_wanted(const fs::path& path, const std::string& relative) {
        const auto matches = [&](const auto& glob) {
            return stars_ == Stars::CrossFolders ? matches_across_folders(glob, relative)
                                                 : glob_match(glob, relative);
        };
        if (std::ranges::none_of(globs_, matches)) return;
        std::error_code error;
        const auto real = fs::canonical(path, error);
        struct stat status{};
        if (error || !is_below(real, root_) || ::stat(real.c_str(), &status) != 0) return;
        const bool counts =
            changed_since(status, wanted_.since) || unchanged_since(status, wanted_.before);
        if (S_ISREG(status.st_mode) && counts) found_.emplace(relative, real);
    }

    const Harvest& wanted_;
    std::span<const std::string> globs_;
    Stars stars_;
    fs::path root_;
    std::size_t depth_ = 0;
    std::set<fs::path> skipped_;
    std::set<std::string> seen_;
    std::vector<Folder> pending_;
    Found found_;
};

}  // namespace

timespec file_time_now() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now;
}

Result<Artefacts> harvest(const Harvest& wanted) {
    OFFLOAD_TRY(const auto globs, normal_globs(wanted.globs));
    std::error_code error;
    const auto root = fs::canonical(wanted.from, error);
    if (error) return fail(system_error("cannot read " + wanted.from.string(), error.value()));
    OFFLOAD_TRY(auto found, Search(wanted, globs, Stars::StayInAFolder, root).all());

    Artefacts artefacts;
    const auto idle = idle_patterns(globs, names_of(found));
    if (!idle.empty()) {
        OFFLOAD_TRY(auto across, Search(wanted, idle, Stars::CrossFolders, root).all());
        artefacts.across_folders =
            as_written(wanted.globs, globs, matching_across_folders(idle, names_of(across)));
        found.merge(across);
    }
    for (const auto& [relative, real] : found) {
        const auto target = wanted.to / relative;
        OFFLOAD_CHECK(make_folder(target.parent_path()));
        fs::copy_file(real, target, fs::copy_options::overwrite_existing, error);
        if (error == std::errc::no_such_file_or_directory) continue;  // vanished meanwhile
        if (error == std::errc::permission_denied) continue;
        if (error) {
            return fail(
                system_error(fmt::format("cannot copy {} to {}", real.string(), target.string()),
                             error.value()));
        }
        artefacts.files.push_back(relative);
    }
    return artefacts;
}

}  // namespace offload::provider

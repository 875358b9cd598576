#include "download.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/glob.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAnyDepth = 1'000'000;

Result<std::string> normal_glob(std::string_view glob) {
    while (glob.starts_with("./")) glob.remove_prefix(2);
    const fs::path path(glob);
    if (path.is_absolute() || std::ranges::find(path, fs::path("..")) != path.end()) {
        return fail(
            Error{.message = fmt::format("download_globs: {} leaves the folder of the tests", glob),
                  .place = {},
                  .hint = "globs are relative to that folder and hold no `..`"});
    }
    return std::string(glob);
}

// The folder that all matches lie in: the components before the first that is a pattern.
fs::path literal_folder(const std::string& glob) {
    fs::path folder;
    const fs::path path(glob);
    for (auto part = path.begin(); part != path.end() && std::next(part) != path.end(); ++part) {
        if (part->string().find_first_of("*?[\\") != std::string::npos) break;
        folder /= *part;
    }
    return folder;
}

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

fs::path canonical_or_same(const fs::path& path) {
    std::error_code error;
    auto resolved = fs::weakly_canonical(path, error);
    return error ? path : resolved;
}

class Search {
  public:
    Search(const Harvest& wanted, std::vector<std::string> globs, fs::path root)
        : wanted_(wanted), globs_(std::move(globs)), root_(std::move(root)) {
        for (const auto& glob : globs_) depth_ = std::max(depth_, depth_of(glob));
        const auto target = canonical_or_same(wanted.to);
        skipped_.insert(target);
        if (wanted.reports.empty()) return;
        const auto reports = canonical_or_same(wanted.reports);
        if (reports != root_) skipped_.insert(reports);
        if (is_below(target, reports) && target != reports) {
            skipped_.insert(reports / *target.lexically_relative(reports).begin());
        }
    }

    // What was found, by its path relative to the root, with where it really lies.
    Result<std::map<std::string, fs::path>> all() {
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
        const auto matches = [&](const auto& glob) { return glob_match(glob, relative); };
        if (std::ranges::none_of(globs_, matches)) return;
        std::error_code error;
        const auto real = fs::canonical(path, error);
        struct stat status{};
        if (error || !is_below(real, root_) || ::stat(real.c_str(), &status) != 0) return;
        if (S_ISREG(status.st_mode) && changed_since(status, wanted_.since)) {
            found_.emplace(relative, real);
        }
    }

    const Harvest& wanted_;
    std::vector<std::string> globs_;
    fs::path root_;
    std::size_t depth_ = 0;
    std::set<fs::path> skipped_;
    std::set<std::string> seen_;
    std::vector<Folder> pending_;
    std::map<std::string, fs::path> found_;
};

}  // namespace

timespec file_time_now() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return now;
}

Result<std::vector<std::string>> harvest(const Harvest& wanted) {
    std::vector<std::string> globs;
    for (const auto& glob : wanted.globs) {
        OFFLOAD_TRY(auto normal, normal_glob(glob));
        globs.push_back(std::move(normal));
    }
    std::error_code error;
    auto root = fs::canonical(wanted.from, error);
    if (error) return fail(system_error("cannot read " + wanted.from.string(), error.value()));
    OFFLOAD_TRY(const auto found, Search(wanted, std::move(globs), std::move(root)).all());

    std::vector<std::string> copied;
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
        copied.push_back(relative);
    }
    return copied;
}

}  // namespace offload::provider

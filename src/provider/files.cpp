#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "bounds.hpp"
#include "offload/base/file.hpp"
#include "offload/base/time.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

class OpenFile {
  public:
    OpenFile(const fs::path& path, int flags, mode_t mode = 0)
        : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
    OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    OpenFile& operator=(OpenFile&&) = delete;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (number_ >= 0) ::close(number_);
    }
    bool is_open() const { return number_ >= 0; }
    int number() const { return number_; }

  private:
    int number_;
};

// Many sandboxes may use up all descriptors for a while; what a command left behind is not lost for
// that.
OpenFile open_patiently(const fs::path& path, int flags) {
    constexpr std::chrono::seconds kPatience{60};
    constexpr std::chrono::milliseconds kPause{10};
    const auto until = steady_now() + kPatience;
    for (;;) {
        OpenFile file(path, flags);
        const bool none_left = !file.is_open() && (errno == EMFILE || errno == ENFILE);
        if (!none_left || steady_now() >= until) return file;
        std::this_thread::sleep_for(kPause);
    }
}

// Errors of the place that is written to; everything else is one entry's own affair, for the tree
// may be changing while it is copied.
bool concerns_target(const std::error_code& error) {
    return error == std::errc::no_space_on_device || error == std::errc::read_only_file_system ||
           error == std::errc::too_many_files_open ||
           error == std::errc::too_many_files_open_in_system || error == std::errc::io_error ||
           error.value() == EDQUOT;
}

struct Step {
    fs::path from;
    fs::path to;
};

// Returns the error of one entry; folders are added to `pending`.
std::error_code copy_entry(const fs::directory_entry& entry, const fs::path& to,
                           std::string_view left_out, std::vector<Step>& pending) {
    std::error_code error;
    const auto status = entry.symlink_status(error);
    if (error) return error;
    if (fs::is_symlink(status)) {
        fs::copy_symlink(entry.path(), to, error);
    } else if (fs::is_directory(status)) {
        if (entry.path().filename().string().starts_with(left_out)) return {};
        fs::create_directory(to, error);
        if (error) return error;
        std::error_code ignored;
        fs::permissions(to, status.permissions() | fs::perms::owner_all, ignored);
        pending.push_back({entry.path(), to});
    } else if (fs::is_regular_file(status)) {
        fs::copy_file(entry.path(), to, fs::copy_options::overwrite_existing, error);
    }
    return error;
}

}  // namespace

bool is_below(const fs::path& path, const fs::path& folder) {
    const auto relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
    return !relative.empty() && *relative.begin() != "..";
}

Result<> hand_over(const fs::path& path, std::string_view content) {
    OFFLOAD_CHECK(make_folder(path.parent_path()));
    const OpenFile file(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (!file.is_open()) return fail(system_error("cannot make " + path.string(), errno));
    while (!content.empty()) {
        const auto written = ::write(file.number(), content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return fail(system_error("cannot write " + path.string(), errno));
        }
        if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

namespace {

// A regular file and its size; nothing when there is none.
std::optional<std::pair<OpenFile, std::size_t>> open_regular(const fs::path& path) {
    auto file = open_patiently(path, O_RDONLY | O_NONBLOCK);
    struct stat status{};
    if (!file.is_open() || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return std::pair{std::move(file), static_cast<std::size_t>(status.st_size)};
}

// Up to `most` bytes and one more, which tells that there is more.
std::optional<std::string> read_up_to(const OpenFile& file, std::size_t most) {
    std::string content;
    constexpr std::size_t kPiece = 64 * 1024;
    while (content.size() <= most) {
        const auto before = content.size();
        content.resize(before + std::min(kPiece, most + 1 - before));
        const auto count = ::read(file.number(), content.data() + before, content.size() - before);
        content.resize(before + (count > 0 ? static_cast<std::size_t>(count) : 0));
        if (count == 0) break;
        if (count < 0 && errno != EINTR) return std::nullopt;
    }
    return content;
}

}  // namespace

Result<std::optional<std::string>> fetch(const fs::path& path) {
    const auto found = open_regular(path);
    if (!found) return std::nullopt;
    const auto& [file, size] = *found;
    auto content = size > kMostResultBytes ? std::nullopt : read_up_to(file, kMostResultBytes);
    if (size > kMostResultBytes || (content && content->size() > kMostResultBytes)) {
        return fail(Error{.message = fmt::format("{} has {} bytes, of which at most {} are read",
                                                 path.string(), size, kMostResultBytes),
                          .hint = "a result file holds JUnit XML of one batch",
                          .kind = ErrorKind::TooLong});
    }
    return content;
}

std::optional<std::string> fetch_end(const fs::path& path) {
    const auto found = open_regular(path);
    if (!found) return std::nullopt;
    const auto& [file, size] = *found;
    if (size > kKeptOutput)
        ::lseek(file.number(), static_cast<off_t>(size - kKeptOutput), SEEK_SET);
    return read_up_to(file, kKeptOutput);
}

Result<> remove_file(const fs::path& path) {
    if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
    const int error_number = errno;
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        return fail(Error{.message = fmt::format("{} is a folder", path.string()),
                          .place = {},
                          .hint = "result_file must name a file: it is removed before each batch"});
    }
    return fail(system_error("cannot remove the old " + path.string(), error_number));
}

Result<> copy_tree(const fs::path& from, const fs::path& to, std::string_view left_out) {
    std::error_code error;
    if (!fs::is_directory(from, error)) {
        return fail(Error{.message = fmt::format("cannot copy {}: it is no folder", from.string()),
                          .place = {},
                          .hint = "--copy-dir takes LOCAL:REMOTE, where LOCAL is a folder here"});
    }
    OFFLOAD_CHECK(make_folder(to));
    std::vector<Step> pending{{from, to}};
    while (!pending.empty()) {
        const Step step = std::move(pending.back());
        pending.pop_back();
        std::error_code walk_error;
        for (fs::directory_iterator entry(step.from, walk_error), end; !walk_error && entry != end;
             entry.increment(walk_error)) {
            const auto target = step.to / entry->path().filename();
            const auto failed = copy_entry(*entry, target, left_out, pending);
            if (concerns_target(failed)) {
                return fail(system_error(
                    fmt::format("cannot copy {} to {}", entry->path().string(), target.string()),
                    failed.value()));
            }
        }
        if (concerns_target(walk_error)) {
            return fail(
                system_error("cannot read the folder " + step.from.string(), walk_error.value()));
        }
    }
    return {};
}

}  // namespace offload::provider

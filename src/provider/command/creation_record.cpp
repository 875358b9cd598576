#include "command/creation_record.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "bounds.hpp"
#include "command/substitution.hpp"
#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = "OFFLOAD_CREATION";
constexpr std::size_t kLongestToldId = 256;
constexpr std::chrono::milliseconds kLook{50};
// For a process that was being started at the very moment at which the run was killed.
constexpr std::chrono::milliseconds kFirstSigns{500};

// $1: the file; the others: the command. A last line tells that it has ended, and how.
constexpr const char* kScript =
    "f=$1; shift\n"
    "\"$@\" > \"$f\"\n"
    "s=$?\n"
    "printf '\\n=offload:exit %s\\n' $s >> \"$f\"\n"
    "exit $s";
constexpr std::string_view kExit = "\n=offload:exit ";

struct Recorded {
    std::string out;
    std::optional<std::string> status;  // nothing: it has not ended by itself
};

std::optional<Recorded> read(const fs::path& file) {
    auto text = fetch_end(file);
    if (!text) return std::nullopt;
    Recorded recorded{*std::move(text), std::nullopt};
    const auto last = recorded.out.rfind(kExit);
    if (last == std::string::npos || !recorded.out.ends_with('\n')) return recorded;
    recorded.status = text::trim(std::string_view(recorded.out).substr(last + kExit.size()));
    recorded.out.erase(last);
    return recorded;
}

// A file without a name: it lasts as long as somebody writes to it.
class Unnamed {
  public:
    // On disk where it can be: there is no bound on what a command writes.
    Unnamed()
        : descriptor_(::open(fs::temp_directory_path(ignored_).c_str(),
                             O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
        if (descriptor_ < 0) descriptor_ = ::memfd_create("offload-stderr", MFD_CLOEXEC);
    }
    ~Unnamed() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Unnamed(const Unnamed&) = delete;
    Unnamed& operator=(const Unnamed&) = delete;

    int descriptor() const { return descriptor_; }
    std::string content() const {
        const auto size =
            static_cast<std::size_t>(std::max<off_t>(::lseek(descriptor_, 0, SEEK_END), 0));
        std::string text(std::min(size, kKeptOutput), '\0');
        const auto got =
            ::pread(descriptor_, text.data(), text.size(), static_cast<off_t>(size - text.size()));
        text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return text;
    }

  private:
    std::error_code ignored_;
    int descriptor_;
};

fs::path folder_of(const fs::path& reports, const std::string& run_id) {
    return reports / ("sandboxes-" + run_id);
}

}  // namespace

CreationRecord::CreationRecord(const fs::path& reports, const std::string& run_id,
                               SandboxNumber number)
    : file_(folder_of(reports, run_id) / std::to_string(number.value())) {}

CreationRecord::Run CreationRecord::run(const Lifecycle& command,
                                        std::chrono::milliseconds cancel_delay) const {
    Run run;
    if (auto made = make_folder(file_.parent_path()); !made) {
        run.end.how = process::NotStarted{EIO};
        run.err = made.error().to_string();
        return run;
    }
    std::error_code ignored;
    fs::remove(file_, ignored);  // of an earlier attempt
    const Unnamed err;
    if (err.descriptor() < 0) {
        run.end.how = process::NotStarted{errno};
        return run;
    }
    process::Command child{.argv = {"sh", "-c", kScript, "sh", file_.string()},
                           .env = environment_in(command.working_folder),
                           .working_folder = command.working_folder,
                           .standard_error = err.descriptor()};
    const auto arguments = arguments_for(command.text);
    child.argv.insert(child.argv.end(), arguments.begin(), arguments.end());
    child.env.insert(child.env.end(), command.env.begin(), command.env.end());
    child.env.emplace_back(kMarker, file_.string());
    run.end = process::run(
        child,
        {.deadline = command.deadline, .cancel = command.cancel, .cancel_delay = cancel_delay}, {});
    if (auto recorded = read(file_)) run.out = std::move(recorded->out);
    run.err = err.content();
    return run;
}

Result<std::string> CreationRecord::outcome(SteadyTime deadline) const {
    const auto signs = steady_now() + kFirstSigns;
    auto recorded = read(file_);
    while (!recorded || !recorded->status) {
        // In this order: what has ended by the first look has written by the second.
        const bool running = process::is_running_with(kMarker, file_.string());
        recorded = read(file_);
        const auto now = steady_now();
        if (!running) {
            if (recorded) break;
            if (now >= signs) return std::string();
        }
        if (now >= deadline) {
            return fail(Error{.message = "create_command still runs",
                              .place = file_.string(),
                              .hint = "run `offload cleanup` again when it has ended"});
        }
        std::this_thread::sleep_for(kLook);
    }
    if (recorded->status == "0") return std::string(text::last_non_empty_line(recorded->out));
    auto id = id_of_failed_creation(recorded->out);
    if (id.empty() && !recorded->status) {
        return fail(Error{.message = "create_command was killed before it had printed an ID",
                          .place = file_.string(),
                          .hint = {}});
    }
    return id;
}

void CreationRecord::forget(const fs::path& reports, const std::string& run_id) {
    std::error_code ignored;
    fs::remove_all(folder_of(reports, run_id), ignored);
}

std::string id_of_failed_creation(std::string_view out) {
    const auto line = text::last_non_empty_line(out);
    const bool plausible =
        !line.empty() && line.size() <= kLongestToldId && quote_id(line) == line &&
        std::ranges::any_of(line, [](unsigned char c) { return std::isdigit(c) != 0; });
    return plausible ? std::string(line) : std::string();
}

}  // namespace offload::provider

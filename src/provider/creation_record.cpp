#include "creation_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <thread>
#include <utility>

#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "substitution.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = "OFFLOAD_CREATION";
constexpr std::size_t kLongestId = 256;
constexpr std::chrono::milliseconds kLook{50};
// For a process that was being started at the very moment at which the run was killed.
constexpr std::chrono::milliseconds kFirstSigns{500};

// $1: the command; $2: the files' common beginning. The end is noted by renaming, so that a status
// that is there is whole.
constexpr const char* kScript =
    "sh -c \"$1\" > \"$2.out\" 2> \"$2.err\"\n"
    "s=$?\n"
    "echo $s > \"$2.part\" && mv \"$2.part\" \"$2.done\"\n"
    "exit $s";

fs::path folder_of(const fs::path& reports, const std::string& run_id) {
    return reports / ("sandboxes-" + run_id);
}

}  // namespace

CreationRecord::CreationRecord(const fs::path& reports, const std::string& run_id,
                               SandboxNumber number)
    : stem_(folder_of(reports, run_id) / std::to_string(number.value())) {}

fs::path CreationRecord::file(std::string_view extension) const {
    return stem_.string() + "." + std::string(extension);
}

CreationRecord::Run CreationRecord::run(const Lifecycle& command,
                                        std::chrono::milliseconds cancel_delay) const {
    Run run;
    if (auto made = make_folder(stem_.parent_path()); !made) {
        run.end.how = process::NotStarted{EIO};
        run.err = made.error().to_string();
        return run;
    }
    std::error_code ignored;
    fs::remove(file("done"), ignored);  // of an earlier attempt
    process::Command child{.argv = {"sh", "-c", kScript, "sh", command.text, stem_.string()},
                           .env = command.env,
                           .working_folder = command.working_folder};
    child.env.emplace_back(kMarker, stem_.string());
    std::string said;  // by the outer shell
    run.end = process::run(
        child,
        {.deadline = command.deadline, .cancel = command.cancel, .cancel_delay = cancel_delay},
        [&](auto, std::string_view bytes) { said += bytes; });
    run.out = fetch(file("out")).value_or("");
    run.err = fetch(file("err")).value_or("") + said;
    return run;
}

Result<std::string> CreationRecord::outcome(SteadyTime deadline) const {
    const auto signs = std::chrono::steady_clock::now() + kFirstSigns;
    while (!fetch(file("done"))) {
        const bool begun = fs::exists(file("out"));
        if (!process::is_running_with(kMarker, stem_.string())) {
            if (begun) break;
            if (std::chrono::steady_clock::now() >= signs) return std::string();
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            return fail(Error{.message = "create_command still runs",
                              .place = file("out").string(),
                              .hint = "run `offload cleanup` again when it has ended"});
        }
        std::this_thread::sleep_for(kLook);
    }
    const auto done = fetch(file("done"));
    const auto out = fetch(file("out")).value_or("");
    if (done && text::trim(*done) == "0") return std::string(text::last_non_empty_line(out));
    auto id = id_of_failed_creation(out);
    if (id.empty() && !done) {
        return fail(Error{.message = "create_command was killed before it had printed an ID",
                          .place = file("out").string(),
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
        !line.empty() && line.size() <= kLongestId && quote_id(line) == line &&
        std::ranges::any_of(line, [](unsigned char c) { return std::isdigit(c) != 0; });
    return plausible ? std::string(line) : std::string();
}

}  // namespace offload::provider

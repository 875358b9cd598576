#include "ignore.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>

#include "offload/base/file.hpp"
#include "offload/base/time.hpp"
#include "offload/process/child.hpp"

namespace offload::app {
namespace {

constexpr std::chrono::seconds kGitLimit{30};

// What to write behind `content` so that `line` is its last one.
std::string as_last_line(std::string_view content, std::string_view line) {
    const std::string_view end = content.find("\r\n") != std::string_view::npos ? "\r\n" : "\n";
    const bool open = !content.empty() && content.back() != '\n';
    return fmt::format("{}{}{}", open ? end : "", line, end);
}

}  // namespace

Result<Ignored> ignore_in_git(const std::filesystem::path& folder, const std::string& name) {
    process::Limits limits;
    limits.deadline = steady_now() + kGitLimit;
    const auto asked = process::capture(
        {.argv = {"git", "check-ignore", "--quiet", name + "/"}, .working_folder = folder.string()},
        limits);
    const auto* exited = std::get_if<process::Exited>(&asked.end.how);
    if (exited == nullptr || asked.end.timed_out) return Ignored::No;
    if (exited->status == 0) return Ignored::Already;
    if (exited->status != 1) return Ignored::No;
    const auto file = folder / ".gitignore";
    std::string content;
    std::error_code error;
    if (std::filesystem::exists(file, error)) {
        OFFLOAD_TRY(content, read_file(file));
    }
    std::ofstream out(file, std::ios::binary | std::ios::app);
    out << as_last_line(content, fmt::format("/{}/", name)) << std::flush;
    if (!out) {
        return fail(Error{.message = "cannot write .gitignore",
                          .place = file.string(),
                          .hint = fmt::format("have git ignore {}/ yourself", name)});
    }
    return Ignored::Now;
}

}  // namespace offload::app

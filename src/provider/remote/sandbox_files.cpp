// Files out of a remote sandbox.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "offload/base/file.hpp"
#include "offload/base/glob.hpp"
#include "remote/result_frame.hpp"
#include "remote/sandbox.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPathsBytes = 16 * 1024;  // of one exec or download

bool stays_inside(const fs::path& path) {
    return !path.empty() && path.is_relative() &&
           std::ranges::find(path, fs::path("..")) == path.end();
}

// The folder in which all matches lie: the components before the first that is a pattern.
std::string literal_folder(const std::string& glob) {
    const auto pattern = std::min(glob.find_first_of("*?[\\"), glob.size());
    const auto slash = glob.rfind('/', pattern);
    return slash == std::string::npos ? "." : glob.substr(0, slash);
}

Result<std::string> normal_glob(std::string glob) {
    while (glob.starts_with("./")) glob.erase(0, 2);
    if (!stays_inside(glob)) {
        return fail(
            Error{.message = fmt::format("download_globs: {} leaves the folder of the tests", glob),
                  .place = {},
                  .hint = "globs are relative to that folder and hold no `..`"});
    }
    return glob;
}

}  // namespace

Result<> RemoteSandbox::ask(const std::string& nonce, const std::string& script,
                            SteadyTime deadline, const FrameHandler& on_frame) {
    bool done = false;
    std::string trouble = "the exec broke off";
    const auto talk = converse(
        nonce, script, {.deadline = deadline, .cancel = {}}, {},
        [&](std::string_view text) {
            if (text == "done") done = true;
            if (text.starts_with("fail ")) trouble = text.substr(5);
            on_frame(text);
        },
        [](auto, auto) {});
    if (!done) return fail(transport_error(talk, trouble));
    return {};
}

Result<> RemoteSandbox::download_files(const std::vector<std::string>& paths,
                                       const std::string& target, SteadyTime deadline) {
    for (const auto& path : paths) {
        OFFLOAD_CHECK(make_folder((fs::path(target) / path).parent_path()));
    }
    const auto nonce = random_hex(kNonceDigits);
    Result<> written;
    const auto on_frame = [&](std::string_view text) {
        // `file NUMBER ENCODING SIZE BASE64`: the same as an end frame behind its first word.
        if (!text.starts_with("file ") || !written) return;
        auto frame = parse_end_frame(fmt::format("end {}", text.substr(5)));
        if (!frame || !frame->file || frame->status < 0) return;
        const auto number = static_cast<std::size_t>(frame->status);
        if (number >= paths.size()) return;
        written = write_file_atomically(fs::path(target) / paths[number], *frame->file);
    };
    OFFLOAD_CHECK(ask(nonce, fetch_script(nonce, root_, paths), deadline, on_frame));
    return written;
}

Result<std::vector<std::string>> RemoteSandbox::download(const std::vector<std::string>& globs,
                                                         const std::string& target,
                                                         SteadyTime deadline) {
    std::vector<std::string> wanted;
    std::set<std::string> folders;
    for (const auto& glob : globs) {
        OFFLOAD_TRY(auto normal, normal_glob(glob));
        folders.insert(literal_folder(normal));
        wanted.push_back(std::move(normal));
    }
    if (folders.contains(".")) folders = {"."};
    const std::vector<std::string> starts(folders.begin(), folders.end());

    const auto nonce = random_hex(kNonceDigits);
    std::set<std::string> found;
    OFFLOAD_CHECK(ask(
        nonce, list_script(nonce, folder_, root_, starts), deadline, [&](std::string_view text) {
            if (!text.starts_with("file ")) return;
            const auto path = fs::path(text.substr(5)).lexically_normal().generic_string();
            const auto matches = [&](const auto& glob) { return glob_match(glob, path); };
            if (stays_inside(path) && std::ranges::any_of(wanted, matches)) {
                found.insert(path);
            }
        }));

    std::vector<std::string> portion;
    std::size_t bytes = 0;
    for (const auto& path : found) {
        portion.push_back(path);
        bytes += bytes_in_argument(path) + target.size();
        if (bytes < kPathsBytes) continue;
        OFFLOAD_CHECK(download_files(portion, target, deadline));
        portion.clear();
        bytes = 0;
    }
    if (!portion.empty()) OFFLOAD_CHECK(download_files(portion, target, deadline));

    std::vector<std::string> copied;
    for (const auto& path : found) {
        std::error_code error;
        if (fs::is_regular_file(fs::symlink_status(fs::path(target) / path, error))) {
            copied.push_back(path);
        }
    }
    return copied;
}

}  // namespace offload::provider

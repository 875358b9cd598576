// Files out of a remote sandbox.
#include <fmt/format.h>

#include <filesystem>

#include "artefact_globs.hpp"
#include "offload/base/file.hpp"
#include "offload/base/glob.hpp"
#include "remote/result_frame.hpp"
#include "remote/sandbox.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPathsBytes = 16 * 1024;  // of one exec or download

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

Result<Artefacts> RemoteSandbox::download(const ArtefactRequest& request) {
    OFFLOAD_TRY(const auto globs, normal_globs(request.globs));
    const auto nonce = random_hex(kNonceDigits);
    std::vector<std::string> there;
    OFFLOAD_CHECK(ask(nonce,
                      list_script(nonce, folder_, root_, globs,
                                  request.standing ? Listed::StandingAndChanged : Listed::Changed),
                      request.deadline, [&](std::string_view text) {
                          if (!text.starts_with("file ")) return;
                          auto path = fs::path(text.substr(5)).lexically_normal().generic_string();
                          if (stays_inside(path)) there.push_back(std::move(path));
                      }));
    auto artefacts = choose(globs, there);
    artefacts.across_folders = as_written(request.globs, globs, artefacts.across_folders);

    std::vector<std::string> portion;
    std::size_t bytes = 0;
    for (const auto& path : artefacts.files) {
        portion.push_back(path);
        bytes += bytes_in_argument(path) + request.target.size();
        if (bytes < kPathsBytes) continue;
        OFFLOAD_CHECK(download_files(portion, request.target, request.deadline));
        portion.clear();
        bytes = 0;
    }
    if (!portion.empty()) OFFLOAD_CHECK(download_files(portion, request.target, request.deadline));

    std::erase_if(artefacts.files, [&](const auto& path) {
        std::error_code error;
        return !fs::is_regular_file(fs::symlink_status(fs::path(request.target) / path, error));
    });
    return artefacts;
}

}  // namespace offload::provider

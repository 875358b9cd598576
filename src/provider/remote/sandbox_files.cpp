// Files into and out of a remote sandbox.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "artefact_globs.hpp"
#include "files.hpp"
#include "offload/base/file.hpp"
#include "offload/base/glob.hpp"
#include "offload/process/wake.hpp"
#include "remote/result_frame.hpp"
#include "remote/sandbox.hpp"
#include "remote/script.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPathsBytes = 16 * 1024;  // of one exec or download

// Of one exec. Some clients hold all that a command is told in memory.
constexpr std::size_t kPortion = 6 * 1024 * 1024;
// A terminal on the way takes no longer ones.
constexpr std::size_t kLine = 1024;

// Standard input that is known from the beginning.
class KnownInput final : public process::Input {
  public:
    explicit KnownInput(std::string text) : text_(std::move(text)) { wake_.ring(); }

    int descriptor() const override { return wake_.descriptor(); }
    std::string take(bool& end) override {
        end = true;
        return std::move(text_);
    }

  private:
    process::Wake wake_;
    std::string text_;
};

std::string in_lines(std::string_view text) {
    std::string lines;
    lines.reserve(text.size() + text.size() / kLine + 1);
    for (std::size_t at = 0; at < text.size(); at += kLine) {
        lines += text.substr(at, kLine);
        lines += '\n';
    }
    return lines;
}

}  // namespace

Result<> RemoteSandbox::ask(const std::string& nonce, const std::string& script,
                            const process::Limits& limits, const FrameHandler& on_frame,
                            process::Input* input) {
    bool done = false;
    std::string trouble = "the exec broke off";
    const auto talk = converse(
        nonce, script, limits, {.first = {}, .rest = input},
        [&](std::string_view text) {
            if (text == "done") done = true;
            if (text.starts_with("fail ")) trouble = text.substr(5);
            on_frame(text);
        },
        [](auto, auto) {});
    if (done) return {};
    if (talk.end.cancelled) return fail(Error{"it was cancelled"}.with_kind(ErrorKind::Cancelled));
    return fail(transport_error(talk, talk.end.timed_out ? "it took too long" : trouble));
}

Result<> RemoteSandbox::upload(const Upload& upload) {
    if (!is_below(upload.to, folder_)) {
        return fail(Error{fmt::format("{} does not lie in {}", upload.to, folder_)});
    }
    std::ifstream file(upload.from, std::ios::binary);
    if (!file) return fail(Error{fmt::format("cannot read {}", upload.from)});
    std::string portion(kPortion, '\0');
    std::size_t sent = 0;
    do {
        file.read(portion.data(), static_cast<std::streamsize>(portion.size()));
        if (file.bad()) return fail(Error{fmt::format("cannot read {}", upload.from)});
        const auto count = static_cast<std::size_t>(file.gcount());
        if (count == 0 && sent > 0) break;
        auto lines = in_lines(to_base64(std::string_view(portion).substr(0, count)));
        const auto number = std::ranges::count(lines, '\n');
        KnownInput input(std::move(lines));
        const auto nonce = random_hex(kNonceDigits);
        const auto script = upload_script({.nonce = nonce,
                                           .folder = folder_,
                                           .path = upload.to,
                                           .already = sent,
                                           .bytes = count,
                                           .lines = static_cast<std::size_t>(number)});
        OFFLOAD_CHECK(ask(
            nonce, script, {.deadline = upload.deadline, .cancel = upload.cancel}, [](auto) {},
            &input));
        sent += count;
    } while (file);
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
    OFFLOAD_CHECK(ask(nonce, fetch_script(nonce, root_, paths),
                      {.deadline = deadline, .cancel = {}}, on_frame));
    return written;
}

Result<Artefacts> RemoteSandbox::download(const ArtefactRequest& request) {
    OFFLOAD_TRY(const auto globs, normal_globs(request.globs));
    const auto nonce = random_hex(kNonceDigits);
    std::vector<std::string> there;
    OFFLOAD_CHECK(ask(nonce,
                      list_script(nonce, folder_, root_, globs,
                                  request.standing ? Listed::StandingAndChanged : Listed::Changed),
                      {.deadline = request.deadline, .cancel = {}}, [&](std::string_view text) {
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

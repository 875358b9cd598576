// The POSIX shell scripts that run inside a sandbox: they set the scene for a command, and send
// what it left behind back on stdout in frames (see remote/result_frame.hpp). Pure.
//
// They need sh, mkdir, cat, rm, and, for files and results, base64, and gzip or else tr and wc;
// they start as few processes as they can. Frames, in order: `begin`; `ready` once files and
// folders stand; `end …`. Or, in place of the rest, `fail TEXT`: the sandbox could not do it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "offload/process/child.hpp"
#include "offload/provider/provider.hpp"

namespace offload::provider {

struct BatchScript {
    std::string nonce;
    std::string folder;  // the sandbox's own, below /tmp; made when it is not there
    std::string root;    // where the command runs; empty: wherever the exec starts
    std::span<const File> files;
    // True for a file that an earlier exec has put there: it is only checked.
    std::function<bool(const File&)> stands;
    const Variables* sandbox_env = nullptr;
    const Variables* request_env = nullptr;  // wins over the sandbox's
    std::string_view command;
    std::optional<std::string> result_file;
    bool environment_on_stdin = false;  // as environment_text(), before anything else
    bool passes_stdin = false;
    bool keeps_track_of_files = false;  // list_script() will be asked for what the command makes
};

std::string batch_script(const BatchScript& batch);

// What a script that waits for its environment reads first; `wins` over `sandbox`. Some kilobytes
// at most: the shell reads byte by byte, so as to leave the rest to the command.
std::string environment_text(std::string_view nonce, const Variables& sandbox,
                             const Variables& wins);

// The standard input of a script, in this order. Neither: it has none.
struct ScriptInput {
    std::string first;
    process::Input* rest = nullptr;  // borrowed for as long as the script runs
};

// A part of a file that the script is told on its standard input.
struct UploadScript {
    std::string nonce;
    std::string folder;       // as a BatchScript's
    std::string path;         // in there
    std::size_t already = 0;  // bytes that earlier parts have put there
    std::size_t bytes = 0;    // of this part,
    std::size_t lines = 0;    // in so many lines of base64
};

// Ends with a frame `done` once the file holds as many bytes as it should.
std::string upload_script(const UploadScript& upload);

// Says `begin` and nothing else, and ends after the pause.
std::string probe_script(std::string_view nonce, std::chrono::seconds pause);

// Files that have changed since the last batch began, or those as well that nothing has changed
// since the first one did.
enum class Listed { Changed, StandingAndChanged };

// One frame `file PATH` for each such file (relative to `root`) that one of the globs could match,
// as normal_globs() makes them. Names that hold newlines are left out.
std::string list_script(std::string_view nonce, std::string_view folder, std::string_view root,
                        std::span<const std::string> globs, Listed listed);

// For each of `paths` a frame `file NUMBER …`, like an end frame; numbers count from 0. Those that
// cannot be read are left out.
std::string fetch_script(std::string_view nonce, std::string_view root,
                         std::span<const std::string> paths);

// The script as the one argument that an exec command takes for {command}.
std::string as_argument(std::string_view script);

// Bytes that `piece`, a part of a script, takes in there.
std::size_t bytes_in_argument(std::string_view piece);

// Error: one that a shell cannot export; `place` is where they are written.
Result<> check_variable_names(const Variables& variables, const std::string& place);

}  // namespace offload::provider

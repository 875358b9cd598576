// A build that is made once, on this machine, and goes as nextest's archive into sandboxes
// elsewhere. These need cargo-nextest and the workspace's files, but neither cargo nor a compiler.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cargo/nextest_args.hpp"

namespace offload::framework::nextest {

// What an archive holds depends on these words alone.
std::vector<std::string> archived_words(const Arguments& arguments);

std::string archive_path(const std::string& folder, const std::string& name);

// Makes the archive at `path`, unless one that another group's discovery has made there is
// finished, and then prints of it what read_archive() reads.
std::string archive_command(const Arguments& arguments, const std::string& path);

struct Archive {
    std::size_t bytes = 0;
    std::string workspace;  // its root, relative to where commands run: ".", "..", "rust"
};
// Nothing: `text` is not what archive_command() prints.
std::optional<Archive> read_archive(std::string_view text);

// In the place of `cargo nextest`: a shell function that unpack_once() defines.
constexpr std::string_view kUnpackedNextest = "offload_nextest";

// Sets the positional parameters to what tells nextest of the archive at `base`.tar.zst. It is
// unpacked by the first batch in its sandbox. `|| exit`: with nextest's status.
std::string unpack_once(const Arguments& arguments, const std::string& base,
                        const std::string& workspace);

}  // namespace offload::framework::nextest

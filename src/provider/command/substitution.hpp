// The text of lifecycle commands: placeholders and appended flags. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "offload/config/config.hpp"

namespace offload::provider {

// A placeholder's name without braces, and the text that stands for it, quoted already.
using Replacement = std::pair<std::string_view, std::string_view>;

// One pass: what a replacement brings in is not searched again. Other braces stay, and so does a
// shell's own ${name}.
std::string substitute(std::string_view text, std::span<const Replacement> replacements);

// An ID that came from a program's output: unchanged when it consists of letters, digits and
// `._:/@-`, else in quotes.
std::string quote_id(std::string_view id);

struct PrepareFlags {
    std::span<const config::CopyDir> copy_dirs;
    bool calls_bundled = false;  // the command as the user wrote it
    bool no_cache = false;
    std::optional<std::string> init = {};  // sandbox_init_cmd, of which bundled scripts know
};

// `command` with --copy-dir=LOCAL:REMOTE for each folder; with --sandbox-init-cmd=COMMAND for one
// of the user's own; with --cached unless it is there, for
// bundled scripts only; and without any --cached where no_cache is set.
std::string with_prepare_flags(std::string_view command, const PrepareFlags& flags);

}  // namespace offload::provider

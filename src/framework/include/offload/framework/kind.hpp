// A kind of framework: what the config must know of it, and how one is made. Each kind declares
// itself in its own folder, in kind.cpp; registry.cpp lists them.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "offload/base/error.hpp"
#include "offload/config/config.hpp"
#include "offload/config/kind.hpp"
#include "offload/model/line_rank.hpp"

namespace offload::framework {

class Framework;

struct Kind {
    config::FrameworkKind declared;
    // `config` names this kind. Error: it is known, but not built.
    Result<std::unique_ptr<Framework>> (*make)(const config::Config& config);
    // Which lines of a failure say what was wrong, as its runner words them. Null: nothing of its
    // own, beside what programs print under any runner.
    void (*rank_lines)(std::span<const std::string_view> lines,
                       std::span<LineRank> ranks) = nullptr;
    // The same options for tests of which none runs beside another, and nothing may tell them so:
    // as they run without Offload. Null: that is what all options of the kind say.
    std::shared_ptr<const config::FrameworkOptions> (*plain)(
        const config::FrameworkOptions& options) = nullptr;
};

// As Kind::plain of the kind that it names.
config::Framework plain(config::Framework framework);

// All there are, in the order in which they are listed.
std::span<const Kind* const> kinds();

// For what tests of a framework of this type leave to read.
LineRanker line_ranker(std::string_view type);

}  // namespace offload::framework

#include "offload/checkpoint/decision.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "offload/base/text.hpp"

namespace offload::checkpoint {
namespace {

using nlohmann::json;

void collect_differences(const json& stored, const json& wanted, const std::string& path,
                         std::vector<std::string>& out) {
    if (stored == wanted) return;
    if (!stored.is_object() || !wanted.is_object()) {
        out.push_back(path.empty() ? "recipe" : path);
        return;
    }
    std::set<std::string> keys;
    for (const auto* side : {&stored, &wanted}) {
        for (const auto& [key, value] : side->items()) keys.insert(key);
    }
    for (const auto& key : keys) {
        const auto below = path.empty() ? key : fmt::format("{}.{}", path, key);
        if (stored.contains(key) && wanted.contains(key)) {
            collect_differences(stored[key], wanted[key], below, out);
        } else {
            out.push_back(below);
        }
    }
}

std::string first_of(const std::vector<std::string>& paths) {
    constexpr std::size_t kShown = 3;
    const auto shown = std::min(kShown, paths.size());
    return fmt::format(
        "{}{}", fmt::join(paths.begin(), paths.begin() + static_cast<long>(shown), ", "),
        shown < paths.size() ? fmt::format(" and {} more", paths.size() - shown) : "");
}

// Why the image cannot be one of the checkpoint's tree; nothing where it can.
std::optional<Decision> without_checkpoint(const Facts& facts) {
    const auto because = [](std::string why, std::string hint = {}) {
        return Decision{.why = std::move(why), .hint = std::move(hint)};
    };
    if (!facts.no_git.empty()) return because("git cannot tell the checkpoint: " + facts.no_git);
    if (!facts.has_inputs) return because("[checkpoint] build_inputs is empty");
    if (!facts.commit) {
        return because("no commit has changed a file that [checkpoint] build_inputs names",
                       "commit them, or see whether the names are right");
    }
    if (facts.cut_off) {
        return because(
            "this clone is shallow, and its history ends before the checkpoint",
            "fetch all of it: `git fetch --unshallow`; actions/checkout: fetch-depth: 0");
    }
    if (!facts.edited.empty()) {
        return because(fmt::format("build inputs have changes that are not committed: {}",
                                   first_of(facts.edited)),
                       "an image of theirs is shared once they are committed");
    }
    if (facts.submodules) {
        return because("the repository has submodules, whose files are no part of its commits");
    }
    if (!facts.unkeyed.empty()) return because(facts.unkeyed);
    return {};
}

Decision on_entry(const Facts& facts, const Entry& entry) {
    Decision decision{.base = Base::Note, .mode = Mode::Thin, .entry = entry, .why = {}};
    if (facts.differing == std::size_t{0} && !facts.completes) {
        decision.mode = Mode::Cached;
        decision.why = "nothing differs from the checkpoint";
    } else if (facts.differing && *facts.differing > 0) {
        decision.why = fmt::format("{} from the checkpoint",
                                   text::count(*facts.differing, "file differs", "files differ"));
    } else if (facts.differing) {
        decision.why = "post_patch_cmd is run";
    }
    return decision;
}

}  // namespace

std::string_view name_of(Mode mode) {
    switch (mode) {
        case Mode::Built:
            return "built";
        case Mode::Thin:
            return "thin";
        case Mode::Cached:
            return "cached";
    }
    return "";
}

Match match(const Entry& entry, const nlohmann::json& recipe) {
    if (entry.recipe.is_null()) {
        return {.words = "has no recipe: written by an older version, never used"};
    }
    Match out;
    collect_differences(entry.recipe, recipe, "", out.differences);
    if (!out.differences.empty()) {
        out.words = fmt::format("differs: {}", fmt::join(out.differences, ", "));
    } else if (entry.image_id.empty()) {
        out.words = "names no image";
    } else {
        out.serves = true;
        out.words = "matches";
    }
    return out;
}

Decision decide(const Facts& facts) {
    if (auto decision = without_checkpoint(facts)) return *std::move(decision);
    if (!facts.no_cache) {
        const auto serving =
            std::find_if(facts.entries.begin(), facts.entries.end(),
                         [&](const Entry& entry) { return match(entry, facts.recipe).serves; });
        if (serving != facts.entries.end()) return on_entry(facts, *serving);
    }
    return {.base = Base::Checkpoint,
            .mode = Mode::Built,
            .entry = {},
            .why = facts.no_cache          ? "--no-cache"
                   : facts.entries.empty() ? "no image of the checkpoint is noted"
                                           : "no image that is noted was made in this way"};
}

std::string_view short_name(std::string_view commit) {
    constexpr std::size_t kDigits = 10;
    return commit.substr(0, kDigits);
}

}  // namespace offload::checkpoint

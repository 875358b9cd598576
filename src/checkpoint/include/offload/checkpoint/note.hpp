// The text of a git note on a commit: which base images were built of that commit's tree. Pure.
//
// A JSON object of entries, each under a name that is only a label:
//
//     {"recipe:0f3a…": {"image_id": "im-…", "recipe": {…}, "built_at": "2026-01-31T12:00:00Z", …}}
//
// The format is that of the Rust program (0.10), with which notes are shared. What else an entry
// holds is kept as it is. An entry without a recipe is one of its older versions.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "offload/base/error.hpp"

namespace offload::checkpoint {

// The ref that the notes are under.
inline constexpr std::string_view kNotesRef = "refs/notes/offload-images";

struct Entry {
    std::string name;
    std::string image_id;        // may be empty, where somebody has written such a thing
    nlohmann::json recipe = {};  // null: it has none
    std::string tree = {};       // digest of the sources in the image; empty: not told
    std::string config_path = {};
    std::string version = {};
    std::string built_at = {};  // ISO 8601
};

// In the order of their names. Several objects one after the other, as git's own merging leaves
// them, count as one. Error: it is no such text.
Result<std::vector<Entry>> parse_note(std::string_view text);

// `text` (may be empty, or no note at all) with the entry, in place of one of its name.
std::string with_entry(std::string_view text, const Entry& entry);

// What two machines have written, as one text; where both have an entry of one name, the one that
// was built later. The same whichever comes first.
std::string joined(std::string_view one, std::string_view other);

// The label of a recipe.
std::string recipe_name(const nlohmann::json& recipe);

}  // namespace offload::checkpoint

// Which image a run is to start from, given what git, its notes and the config say. Pure: whoever
// gathers the facts, and whoever builds, is elsewhere.
//
// The checkpoint is the nearest ancestor of HEAD that changes a build input; an image of its tree
// is the base of every run until the next one, and the difference to the working tree a thin layer.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "offload/checkpoint/note.hpp"

namespace offload::checkpoint {

struct Facts {
    // Why git can say nothing, in its words; empty: it can, and what follows is known.
    std::string no_git = {};
    std::string head = {};
    bool has_inputs = true;                  // build_inputs names something
    std::optional<std::string> commit = {};  // the checkpoint
    std::size_t distance = 0;                // commits from there to HEAD
    bool cut_off = false;     // the clone is shallow, and its history ends at this commit
    bool submodules = false;  // whose files no commit of this repository has
    std::vector<std::string> edited = {};  // build inputs that are not as HEAD has them
    std::string unkeyed = {};              // why there is no recipe; empty: there is one

    nlohmann::json recipe = {};       // all that makes the base image besides the commit's tree
    std::vector<Entry> entries = {};  // of the note on the checkpoint
    bool no_cache = false;            // entries are not to be used
    bool completes = false;           // a command is run on top of each working tree
    std::optional<std::size_t> differing = {};  // files, from the checkpoint; nothing: not counted
};

// Where the base image comes from.
enum class Base { Note, Checkpoint, WorkingTree };

// What has to be built: all of it; the thin layer; nothing.
enum class Mode { Built, Thin, Cached };
std::string_view name_of(Mode mode);  // "built", "thin", "cached"

// Why an entry of the note serves, or does not.
struct Match {
    bool serves = false;
    // Where its recipe is another one, as paths ("builder.modal.script"); empty in other cases.
    std::vector<std::string> differences = {};
    std::string words = {};  // "matches", "differs: …", …
};
Match match(const Entry& entry, const nlohmann::json& recipe);

struct Decision {
    Base base = Base::WorkingTree;
    Mode mode = Mode::Built;
    std::optional<Entry> entry = {};  // Base::Note: the one that serves
    std::string why;                  // for people
    std::string hint = {};            // the way to something better; may be empty
};

// Base::WorkingTree wherever an image of the checkpoint's tree would not be what is asked for.
Decision decide(const Facts& facts);

// "0123456789": what a commit is called before people.
std::string_view short_name(std::string_view commit);

}  // namespace offload::checkpoint

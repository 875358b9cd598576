// What a key of offload.toml is, said once. Reading it and naming its problems, hints for misspelt
// keys, the summary, the templates of `init`, the JSON schema and the reference all follow from it.
//
// The type and the default are those of the member that holds the value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "offload/base/time.hpp"
#include "offload/config/values.hpp"

namespace offload::config {

// The first version whose configs have a key.
enum class Era { V0_4, V0_9, V0_10, V1_0 };
std::string_view to_string(Era era);  // "0.4"

// Who expands ${VAR} in a text.
enum class Expander {
    Here,          // this program, at load
    HostShell,     // a shell on this machine: checked at load, left as it is
    SandboxShell,  // a shell in the sandbox: neither checked nor touched
};

struct Range {
    std::size_t least = 0;
    std::size_t most = std::numeric_limits<std::uint32_t>::max();
};
inline constexpr Range kSeconds{1, 1'000'000'000};
inline constexpr Range kParallel{1, 1'000'000};

// How a value is checked, and what is said of it beyond its type.
struct Rule {
    Expander expander = Expander::Here;     // of texts
    Range range = {};                       // of whole numbers
    std::string zero = {};                  // of these: a word in the file that is kept as 0
    double above = 0;                       // of other numbers: greater than this
    std::vector<std::string> choices = {};  // of an enum, in the order of its values
    bool words = false;                     // of lists: one text that splits into shell words
    // Of texts: the {word}s that stand for something in it; one that only resembles a known word is
    // an error. Nothing: it is not looked at.
    std::optional<std::vector<std::string>> placeholders = {};
    bool table = false;          // of texts: a table in the file, kept as JSON; default "{}"
    bool joined = false;         // of texts: also a list, which is joined with commas
    bool required = false;       // of texts: missing or empty is an error
    std::string if_empty = {};   // of texts: what to do about an empty one, which is an error
    std::string example = {};    // a value in TOML, for one who has left it out
    std::string otherwise = {};  // what counts where it is absent or 0, for people
    bool shown = true;           // has a line of its own in the summary
    bool deprecated = false;     // understood, and without any effect
};

// The member of an enum, by the number of its value.
struct Choice {
    std::function<std::size_t()> get;
    std::function<void(std::size_t)> set;
};

// Where the value of a key is kept. std::monostate: nowhere.
using Slot = std::variant<std::monostate, bool*, std::size_t*, std::optional<std::size_t>*,
                          std::chrono::seconds*, double*, std::optional<double>*,
                          std::optional<Seconds>*, std::string*, std::optional<std::string>*,
                          std::vector<std::string>*, std::vector<CopyDir>*, Environment*, Choice>;

struct Key {
    std::string name;
    Era era = Era::V1_0;
    std::string doc;  // one sentence or two, in Markdown
    Rule rule = {};
    std::function<Slot(void*)> slot;  // in an object of the type that it was declared for
};
using Keys = std::vector<Key>;

template <class Member>
Slot slot_of(Member* member) {
    if constexpr (std::is_enum_v<Member>) {
        return Choice{.get = [member] { return static_cast<std::size_t>(*member); },
                      .set = [member](std::size_t value) { *member = static_cast<Member>(value); }};
    } else {
        return member;
    }
}

template <class Options, class Member>
Key key(std::string name, Member Options::* member, Era era, std::string doc, Rule rule = {}) {
    return {.name = std::move(name),
            .era = era,
            .doc = std::move(doc),
            .rule = std::move(rule),
            .slot = [member](void* options) {
                return slot_of(&(static_cast<Options*>(options)->*member));
            }};
}

}  // namespace offload::config

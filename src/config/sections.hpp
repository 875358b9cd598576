// The sections that every config may have, declared like the kinds' own keys.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "offload/config/kind.hpp"

namespace offload::config {

struct SectionDeclaration {
    std::string name;                          // "groups.NAME": one for each group
    std::string doc;                           // in Markdown
    Keys keys;                                 // besides those of the section's kinds
    std::shared_ptr<void> defaults = nullptr;  // an object of the type that they are declared for
    std::optional<Key> named = {};             // what every key that users name is like
};

// In the order in which a file has them best.
std::span<const SectionDeclaration> sections();
const SectionDeclaration& declaration_of(std::string_view section);
const Keys& keys_of(std::string_view section);

// All keys of a section: its own, and those of its kinds. Other sections have one entry.
struct KeysOfKind {
    std::vector<std::string> types;  // empty: of every type
    const Keys* keys;
};
std::vector<KeysOfKind> all_keys_of(const SectionDeclaration& section, const Kinds& kinds);

// What to say of a key that [section] does not know; `type` is the section's `type`, or "".
// Groups are asked for as "groups.NAME", keys outside every section as "".
std::string hint_for_unknown_key(const Kinds& kinds, std::string_view section,
                                 std::string_view type, std::string_view key);

// "offload", "groups", …: the tables at the file's top.
std::vector<std::string> known_sections();

}  // namespace offload::config

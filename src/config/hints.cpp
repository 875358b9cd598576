// A misspelt or misplaced key is compared with all that there are.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "offload/base/text.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

struct KnownKey {
    std::string section;
    std::vector<std::string> types;  // empty: every type of the section
    std::string key;

    bool belongs(std::string_view there, std::string_view type) const {
        return section == there && (types.empty() || std::ranges::find(types, type) != types.end());
    }
    std::string home() const {
        return types.empty() ? fmt::format("[{}]", section)
                             : fmt::format("[{}] of type \"{}\"", section, types.front());
    }
};

bool has_key(const Keys& keys, std::string_view name) {
    return std::ranges::any_of(keys, [&](const Key& key) { return key.name == name; });
}

// Keys that every kind of a section has belong to the section.
std::vector<KnownKey> known_keys(const Kinds& kinds) {
    std::vector<KnownKey> out;
    for (const auto& section : sections()) {
        const auto parts = all_keys_of(section, kinds);
        const bool typed = parts.size() > 1;
        if (typed) out.push_back({section.name, {}, "type"});
        for (const auto& part : parts) {
            for (const auto& key : *part.keys) {
                const bool everywhere =
                    typed && !part.types.empty() &&
                    std::all_of(parts.begin() + 1, parts.end(), [&](const KeysOfKind& other) {
                        return has_key(*other.keys, key.name);
                    });
                KnownKey known{section.name, everywhere ? std::vector<std::string>{} : part.types,
                               key.name};
                const bool again = everywhere && &part != &parts[1];
                if (!again) out.push_back(std::move(known));
            }
        }
    }
    return out;
}

}  // namespace

std::string hint_for_unknown_key(const Kinds& kinds, std::string_view section,
                                 std::string_view type, std::string_view key) {
    const auto all = known_keys(kinds);
    std::vector<std::string> here;
    std::vector<std::string> homes;
    for (const auto& known : all) {
        if (known.belongs(section, type)) {
            here.push_back(known.key);
        } else if (known.key == key) {
            homes.push_back(known.home());
        }
    }
    if (!homes.empty()) {
        return fmt::format("{} belongs to {}", key, fmt::join(homes, " or "));
    }
    if (section.empty()) here = known_sections();
    if (const auto near = text::nearest(key, here); !near.empty()) {
        return section.empty() ? fmt::format("did you mean [{}]?", near)
                               : fmt::format("did you mean {}?", near);
    }
    std::vector<std::string> elsewhere;
    for (const auto& known : all) elsewhere.push_back(known.key);
    if (const auto near = text::nearest(key, elsewhere); !near.empty()) {
        const auto home = std::ranges::find(all, near, &KnownKey::key);
        return fmt::format("did you mean {}? It belongs to [{}]", near, home->section);
    }
    return section.empty() ? fmt::format("the sections are {}", fmt::join(here, ", "))
                           : fmt::format("[{}] knows {}", section, fmt::join(here, ", "));
}

}  // namespace offload::config

#include "offload/checkpoint/note.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

#include "offload/base/text.hpp"

namespace offload::checkpoint {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// By what two entries of one name are told apart: the later one, and any order where that is equal.
std::pair<std::string, std::string> rank(const json& entry) {
    return {text_of(entry, "built_at"), entry.dump()};
}

void take(json& entries, const std::string& name, const json& entry) {
    const auto known = entries.find(name);
    if (known == entries.end()) {
        entries[name] = entry;
    } else if (rank(*known) < rank(entry)) {
        *known = entry;
    }
}

// Where the object that begins at the text's first byte ends: behind its closing brace.
std::size_t end_of_object(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return text.size();
}

// All objects of the text as one; nothing where it is something else.
std::optional<json> read(std::string_view text) {
    json entries = json::object();
    for (text = text::trim(text); !text.empty(); text = text::trim(text)) {
        if (text.front() != '{') return {};
        const auto end = end_of_object(text);
        const auto part = json::parse(text.substr(0, end), nullptr, false);
        if (!part.is_object()) return {};
        for (const auto& [name, entry] : part.items()) {
            if (entry.is_object()) take(entries, name, entry);
        }
        text.remove_prefix(end);
    }
    return entries;
}

std::string to_text(const json& entries) {
    constexpr int kIndent = 2;
    return entries.dump(kIndent, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<std::vector<Entry>> parse_note(std::string_view text) {
    const auto entries = read(text);
    if (!entries) return fail("a note that is no JSON object of images");
    std::vector<Entry> out;
    for (const auto& [name, entry] : entries->items()) {
        out.push_back({.name = name,
                       .image_id = text_of(entry, "image_id"),
                       .recipe = entry.value("recipe", json()),
                       .tree = text_of(entry, "tree"),
                       .config_path = text_of(entry, "config_path"),
                       .version = text_of(entry, "offload_version"),
                       .built_at = text_of(entry, "built_at")});
    }
    return out;
}

std::string with_entry(std::string_view text, const Entry& entry) {
    auto entries = read(text).value_or(json::object());
    json written{{"image_id", entry.image_id}};
    if (!entry.recipe.is_null()) written["recipe"] = entry.recipe;
    const std::pair<const char*, const std::string*> others[] = {
        {"tree", &entry.tree},
        {"config_path", &entry.config_path},
        {"offload_version", &entry.version},
        {"built_at", &entry.built_at}};
    for (const auto& [key, value] : others) {
        if (!value->empty()) written[key] = *value;
    }
    entries[entry.name] = std::move(written);
    return to_text(entries);
}

std::string joined(std::string_view one, std::string_view other) {
    auto entries = read(one).value_or(json::object());
    const auto more = read(other).value_or(json::object());
    for (const auto& [name, entry] : more.items()) take(entries, name, entry);
    return to_text(entries);
}

std::string recipe_name(const nlohmann::json& recipe) {
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
    for (const char c : recipe.dump()) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return fmt::format("recipe:{:016x}", hash);
}

}  // namespace offload::checkpoint

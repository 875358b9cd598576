#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "offload/config/reference.hpp"
#include "sections.hpp"
#include "value.hpp"

namespace offload::config {
namespace {

// Keys stay in the order of their declaration: completion offers them so.
using Json = nlohmann::ordered_json;

Json property(const Key& key, void* options) {
    Json out = Json::parse(type_schema(key, options).dump());
    out["description"] = key.doc;
    const auto value = as_json(key, options);
    const bool empty = value.is_null() || (value.is_string() && value.get<std::string>().empty());
    if (!empty && !key.rule.required) out["default"] = Json::parse(value.dump());
    if (key.rule.deprecated) out["deprecated"] = true;
    return out;
}

void add(Json& object, const Keys& keys, void* options) {
    for (const auto& key : keys) {
        object["properties"][key.name] = property(key, options);
        if (key.rule.required) object["required"].push_back(key.name);
    }
}

Json object_schema(std::string_view doc) {
    return {{"type", "object"},
            {"description", doc},
            {"properties", Json::object()},
            {"additionalProperties", false}};
}

// One schema for each kind; `type` says which of them holds.
template <class Kind>
Json kinds_schema(const SectionDeclaration& section, const std::vector<const Kind*>& kinds,
                  const std::function<void(const Kind&, Json&)>& more) {
    Json choices = Json::array();
    for (const auto* kind : kinds) {
        Json out = object_schema(kind->doc);
        out["title"] = fmt::format("{} {}", kind->names.front(), section.name);
        out["properties"]["type"] = {{"enum", kind->names}, {"description", kind->doc}};
        out["required"] = {"type"};
        const auto options = kind->fresh();
        add(out, kind->keys, dynamic_cast<void*>(options.get()));
        add(out, section.keys, section.defaults.get());
        if constexpr (std::is_same_v<Kind, ProviderKind>) {
            if (const auto& pair = kind->exactly_one) {
                out["oneOf"] = {{{"required", {pair->one}}}, {{"required", {pair->other}}}};
            }
        }
        more(*kind, out);
        choices.push_back(std::move(out));
    }
    return {{"description", section.doc}, {"oneOf", std::move(choices)}};
}

Json section_schema(const SectionDeclaration& section, const Kinds& kinds) {
    if (section.name == "provider") {
        return kinds_schema<ProviderKind>(section, kinds.providers,
                                          [](const ProviderKind&, Json&) {});
    }
    if (section.name == "framework") {
        return kinds_schema<FrameworkKind>(
            section, kinds.frameworks, [](const FrameworkKind& kind, Json& out) {
                // A kind without one demands it in some cases, which reading alone can tell.
                if (!kind.test_id_format.empty()) {
                    out["properties"]["test_id_format"]["default"] = kind.test_id_format;
                }
            });
    }
    Json out = object_schema(section.doc);
    add(out, section.keys, section.defaults.get());
    if (section.named) {
        out["additionalProperties"] = property(*section.named, section.defaults.get());
    }
    return out;
}

}  // namespace

std::string json_schema(const Kinds& kinds) {
    Json out = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "offload.toml"},
                {"type", "object"},
                {"additionalProperties", false},
                {"required", {"provider", "framework", "groups"}},
                {"properties", Json::object()}};
    for (const auto& section : sections()) {
        Json schema = section_schema(section, kinds);
        if (section.name == "groups.NAME") {
            out["properties"]["groups"] = {{"type", "object"},
                                           {"description", section.doc},
                                           {"minProperties", 1},
                                           {"additionalProperties", std::move(schema)}};
        } else {
            out["properties"][section.name] = std::move(schema);
        }
    }
    constexpr int kIndent = 2;
    return out.dump(kIndent) + '\n';
}

}  // namespace offload::config

#include "value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "offload/base/shell.hpp"

namespace offload::config {
namespace {

using nlohmann::json;

std::vector<std::string> texts_of(const std::vector<CopyDir>& pairs) {
    std::vector<std::string> out;
    for (const auto& pair : pairs) out.push_back(pair.local + ":" + pair.remote);
    return out;
}

std::string quoted(const json& text) { return fmt::format("\"{}\"", text.get<std::string>()); }

}  // namespace

json as_json(const Key& key, void* options) {
    const Rule& rule = key.rule;
    return std::visit(
        Overloaded{
            [](std::monostate) -> json { return nullptr; },
            [&](const Choice& choice) -> json { return rule.choices.at(choice.get()); },
            [&](std::size_t* value) -> json {
                return *value == 0 && !rule.zero.empty() ? json(rule.zero) : json(*value);
            },
            [](std::chrono::seconds* value) -> json { return value->count(); },
            [](std::optional<std::size_t>* value) -> json {
                return *value ? json(**value) : json(nullptr);
            },
            [](std::optional<Seconds>* value) -> json {
                return *value ? json((*value)->count()) : json(nullptr);
            },
            [](std::optional<double>* value) -> json {
                return *value ? json(**value) : json(nullptr);
            },
            [](std::optional<std::string>* value) -> json {
                return *value ? json(**value) : json(nullptr);
            },
            [&](std::string* value) -> json {
                if (rule.table) return json::parse(*value, nullptr, false);
                return value->empty() && rule.required ? json(nullptr) : json(*value);
            },
            [&](std::vector<std::string>* value) -> json {
                return rule.words ? json(shell::join(*value)) : json(*value);
            },
            [](std::vector<CopyDir>* value) -> json { return texts_of(*value); },
            [](Environment* value) -> json { return json(*value); },
            [](auto* value) -> json { return *value; },
        },
        key.slot(options));
}

std::optional<std::string> shown(const Key& key, void* options) {
    const json value = as_json(key, options);
    if (value.is_null()) return {};
    if (value.is_string()) return quoted(value);
    if (value.is_array()) {
        std::vector<std::string> texts;
        for (const auto& each : value) texts.push_back(quoted(each));
        return fmt::format("[{}]", fmt::join(texts, ", "));
    }
    if (value.is_number_float()) return fmt::format("{}", value.get<double>());
    if (value.is_number() && value == 0 && !key.rule.otherwise.empty()) {
        return fmt::format("0 ({})", key.rule.otherwise);
    }
    return value.dump();
}

std::string type_for_people(const Key& key, void* options) {
    const Rule& rule = key.rule;
    const auto text = [&]() -> std::string {
        return rule.table ? "table" : rule.joined ? "text or list of texts" : "text";
    };
    return std::visit(
        Overloaded{
            [](std::monostate) -> std::string { return "true or false"; },
            [](bool*) -> std::string { return "true or false"; },
            [&](const Choice&) -> std::string {
                std::vector<std::string> names;
                for (const auto& name : rule.choices) names.push_back("`\"" + name + "\"`");
                return fmt::format("{}", fmt::join(names, " or "));
            },
            [&](std::size_t*) -> std::string {
                return fmt::format("integer ≥ {}{}", rule.range.least,
                                   rule.zero.empty() ? "" : fmt::format(" or `\"{}\"`", rule.zero));
            },
            [&](std::optional<std::size_t>*) -> std::string {
                return fmt::format("integer ≥ {}", rule.range.least);
            },
            [&](std::chrono::seconds*) -> std::string {
                return fmt::format("integer ≥ {}", rule.range.least);
            },
            [&](double*) -> std::string { return fmt::format("number > {}", rule.above); },
            [&](std::optional<double>*) -> std::string {
                return fmt::format("number > {}", rule.above);
            },
            [&](std::optional<Seconds>*) -> std::string {
                return fmt::format("number > {}", rule.above);
            },
            [&](std::string*) { return text(); },
            [&](std::optional<std::string>*) { return text(); },
            [&](std::vector<std::string>*) -> std::string {
                return rule.words ? "text, split as a shell would" : "list of texts";
            },
            [](std::vector<CopyDir>*) -> std::string { return "list of `\"LOCAL:REMOTE\"`"; },
            [](Environment*) -> std::string { return "table of texts"; },
        },
        key.slot(options));
}

json type_schema(const Key& key, void* options) {
    const Rule& rule = key.rule;
    const json text = {{"type", "string"}};
    const json texts = {{"type", "array"}, {"items", text}};
    const auto whole = [&]() -> json {
        return {{"type", "integer"}, {"minimum", rule.range.least}, {"maximum", rule.range.most}};
    };
    const auto number = [&]() -> json {
        return {{"type", "number"}, {"exclusiveMinimum", rule.above}};
    };
    const auto one_text = [&]() -> json {
        if (rule.table) return {{"type", "object"}};
        if (rule.joined) return {{"anyOf", {text, texts}}};
        json out = text;
        if (rule.required || !rule.if_empty.empty()) out["minLength"] = 1;
        return out;
    };
    return std::visit(Overloaded{
                          [](std::monostate) -> json { return {{"type", "boolean"}}; },
                          [](bool*) -> json { return {{"type", "boolean"}}; },
                          [&](const Choice&) -> json { return {{"enum", rule.choices}}; },
                          [&](std::size_t*) -> json {
                              if (rule.zero.empty()) return whole();
                              return {{"anyOf", {whole(), {{"const", rule.zero}}}}};
                          },
                          [&](std::optional<std::size_t>*) { return whole(); },
                          [&](std::chrono::seconds*) { return whole(); },
                          [&](double*) { return number(); },
                          [&](std::optional<double>*) { return number(); },
                          [&](std::optional<Seconds>*) { return number(); },
                          [&](std::string*) { return one_text(); },
                          [&](std::optional<std::string>*) { return one_text(); },
                          [&](std::vector<std::string>*) { return rule.words ? text : texts; },
                          [](std::vector<CopyDir>*) -> json {
                              return {{"type", "array"},
                                      {"items", {{"type", "string"}, {"pattern", "^[^:]+:.+$"}}}};
                          },
                          [](Environment*) -> json {
                              return {{"type", "object"},
                                      {"additionalProperties",
                                       {{"type", {"string", "integer", "number", "boolean"}}}}};
                          },
                      },
                      key.slot(options));
}

}  // namespace offload::config

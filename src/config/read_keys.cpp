// Reads what keys declare: each value by the type of its member, checked by its rule.
#include <fmt/format.h>

#include <algorithm>

#include "offload/base/text.hpp"
#include "placeholders.hpp"
#include "reader.hpp"
#include "value.hpp"

namespace offload::config {
namespace {

template <class Member, class Value>
void keep(Member* member, std::optional<Value> value) {
    if (value) *member = Member(*std::move(value));
}

}  // namespace

// A list, as Cargo's own metadata has it, or one text, as its command line.
std::optional<std::string> TableReader::joined(std::string_view key) {
    const toml::node* node = find(key);
    if (node == nullptr) return {};
    if (node->is_string()) return text(key);
    if (!node->is_array()) {
        wrong_type(*node, full(key), "an array of strings, or one string");
        return {};
    }
    const auto list = texts(key);
    if (!list || list->empty()) return {};
    std::string out;
    for (const auto& each : *list) out += (out.empty() ? "" : ",") + each;
    return out;
}

void TableReader::read_text(const Key& key, const std::function<void(std::string)>& set) {
    const Rule& rule = key.rule;
    auto value = rule.table      ? json_table(key.name)
                 : rule.joined   ? joined(key.name)
                 : rule.required ? required_text(key.name, rule.expander, rule.example)
                                 : text(key.name, rule.expander);
    if (!value) return;
    if (value->empty() && !rule.if_empty.empty()) {
        error_at(key.name, fmt::format("{} is empty", full(key.name)), rule.if_empty);
    }
    if (rule.placeholders) check_placeholders(*this, key.name, *value, *rule.placeholders);
    set(*std::move(value));
}

void TableReader::read(const Keys& keys, void* options) {
    for (const auto& key : keys) {
        const Rule& rule = key.rule;
        std::visit(
            Overloaded{
                [&](std::monostate) { flag(key.name); },
                [&](bool* value) { keep(value, flag(key.name)); },
                [&](std::size_t* value) { keep(value, integer(key.name, rule.range, rule.zero)); },
                [&](std::optional<std::size_t>* value) {
                    keep(value, integer(key.name, rule.range));
                },
                [&](std::chrono::seconds* value) { keep(value, integer(key.name, rule.range)); },
                [&](double* value) { keep(value, number(key.name, rule.above)); },
                [&](std::optional<double>* value) { keep(value, number(key.name, rule.above)); },
                [&](std::optional<Seconds>* value) {
                    if (const auto given = number(key.name, rule.above)) *value = Seconds{*given};
                },
                [&](std::string* value) {
                    read_text(key, [&](std::string given) { *value = std::move(given); });
                },
                [&](std::optional<std::string>* value) {
                    read_text(key, [&](std::string given) { *value = std::move(given); });
                },
                [&](std::vector<std::string>* value) {
                    keep(value, rule.words ? words(key.name) : texts(key.name));
                },
                [&](std::vector<CopyDir>* value) { keep(value, copy_dirs(key.name)); },
                [&](Environment* value) { keep(value, environment(key.name)); },
                [&](const Choice& value) {
                    const auto given = choice(key.name, rule.choices);
                    if (!given) return;
                    const auto found = std::ranges::find(rule.choices, *given);
                    value.set(static_cast<std::size_t>(found - rule.choices.begin()));
                },
            },
            key.slot(options));
        if (rule.deprecated && given(key.name)) {
            warning_at(key.name, fmt::format("{} is deprecated and has no effect", full(key.name)),
                       "remove it");
        }
    }
}

}  // namespace offload::config

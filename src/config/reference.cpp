#include "offload/config/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "offload/base/text.hpp"
#include "sections.hpp"
#include "value.hpp"

namespace offload::config {
namespace {

// What stands in a table's cell.
std::string cell(std::string_view text) { return text::replace_all(text, "|", "\\|"); }

std::string default_of(const Key& key, void* options) {
    if (key.rule.required) return "required";
    const auto value = shown(key, options);
    const auto& otherwise = key.rule.otherwise;
    if (!value || *value == "\"\"") return otherwise.empty() ? "–" : otherwise;
    return fmt::format("`{}`", *value);
}

std::string table(const Keys& keys, void* options) {
    std::string out = "| key | type | default | since | |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& key : keys) {
        out += fmt::format("| `{}` | {} | {} | {} | {} |\n", key.name,
                           cell(type_for_people(key, options)), cell(default_of(key, options)),
                           to_string(key.era), cell(key.doc));
    }
    return out;
}

template <class Kind>
std::string kinds_of(const std::vector<const Kind*>& kinds) {
    std::string out;
    for (const auto* kind : kinds) {
        std::vector<std::string> names;
        for (const auto& name : kind->names) names.push_back(fmt::format("`type = \"{}\"`", name));
        out += fmt::format("\n### {}\n\n{}\n", fmt::join(names, ", "), kind->doc);
        const auto options = kind->fresh();
        if (!kind->keys.empty()) {
            out += '\n' + table(kind->keys, dynamic_cast<void*>(options.get()));
        }
    }
    return out;
}

}  // namespace

std::string reference(const Kinds& kinds) {
    std::string out =
        "# Configuration\n\n"
        "Every section and key of `offload.toml`. This page is generated from the same "
        "declarations "
        "that\nread the file: `offload schema --markdown` prints it, and `offload schema` a JSON "
        "schema, by which\neditors complete and check the file. `offload validate` shows what a "
        "config comes to.\n\n"
        "*Since* is the first version whose configs have the key. In texts, `${VAR}` is the value "
        "of an\nenvironment variable, `${VAR:-default}` has a default, and `$${` stands for `${`. "
        "In commands that a\nshell on this machine runs, variables must be set and are left to "
        "that "
        "shell; those that run in the\nsandbox are not looked at.\n\n"
        "Unknown keys are warned of and ignored. A value of the wrong type, a missing key that is "
        "required\nand an unknown `type` are errors, all of them told at once with their lines.\n";
    for (const auto& section : sections()) {
        out += fmt::format("\n## [{}]\n\n{}\n", section.name, section.doc);
        if (!section.keys.empty()) out += '\n' + table(section.keys, section.defaults.get());
        if (section.named) out += '\n' + table({*section.named}, section.defaults.get());
        if (section.name == "provider") out += kinds_of(kinds.providers);
        if (section.name == "framework") out += kinds_of(kinds.frameworks);
    }
    return out;
}

}  // namespace offload::config

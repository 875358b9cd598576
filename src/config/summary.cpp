#include <fmt/format.h>

#include "expand.hpp"
#include "offload/base/text.hpp"
#include "offload/config/load.hpp"
#include "sections.hpp"
#include "value.hpp"

namespace offload::config {
namespace {

class Writer {
  public:
    Writer(const Loaded& loaded, Values values) : loaded_(loaded), values_(values) {}

    void section(std::string name) {
        section_ = std::move(name);
        out_ += fmt::format("\n[{}]\n", section_);
    }

    void environment(std::string_view prefix, const Environment& env) {
        for (const auto& [name, value] : env) {
            const std::string key = std::string(prefix) + "." + name;
            row(key, looks_secret(name) && !value.empty() ? "(hidden)" : '"' + value + '"');
        }
    }
    // All keys of a declaration that have a value in `options`, an object of its type.
    void keys(const Keys& keys, const void* options) {
        void* object = const_cast<void*>(options);  // NOLINT: slots serve reading as well
        for (const auto& key : keys) {
            if (!key.rule.shown) continue;
            const Slot slot = key.slot(object);
            if (auto* const* env = std::get_if<Environment*>(&slot)) {
                environment(key.name, **env);
            } else if (auto value = shown(key, object)) {
                row(key.name, *value);
            }
        }
    }
    void row(std::string_view key, std::string_view value) {
        const auto full = section_ + "." + std::string(key);
        line(key, values_ == Values::Expanded ? std::string(value) : as_written(full, value),
             origin(full));
    }
    // What no key has by itself.
    void line(std::string_view label, std::string_view value, std::string_view origin) {
        out_ += fmt::format("  {:<28} {:<40} {}\n", label,
                            text::replace_all(masked(value), "\n", "\\n"), origin);
    }
    void derived(const Options& options) {
        for (const auto& each : options.derived()) {
            std::string from = "default";
            std::string value = each.value;
            for (const auto& key : each.keys) {
                const auto full = section_ + "." + key;
                if (from == "default") from = origin(full);
                if (values_ == Values::AsWritten) value = as_written_within(full, value);
            }
            line(each.label, value, from);
        }
    }
    std::string origin(const std::string& full) const {
        auto origin = origin_of(loaded_, full);
        // The whole path stands in the first line.
        const std::string& file = loaded_.config->file.native();
        if (origin.starts_with(file)) {
            origin.replace(0, file.size(), loaded_.config->file.filename().native());
        }
        return origin;
    }
    std::string finish() && { return std::move(out_); }

  private:
    // `value` is that of the key `full`, and shown in quotes where it is a text.
    std::string as_written(const std::string& full, std::string_view value) const {
        const auto& references = loaded_.references;
        // That of another key stands in for one that is not given.
        for (const auto& name : {full, section_ + "." + origin(full)}) {
            if (const auto whole = references.find(name); whole != references.end()) {
                return '"' + whole->second.text + '"';
            }
        }
        return as_written_within(full, value);
    }
    // `value` is made of that of the key `full`, or of several of its elements.
    std::string as_written_within(const std::string& full, std::string_view value) const {
        std::string shown(value);
        const auto& references = loaded_.references;
        for (auto at = references.lower_bound(full); at != references.end(); ++at) {
            const auto& [name, reference] = *at;
            if (!name.starts_with(full)) break;
            const bool belongs =
                name.size() == full.size() || name[full.size()] == '[' || name[full.size()] == '.';
            if (!belongs) continue;
            auto replaced =
                text::replace_all(shown, '"' + reference.value + '"', '"' + reference.text + '"');
            if (replaced == shown && !reference.value.empty()) {
                replaced = text::replace_all(shown, reference.value, reference.text);
                // Quoted, or cut: it can be in there nevertheless.
                if (replaced == shown) return fmt::format("(made of {})", reference.text);
            }
            shown = std::move(replaced);
        }
        return shown;
    }
    std::string masked(std::string_view value) const {
        std::string shown(value);
        for (const auto& secret : loaded_.secrets) {
            shown = text::replace_all(shown, secret, "(hidden)");
        }
        return shown;
    }
    const Loaded& loaded_;
    Values values_;
    std::string section_;
    std::string out_;
};

void write_rest(Writer& out, const Config& config) {
    if (!config.resources.empty()) {
        out.section("resources");
        for (const auto& [name, units] : config.resources) out.row(name, fmt::format("{}", units));
    }
    for (const auto& group : config.groups) {
        out.section("groups." + group.name);
        out.keys(keys_of("groups.NAME"), &group);
    }
    out.section("report");
    out.keys(keys_of("report"), &config.report);
    if (config.history.present) {
        out.section("history");
        out.keys(keys_of("history"), &config.history);
    }
    if (config.checkpoint.present) {
        out.section("checkpoint");
        out.keys(keys_of("checkpoint"), &config.checkpoint);
    }
    if (config.provider.options->size()) {
        out.section("cost");
        out.keys(keys_of("cost"), &config.cost);
    }
}

void write_command_line(Writer& out, const Config& config) {
    if (config.extra_env.empty() && config.extra_copy_dirs.empty() && !config.no_cache) return;
    out.section("command line");
    for (const auto& pair : config.extra_copy_dirs) {
        out.line("copy_dir", pair.local + ":" + pair.remote, "--copy-dir");
    }
    for (const auto& [name, value] : config.extra_env) {
        out.line("env." + name, looks_secret(name) && !value.empty() ? "(hidden)" : value, "--env");
    }
    if (config.no_cache) out.line("no_cache", "true", "--no-cache");
}

}  // namespace

std::string summary(const Loaded& loaded, const Kinds& kinds, Values values) {
    if (!loaded.config) return "";
    const Config& config = *loaded.config;
    const auto& provider = config.provider;
    const auto& framework = config.framework;
    Writer out(loaded, values);
    out.section("offload");
    out.keys(keys_of("offload"), &config.offload);
    out.section("provider");
    out.row("type", '"' + provider.type + '"');
    out.derived(*provider.options);
    if (const auto* kind = kinds.provider(provider.type)) {
        out.keys(kind->keys, dynamic_cast<const void*>(provider.options.get()));
    }
    out.section("framework");
    out.row("type", '"' + framework.type + '"');
    out.derived(*framework.options);
    if (const auto* kind = kinds.framework(framework.type)) {
        out.keys(kind->keys, dynamic_cast<const void*>(framework.options.get()));
    }
    out.keys(keys_of("framework"), &framework);
    write_rest(out, config);
    write_command_line(out, config);
    return fmt::format("{}: {} provider, {} framework, {}\n", config.file.string(), provider.type,
                       framework.type, text::count(config.groups.size(), "group")) +
           std::move(out).finish();
}

}  // namespace offload::config

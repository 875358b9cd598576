#include "offload/config/init.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "offload/base/text.hpp"
#include "sections.hpp"

namespace offload::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWidth = 90;

// As comment lines.
std::string comment(std::string_view text) {
    std::string out;
    std::string line = "#";
    std::string rest(text);
    std::replace(rest.begin(), rest.end(), '\n', ' ');
    while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        const auto word = rest.substr(0, end);
        rest.erase(0, end + 1);
        if (line.size() > 1 && line.size() + 1 + word.size() > kWidth) {
            out += line + '\n';
            line = "#";
        }
        line += ' ' + word;
    }
    return out + line + '\n';
}

const Key& declared(const Keys& own, const Keys& common, const std::string& name) {
    const auto found = std::ranges::find(own, name, &Key::name);
    return found != own.end() ? *found : *std::ranges::find(common, name, &Key::name);
}

// Each key with what its declaration says of it.
std::string lines(const std::vector<Suggestion>& suggestions, const Keys& own,
                  const Keys& common = {}) {
    std::string out;
    for (const auto& each : suggestions) {
        out +=
            comment(declared(own, common, each.key).doc + (each.why.empty() ? "" : " " + each.why));
        out += fmt::format("{}{} = {}\n", each.active ? "" : "# ", each.key, each.value);
    }
    return out;
}

std::string kind_section(std::string_view section, const std::string& doc, std::string_view type,
                         const std::vector<Suggestion>& suggestions, const Keys& keys,
                         const Keys& common) {
    return fmt::format("[{}]\n{}type = {}\n{}\n", section, comment(doc), toml_text(type),
                       lines(suggestions, keys, common));
}

std::string offload_section(bool runs_here, std::optional<std::size_t> max_parallel) {
    const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const std::size_t usual = runs_here ? cores : 10;
    std::vector<Suggestion> keys = {{"max_parallel", std::to_string(max_parallel.value_or(usual))},
                                    {"test_timeout_secs", "900"}};
    if (!runs_here) keys.push_back({"sandbox_project_root", toml_text("/app")});
    return "[offload]\n" + lines(keys, keys_of("offload")) + '\n';
}

std::string groups_section(const InitSection& of_framework) {
    std::vector<Suggestion> keys = {
        {"retry_count", std::to_string(of_framework.retry_count.value_or(1))}};
    keys.insert(keys.end(), of_framework.group.begin(), of_framework.group.end());
    std::string out = "# Groups are named sets of tests, each with its own filters and retries.\n";
    for (const auto& note : of_framework.notes) out += comment(note);
    out += "[groups.all]\n" + lines(keys, keys_of("groups.NAME")) + '\n';
    for (const auto& group : of_framework.more_groups) {
        for (const auto line : text::lines(group)) out += fmt::format("# {}\n", line);
        out += '\n';
    }
    return out;
}

}  // namespace

bool is_there(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool is_in_path(std::string_view program) {
    const char* value = std::getenv("PATH");
    const std::string_view path = value == nullptr ? "" : value;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        const fs::path candidate = fs::path(path.substr(at, end - at)) / program;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        at = end + 1;
    }
    return false;
}

std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string dockerfile_in(const fs::path& folder) {
    for (const char* name : {"Dockerfile", ".devcontainer/Dockerfile", "docker/Dockerfile"}) {
        if (is_there(folder / name)) return name;
    }
    return "";
}

const FrameworkKind& detect_framework(const Kinds& kinds, const fs::path& folder) {
    const auto* best = kinds.frameworks.front();
    int likeness = 0;
    for (const auto* kind : kinds.frameworks) {
        if (!kind->init || !kind->detect) continue;
        const int found = kind->detect(folder);
        if (found > likeness) best = kind;
        likeness = std::max(likeness, found);
    }
    return *best;
}

std::vector<const FrameworkKind*> also_detected(const Kinds& kinds, const FrameworkKind& chosen,
                                                const fs::path& folder) {
    constexpr int kPlainSigns = 2;
    std::vector<const FrameworkKind*> out;
    for (const auto* kind : kinds.frameworks) {
        if (kind == &chosen || !kind->init || !kind->detect) continue;
        if (kind->detect(folder) >= kPlainSigns) out.push_back(kind);
    }
    return out;
}

std::string init_template(const ProviderKind& provider, const FrameworkKind& framework,
                          std::string_view framework_name, const fs::path& folder,
                          bool from_xdist) {
    return init_draft(provider, framework, framework_name, folder, from_xdist).text;
}

Draft init_draft(const ProviderKind& provider, const FrameworkKind& framework,
                 std::string_view framework_name, const fs::path& folder, bool from_xdist) {
    const InitRequest request{folder, provider.fresh()->runs_here(), from_xdist};
    const InitSection of_provider = provider.init(request);
    const InitSection of_framework = framework.init(request);
    Draft draft{.text = {}, .notes = of_framework.notes, .probes = of_framework.probes};
    draft.notes.insert(draft.notes.end(), of_provider.notes.begin(), of_provider.notes.end());
    draft.text =
        "#:schema ./offload.schema.json\n"
        "# Runs this project's tests in parallel: `offload run`.\n"
        "# `offload validate` shows every setting with its value and where it comes from,\n"
        "# `offload collect` the tests that are found. Editors that know JSON schemas complete "
        "and\n"
        "# check this file once `offload schema > offload.schema.json` has been run beside "
        "it.\n\n" +
        offload_section(request.runs_here, of_framework.max_parallel) +
        kind_section("provider", provider.doc, provider.names.front(), of_provider.own,
                     provider.keys, keys_of("provider")) +
        kind_section("framework", framework.doc, framework_name, of_framework.own, framework.keys,
                     keys_of("framework")) +
        groups_section(of_framework) + "[report]\n" +
        lines({{"output_dir", toml_text("test-results")},
               {"download_globs", "[\"screenshots/**\"]", false}},
              keys_of("report"));
    return draft;
}

}  // namespace offload::config

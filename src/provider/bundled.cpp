#include "bundled.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include "offload/assets/assets.hpp"
#include "offload/base/file.hpp"
#include "offload/base/shell.hpp"
#include "private_folder.hpp"

namespace offload::provider {
namespace {

namespace fs = std::filesystem;

struct Name {
    std::size_t begin;  // of the '@'
    std::size_t end;
};

bool is_letter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool begins_word(std::string_view text, std::size_t at) {
    return at == 0 ||
           std::string_view(" \t\n'\"=(;&|`").find(text[at - 1]) != std::string_view::npos;
}

bool ends_word(std::string_view text, std::size_t at) {
    return at == text.size() ||
           std::string_view(" \t\n'\");&|`<>").find(text[at]) != std::string_view::npos;
}

std::optional<Name> find_name(std::string_view text, std::size_t from) {
    for (auto at = text.find('@', from); at != std::string_view::npos;
         at = text.find('@', at + 1)) {
        if (!begins_word(text, at)) continue;
        auto dot = at + 1;
        while (dot < text.size() && is_letter(text[dot])) ++dot;
        if (dot == at + 1 || dot == text.size() || text[dot] != '.') continue;
        auto end = dot + 1;
        while (end < text.size() && is_letter(text[end])) ++end;
        if (end > dot + 1 && ends_word(text, end)) return Name{at, end};
    }
    return std::nullopt;
}

// FNV-1a. Only names files of our own: what stands under the name is compared before it is used.
std::uint64_t content_hash(std::string_view content) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : content) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
}

bool is_in_place(const fs::path& path, std::string_view content) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if (status.st_uid != ::geteuid() || (status.st_mode & 0777U) != 0700U) return false;
    const auto now = read_file(path);
    return now && *now == content;
}

Result<fs::path> extract(const assets::Asset& asset) {
    OFFLOAD_TRY(const auto cache, cache_folder());
    const fs::path name(asset.name);
    auto path = cache / "scripts" /
                fmt::format("{}-{:016x}{}", name.stem().string(), content_hash(asset.content),
                            name.extension().string());
    OFFLOAD_CHECK(make_folder(cache));
    if (auto made = make_private_folder(path.parent_path()); !made) {
        return fail(std::move(made).error().with_hint(
            "bundled scripts are kept there; XDG_CACHE_HOME names another folder"));
    }
    if (is_in_place(path, asset.content)) return path;
    if (auto written = write_file_atomically(path, asset.content, 0700); !written) {
        return fail(std::move(written).error().with_hint(
            "bundled scripts are kept there; XDG_CACHE_HOME names another folder"));
    }
    return path;
}

// Carried as well, and nothing that a command could call: the page of the report, and short forms.
bool is_script(const assets::Asset& asset) {
    return !asset.name.ends_with(".html") && !asset.name.ends_with(".packed.py");
}

// Of the user as whom this runs; empty where the file does not name one. getpwuid(3) would ask the
// machine's name services, whose libraries a static program must not load.
std::string home_in_passwd() {
    const std::unique_ptr<FILE, decltype([](FILE* file) { std::fclose(file); })> file(
        std::fopen("/etc/passwd", "re"));
    if (file == nullptr) return {};
    while (const passwd* user = ::fgetpwent(file.get())) {
        if (user->pw_uid == ::geteuid()) return user->pw_dir;
    }
    return {};
}

std::string known_names() {
    std::string names;
    for (const auto& asset : assets::all()) {
        if (!is_script(asset)) continue;
        names += fmt::format("{}@{}", names.empty() ? "" : ", ", asset.name);
    }
    return names;
}

}  // namespace

Result<fs::path> cache_folder() {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    // The XDG base directory specification has relative paths ignored.
    if (cache != nullptr && cache[0] == '/') return fs::path(cache) / "offload";
    const char* set = std::getenv("HOME");
    const std::string home = set != nullptr && set[0] == '/' ? set : home_in_passwd();
    if (!home.starts_with('/')) {
        return fail(Error{.message = "there is no folder for cached files",
                          .place = {},
                          .hint = "set HOME or XDG_CACHE_HOME to an absolute path"});
    }
    return fs::path(home) / ".cache" / "offload";
}

Result<std::string> extract_bundled(std::string_view name) {
    const auto assets = assets::all();
    const auto asset = std::ranges::find(assets, name, &assets::Asset::name);
    if (asset == assets.end() || !is_script(*asset)) {
        return fail(Error{.message = fmt::format("there is no bundled script @{}", name),
                          .place = {},
                          .hint = fmt::format("bundled are: {}", known_names())});
    }
    OFFLOAD_TRY(const auto path, extract(*asset));
    return path.string();
}

bool calls_bundled(std::string_view command) { return find_name(command, 0).has_value(); }

Result<std::string> resolve_bundled(std::string_view command) {
    std::string resolved;
    std::size_t at = 0;
    while (const auto found = find_name(command, at)) {
        const auto name = command.substr(found->begin + 1, found->end - found->begin - 1);
        auto path = extract_bundled(name);
        if (!path) return fail(std::move(path).error().with_place(std::string(command)));
        resolved += command.substr(at, found->begin - at);
        resolved += shell::quote(*path);
        at = found->end;
    }
    resolved += command.substr(at);
    return resolved;
}

}  // namespace offload::provider

#include "ci/place.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "display_text.hpp"
#include "offload/base/text.hpp"

namespace offload::report::ci {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestLookedAt = 1000;
constexpr std::size_t kMostLooked = 200;  // places of one failure that are looked for on disk

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number at `at`, which is moved behind it. 0: there is none.
std::size_t number_at(std::string_view line, std::size_t& at) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), number);
    if (error != std::errc{}) return 0;
    at = static_cast<std::size_t>(end - line.data());
    return number;
}

// `File "PATH", line N`, Python's own.
void add_python(std::string_view line, std::vector<Place>& places) {
    constexpr std::string_view kFile = "File \"";
    constexpr std::string_view kLine = "\", line ";
    const auto begin = line.find(kFile);
    if (begin == std::string_view::npos) return;
    const auto end = line.find(kLine, begin);
    if (end == std::string_view::npos) return;
    auto at = end + kLine.size();
    const auto number = number_at(line, at);
    const auto path = line.substr(begin + kFile.size(), end - begin - kFile.size());
    if (number > 0) places.push_back({.file = std::string(path), .line = number});
}

// "PATH:N" and "PATH:N:M". Where a path begins cannot be seen, since it may hold anything: the
// line's beginning, and what stands behind the last blank or bracket.
void add_colons(std::string_view line, std::vector<Place>& places) {
    for (std::size_t colon = line.find(':', 1); colon != std::string_view::npos;
         colon = line.find(':', colon + 1)) {
        auto at = colon + 1;
        if (at >= line.size() || !is_digit(line[at])) continue;
        Place place{.line = number_at(line, at)};
        if (place.line == 0) continue;
        if (at + 1 < line.size() && line[at] == ':' && is_digit(line[at + 1])) {
            place.column = number_at(line, ++at);
        }
        const auto before = line.substr(0, colon);
        const auto blank = before.find_last_of(" \t(\"'[<|");
        const auto word = blank == std::string_view::npos ? before : before.substr(blank + 1);
        for (const auto path : {word, before}) {
            if (path.find_first_not_of("0123456789") == std::string_view::npos) continue;
            place.file = std::string(path);
            places.push_back(place);
            if (path.size() == before.size()) break;
        }
    }
}

// The nearest folder from there on upward that is one of git's.
fs::path repository_of(const fs::path& folder) {
    std::error_code ignored;
    for (auto at = folder; !at.empty(); at = at.parent_path()) {
        if (fs::exists(at / ".git", ignored)) return at;
        if (at == at.parent_path()) break;
    }
    return {};
}

std::optional<fs::path> below(const fs::path& path, const fs::path& folder) {
    if (folder.empty()) return std::nullopt;
    const auto relative = path.lexically_relative(folder);
    if (relative.empty() || *relative.begin() == "..") return std::nullopt;
    return relative;
}

fs::path real_path(const fs::path& path) {
    std::error_code error;
    auto out = fs::canonical(path, error);
    return error ? path : out;
}

struct Telling {
    std::vector<std::string_view> lines;
    std::vector<LineRank> ranks;
    std::vector<std::size_t> causes;
};

Telling telling_lines(const TestResult& result, const LineRanker& rank) {
    Telling telling;
    for (const std::string* part : {&result.details, &result.system_out, &result.system_err}) {
        const auto lines = text::lines(*part);
        std::vector<LineRank> ranks(lines.size(), LineRank::Plain);
        if (rank) rank(lines, ranks);
        telling.lines.insert(telling.lines.end(), lines.begin(), lines.end());
        telling.ranks.insert(telling.ranks.end(), ranks.begin(), ranks.end());
    }
    // Of several exceptions it is the one that the message is of.
    const auto messages = text::lines(result.message);
    const auto message = messages.empty() ? std::string_view{} : text::trim(messages.front());
    bool told = false;
    for (std::size_t i = 0; i < telling.lines.size(); ++i) {
        if (telling.ranks[i] != LineRank::Cause) continue;
        const bool tells =
            !message.empty() && telling.lines[i].find(message) != std::string_view::npos;
        if (tells && !std::exchange(told, true)) telling.causes.clear();
        if (tells || !told) telling.causes.push_back(i);
    }
    return telling;
}

// How far a line is from the nearest cause.
std::size_t distance(std::size_t line, const std::vector<std::size_t>& causes) {
    const auto next = std::ranges::lower_bound(causes, line);
    std::size_t least = next == causes.end() ? line : *next - line;
    if (next != causes.begin()) least = std::min(least, line - *std::prev(next));
    return least;
}

}  // namespace

std::vector<Place> places_in(std::string_view line) {
    std::vector<Place> places;
    line = line.substr(0, kLongestLookedAt);
    add_python(line, places);
    add_colons(line, places);
    return places;
}

Repository::Repository(const fs::path& workspace, fs::path working_folder, fs::path there)
    : working_folder_(real_path(working_folder)), there_(std::move(there)) {
    const auto given = real_path(workspace);
    const bool holds_us = given == working_folder_ || below(working_folder_, given);
    std::error_code ignored;
    const bool is_repository = holds_us && fs::exists(given / ".git", ignored);
    root_ = is_repository ? given : repository_of(working_folder_);
    // One around it is another's: the workspace's came without git's folder.
    const bool inside = root_ == given || below(root_, given);
    if (holds_us && !inside) root_ = given;
    if (root_.empty()) root_ = working_folder_;
}

std::optional<std::string> Repository::find(std::string_view path) const {
    if (path.empty() || path.find('\0') != std::string_view::npos) return std::nullopt;
    const fs::path named(path);
    std::vector<fs::path> candidates;
    if (named.is_relative()) {
        candidates = {working_folder_ / named, root_ / named};
    } else {
        candidates = {named};
        if (const auto inside = below(named.lexically_normal(), there_)) {
            candidates.push_back(working_folder_ / *inside);
        }
    }
    for (const auto& candidate : candidates) {
        std::error_code error;
        if (!fs::is_regular_file(candidate, error)) continue;
        if (const auto inside = below(real_path(candidate), root_)) return inside->generic_string();
    }
    return std::nullopt;
}

std::optional<Place> place_of(const TestResult& result, std::string_view file,
                              const LineRanker& rank, const Repository& repository) {
    const auto telling = telling_lines(result, rank);
    std::optional<Place> nearest;
    std::size_t least = 0;
    std::size_t looked = 0;
    for (std::size_t i = 0; i < telling.lines.size() && looked < kMostLooked; ++i) {
        if (telling.ranks[i] < LineRank::Related) continue;
        const auto away = distance(i, telling.causes);
        // What comes later is nearer to what was done last.
        if (nearest && away > least) continue;
        for (auto& place : places_in(harmless(telling.lines[i]))) {
            ++looked;
            auto known = repository.find(place.file);
            if (!known) continue;
            place.file = *std::move(known);
            nearest = std::move(place);
            least = away;
            break;
        }
    }
    if (nearest) return nearest;
    for (const auto path : {std::string_view(result.file), file}) {
        if (auto known = repository.find(path)) return Place{.file = *std::move(known)};
    }
    return std::nullopt;
}

}  // namespace offload::report::ci

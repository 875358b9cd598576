#include "discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "listing.hpp"
#include "offload/base/shell.hpp"
#include "offload/base/text.hpp"

namespace offload::framework::ctest {
namespace {

constexpr std::size_t kShownLines = 40;
constexpr int kOldestMajor = 3;
constexpr int kOldestMinor = 21;  // --output-junit
constexpr std::string_view kRegexTrouble = "RegularExpression::compile()";

// The parts of the output, each behind a line "MARKER WORDS".
struct Part {
    std::string_view words;
    std::string_view text;
};
std::vector<Part> parts_of(std::string_view out, const std::string& mark) {
    std::vector<Part> parts;
    const auto begin = mark + " ";
    for (std::size_t at = 0; at < out.size();) {
        const auto end = std::min(out.find('\n', at), out.size());
        const auto line = out.substr(at, end - at);
        at = std::min(end + 1, out.size());
        if (line.starts_with(begin)) {
            parts.push_back({line.substr(begin.size()), out.substr(at, 0)});
        } else if (!parts.empty()) {
            auto& text = parts.back().text;
            text = {text.data(), static_cast<std::size_t>(out.data() + at - text.data())};
        }
    }
    return parts;
}

bool is_old(std::string_view version) {
    int major = 0;
    int minor = 0;
    const auto* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc{}) return false;
    if (first.ptr != end) std::from_chars(first.ptr + 1, end, minor);
    return std::pair(major, minor) < std::pair(kOldestMajor, kOldestMinor);
}

// What all groups have in common.
struct Whole {
    std::vector<Entry> entries;
    std::vector<std::string> ids;
    std::vector<std::string> bonds;
    std::vector<Needs> needs;
    std::unordered_set<std::string> allotted;  // bonds, some of whose tests have RESOURCE_GROUPS
    std::string build;
    std::shared_ptr<Known> known = std::make_shared<Known>();
};

// Tests of a bond have an order of their own, which a program would not keep.
void find_programs(const Whole& whole, Known& known) {
    std::map<Program, std::size_t> indices;
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        if (!whole.bonds[i].empty()) continue;
        auto found = program_case_of(whole.entries[i]);
        if (!found) continue;
        const auto [at, fresh] = indices.try_emplace(found->program, known.programs.size());
        if (fresh) known.programs.push_back(std::move(found->program));
        auto& test = known.tests.at(whole.ids[i]);
        test.program = at->second;
        test.case_name = std::move(found->name);
    }
}

Whole whole_of(std::vector<Entry> entries, std::string build, bool one_machine) {
    Whole whole;
    whole.entries = std::move(entries);
    whole.build = std::move(build);
    whole.ids = ids_of(whole.entries, whole.build);
    whole.bonds = bonds_of(whole.entries);
    whole.needs = needs_of(whole.entries, whole.bonds, one_machine);
    std::unordered_map<std::string_view, std::size_t> uses;
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        const auto& entry = whole.entries[i];
        whole.known->tests[whole.ids[i]] = {entry.name, entry.number, ++uses[entry.name]};
        if (entry.allotted) whole.allotted.insert(whole.bonds[i]);
        if (!entry.fixtures_setup.empty()) whole.known->setups.insert(entry.name);
    }
    for (auto& [id, test] : whole.known->tests) test.namesakes = uses[test.name];
    whole.known->build = whole.build;
    find_programs(whole, *whole.known);
    return whole;
}

// What tests share: the program; for scripts of an interpreter, the folder.
std::string file_of(const Entry& entry, const std::string& build) {
    const auto below_build = [&](const std::string& path) {
        return path.size() > build.size() + 1 && path.starts_with(build + "/");
    };
    if (!entry.command.empty() && below_build(entry.command.front())) {
        return entry.command.front().substr(build.size() + 1);
    }
    const auto& folder = entry.working_directory;
    return below_build(folder) ? folder.substr(build.size() + 1) : std::string();
}

// Error: ctest did not understand this group's filters.
Result<Discovered> tests_of(const Whole& whole, std::string_view listing, bool allots) {
    auto selected = whole.entries;
    if (!text::trim(listing).empty()) {
        if (const auto at = listing.find(kRegexTrouble); at < listing.find('{')) {
            return fail(Error{"ctest did not understand a regular expression of the filters: " +
                              std::string(text::trim(text::lines(listing.substr(at)).front()))});
        }
        OFFLOAD_TRY(selected, read_listing(listing));
        OFFLOAD_CHECK(number_entries(selected, whole.entries));
    }
    Discovered discovered;
    discovered.carry = whole.known;
    for (const auto& entry : selected) {
        const auto index = entry.number - 1;
        discovered.tests.push_back({.id = whole.ids[index],
                                    .file = file_of(entry, whole.build),
                                    .bond = whole.bonds[index],
                                    .needs = whole.needs[index]});
        // Each ctest deals out the same of what the file names.
        const auto& bond = whole.bonds[index];
        if (allots && (entry.allotted || (!bond.empty() && whole.allotted.contains(bond)))) {
            discovered.tests.back().needs.claims.push_back({"ctest's resource spec file"});
        }
    }
    return discovered;
}

}  // namespace

Result<Arguments> arguments_of(const config::Group& group) {
    auto sorted = sort_arguments(group.filter_words);
    if (sorted) return sorted;
    auto error = std::move(sorted).error();
    return fail(std::move(error).with_place(fmt::format("[groups.{}] filters", group.name)));
}

Result<Discovered> read_discovery(const DiscoveryOutput& output, const Ended& ended) {
    const auto& [request, marker, command, one_machine, out, err] = output;
    if (ended.exit_status == kNoTestfile) {
        return fail(Error{std::string(text::trim(err)), command,
                          "configure and build the project there (cmake -B BUILD, cmake --build "
                          "BUILD, with enable_testing() in CMakeLists.txt), or correct [framework] "
                          "build_dir"});
    }
    if (ended.exit_status == shell::kNotFound) {
        return fail(Error{"ctest was not found", command, "install CMake, or put it on PATH"});
    }
    if (ended.exit_status != 0) {
        auto message =
            fmt::format("discovery of group \"{}\" failed: {}", request.group.name, ended.how);
        if (const auto tail = text::last_lines(err.empty() ? out : err, kShownLines);
            !tail.empty()) {
            message += ":\n" + text::to_valid_utf8(tail);
        }
        return fail(Error{std::move(message), command});
    }
    std::optional<Whole> whole;
    std::string build;
    std::optional<Discovered> discovered;
    std::vector<Companion> companions;
    for (const auto& part : parts_of(out, marker)) {
        const auto space = std::min(part.words.find(' '), part.words.size());
        const auto kind = part.words.substr(0, space);
        const auto rest = text::trim(part.words.substr(space));
        if (kind == "version" && is_old(rest)) {
            return fail(Error{fmt::format("ctest is version {}; {}.{} or newer is needed", rest,
                                          kOldestMajor, kOldestMinor),
                              command, "install a newer CMake"});
        }
        if (kind == "build") build = rest;
        if (kind == "listing") {
            auto entries = read_listing(part.text);
            if (!entries) return fail(std::move(entries).error().with_place(command));
            whole = whole_of(std::move(*entries), build, one_machine);
        }
        if (kind != "group" || !whole) continue;
        std::size_t index = 0;
        std::from_chars(rest.data(), rest.data() + rest.size(), index);
        const auto* group = index == 0 ? &request.group : request.companions.at(index - 1);
        const auto arguments = arguments_of(*group);
        auto tests = tests_of(*whole, part.text, arguments && arguments->allots_resources);
        if (index == 0) {
            if (!tests) return fail(std::move(tests).error().with_place(command));
            discovered = std::move(*tests);
        } else if (tests) {
            companions.push_back({index - 1, std::move(*tests)});
        }
    }
    if (!discovered) {
        return fail(
            Error{fmt::format("discovery of group \"{}\" printed no test list of ctest's:\n{}",
                              request.group.name,
                              text::to_valid_utf8(text::last_lines(out, kShownLines))),
                  command});
    }
    discovered->companions = std::move(companions);
    return std::move(*discovered);
}

}  // namespace offload::framework::ctest

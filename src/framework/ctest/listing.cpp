#include "listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <tuple>
#include <unordered_map>

#include "offload/base/text.hpp"

namespace offload::framework::ctest {
namespace {

using nlohmann::json;

constexpr std::size_t kShownBytes = 2000;

// A list, or a single text where older versions of ctest write one.
std::vector<std::string> texts_of(const json& value) {
    if (value.is_string()) return {value.get<std::string>()};
    return value.get<std::vector<std::string>>();
}

// `true`, or a text that CMake takes for it.
bool flag_of(const json& value) {
    if (value.is_boolean()) return value.get<bool>();
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    return text == "1" || text == "ON" || text == "TRUE" || text == "YES";
}

void take_property(const std::string& name, const json& value, Entry& entry) {
    const std::pair<const char*, std::vector<std::string>*> lists[] = {
        {"DEPENDS", &entry.depends},
        {"FIXTURES_SETUP", &entry.fixtures_setup},
        {"FIXTURES_REQUIRED", &entry.fixtures_required},
        {"FIXTURES_CLEANUP", &entry.fixtures_cleanup},
        {"RESOURCE_LOCK", &entry.locks},
        {"ENVIRONMENT", &entry.environment},
        {"SKIP_REGULAR_EXPRESSION", &entry.skip_patterns},
    };
    for (const auto& [known, target] : lists) {
        if (name == known) *target = texts_of(value);
    }
    if (name == "WORKING_DIRECTORY") {
        entry.working_directory = value.get<std::string>();
        return;
    }
    if (name == "PROCESSORS" && value.is_number()) {
        entry.processors = std::max<std::size_t>(value.get<std::size_t>(), 1);
    }
    // A text that is no number gives a limit that nothing keeps.
    if (name == "TIMEOUT") entry.timeout = value.is_number() ? value.get<double>() : 0.0;
    if (name == "RUN_SERIAL") entry.alone = flag_of(value);
    if (name == "RESOURCE_GROUPS") entry.allotted = true;
    if (name != "LABELS") entry.other_properties.push_back(name);
}

// Throws json::exception when it is not what ctest writes.
Entry entry_of(const json& test) {
    Entry entry;
    entry.name = test.at("name").get<std::string>();
    if (const auto command = test.find("command"); command != test.end()) {
        entry.command = command->get<std::vector<std::string>>();
    }
    if (const auto properties = test.find("properties"); properties != test.end()) {
        for (const auto& property : *properties) {
            take_property(property.at("name").get<std::string>(), property.at("value"), entry);
        }
    }
    return entry;
}

auto key_of(const Entry& entry) {
    return std::tie(entry.name, entry.working_directory, entry.command);
}

std::string below(const std::string& folder, std::string_view build) {
    auto relative = std::filesystem::path(folder).lexically_relative(build);
    if (relative.empty() || *relative.begin() == "..") return folder;
    return relative.string();
}

// Sets of tests that belong together.
class Union {
  public:
    explicit Union(std::size_t size) : parents_(size) {
        std::iota(parents_.begin(), parents_.end(), 0);
    }
    std::size_t root(std::size_t test) {
        while (parents_[test] != test) test = parents_[test] = parents_[parents_[test]];
        return test;
    }
    // The root is the first of them, so that names do not hang on the order of joining.
    void join(std::size_t a, std::size_t b) {
        const std::size_t first = root(a);
        const std::size_t second = root(b);
        parents_[std::max(first, second)] = std::min(first, second);
    }

  private:
    std::vector<std::size_t> parents_;
};

}  // namespace

Result<std::vector<Entry>> read_listing(std::string_view text) {
    const auto shown = [&] { return text::to_valid_utf8(text::shorten(text, kShownBytes)); };
    std::vector<Entry> entries;
    try {
        const auto listing = json::parse(text.substr(std::min(text.find("{\n"), text.size())));
        for (const auto& test : listing.at("tests")) {
            entries.push_back(entry_of(test));
            entries.back().number = entries.size();
        }
    } catch (const json::exception& error) {
        return fail(
            Error{fmt::format("this is no test list of ctest's ({}):\n{}", error.what(), shown())});
    }
    for (const auto& entry : entries) {
        if (entry.name.find_first_of("\r\n") == std::string::npos) continue;
        return fail(
            Error{fmt::format("the name of a test holds a line break: \"{}\"",
                              text::replace_all(entry.name, "\n", "\\n")),
                  {},
                  "give it another name in CMakeLists.txt: what ctest tells of it could not be "
                  "told from what it tells of others"});
    }
    return entries;
}

Result<> number_entries(std::vector<Entry>& selected, const std::vector<Entry>& all) {
    std::map<std::tuple<const std::string&, const std::string&, const std::vector<std::string>&>,
             std::vector<std::size_t>>
        numbers;
    for (const auto& entry : all) numbers[key_of(entry)].push_back(entry.number);
    for (auto& [key, found] : numbers) std::reverse(found.begin(), found.end());
    for (auto& entry : selected) {
        const auto found = numbers.find(key_of(entry));
        if (found == numbers.end() || found->second.empty()) {
            return fail(Error{
                fmt::format("ctest lists the test \"{}\" only where filters are given", entry.name),
                {},
                "was the build folder changed meanwhile? Run again"});
        }
        entry.number = found->second.back();
        found->second.pop_back();
    }
    return {};
}

std::vector<std::string> ids_of(const std::vector<Entry>& all, std::string_view build) {
    std::unordered_map<std::string_view, std::size_t> uses;
    for (const auto& entry : all) ++uses[entry.name];
    std::vector<std::string> ids;
    std::unordered_map<std::string, std::size_t> taken;
    for (const auto& entry : all) {
        auto id = entry.name;
        if (uses[entry.name] > 1) {
            id = fmt::format("{} ({})", entry.name, below(entry.working_directory, build));
        }
        // Two of one name and folder, or a name that looks like the above.
        for (auto count = ++taken[id]; count > 1; count = ++taken[id]) {
            id = fmt::format("{} #{}", id, count);
        }
        ids.push_back(std::move(id));
    }
    return ids;
}

std::vector<std::string> bonds_of(const std::vector<Entry>& all) {
    Union sets(all.size());
    std::unordered_map<std::string_view, std::vector<std::size_t>> named;
    for (std::size_t i = 0; i < all.size(); ++i) named[all[i].name].push_back(i);
    // Fixtures and tests have names of their own kind each.
    std::unordered_map<std::string_view, std::size_t> fixtures;
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const auto* names :
             {&all[i].fixtures_setup, &all[i].fixtures_required, &all[i].fixtures_cleanup}) {
            for (const auto& fixture : *names)
                sets.join(fixtures.try_emplace(fixture, i).first->second, i);
        }
        for (const auto& other : all[i].depends) {
            const auto found = named.find(other);
            if (found == named.end()) continue;
            for (const auto test : found->second) sets.join(test, i);
        }
    }
    std::vector<std::size_t> sizes(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) ++sizes[sets.root(i)];
    std::vector<std::string> bonds(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto root = sets.root(i);
        if (sizes[root] > 1) bonds[i] = fmt::format("{} {}", all[root].name, root);
    }
    return bonds;
}

std::vector<Needs> needs_of(const std::vector<Entry>& all, const std::vector<std::string>& bonds,
                            bool one_machine) {
    struct Sum {
        std::size_t slots = 1;
        std::set<std::string> locks;
    };
    std::vector<Sum> sums(all.size());
    std::unordered_map<std::string_view, std::size_t> first_of;
    const auto sum_of = [&](std::size_t i) -> Sum& {
        return sums[bonds[i].empty() ? i : first_of.try_emplace(bonds[i], i).first->second];
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Entry& entry = all[i];
        Sum& sum = sum_of(i);
        if (one_machine) sum.slots = std::max(sum.slots, entry.processors);
        if (entry.alone) sum.slots = Needs::kAllSlots;
        for (const auto& lock : entry.locks) sum.locks.insert("lock " + lock);
        for (const auto* fixtures : {&entry.fixtures_setup, &entry.fixtures_cleanup}) {
            for (const auto& fixture : *fixtures) sum.locks.insert("fixture " + fixture);
        }
    }
    std::vector<Needs> needs;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Sum& sum = sum_of(i);
        needs.push_back({.slots = sum.slots});
        for (const auto& lock : sum.locks) needs.back().claims.push_back({lock});
    }
    return needs;
}

}  // namespace offload::framework::ctest

#include "pytest/plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "offload/base/text.hpp"
#include "offload/junit/match.hpp"
#include "offload/junit/read.hpp"
#include "pytest/exit_statuses.hpp"

namespace offload::framework {
namespace {

std::string join_dots(std::string_view path) {
    auto dotted = text::replace_all(path, "/", ".");
    if (dotted.ends_with(".py")) dotted.resize(dotted.size() - 3);
    return dotted;
}

// The number in "12 tests collected in 0.01s", "3/12 tests collected (9 deselected)".
std::optional<std::size_t> count_in(std::string_view line) {
    const bool counts = line.find(" tests collected") != std::string_view::npos ||
                        line.find(" test collected") != std::string_view::npos;
    if (!counts) return std::nullopt;
    const auto digit = line.find_first_of("0123456789");
    std::size_t number = 0;
    if (digit == std::string_view::npos) return std::nullopt;
    std::from_chars(line.data() + digit, line.data() + line.size(), number);
    return number;
}

// IDs stand in the first block; what pytest says about errors, warnings and counts comes later.
bool is_heading(std::string_view line) { return line.starts_with("==="); }

std::string broken_name(std::string_view line) {
    constexpr std::string_view kError = "ERROR ";
    if (!line.starts_with(kError)) return {};
    line.remove_prefix(kError.size());
    return std::string(text::trim(line.substr(0, line.find(" - "))));
}

// "a/test_b.py" of "____ ERROR collecting a/test_b.py ____", above what went wrong there.
std::string section_name(std::string_view line) {
    constexpr std::string_view kSays = " ERROR collecting ";
    const auto says = line.find(kSays);
    if (!line.starts_with("_") || says == std::string_view::npos) return {};
    line.remove_prefix(says + kSays.size());
    while (line.ends_with('_')) line.remove_suffix(1);
    return std::string(text::trim(line));
}

// What pytest wrote of each module that could not be collected.
std::map<std::string, std::string> error_sections(std::string_view out) {
    std::map<std::string, std::string> sections;
    std::string* current = nullptr;
    for (const auto line : text::lines(out)) {
        if (auto name = section_name(line); !name.empty()) {
            current = &sections[std::move(name)];
        } else if (is_heading(line)) {
            current = nullptr;
        } else if (current != nullptr) {
            *current += fmt::format("{}\n", line);
        }
    }
    return sections;
}

// The exception as pytest shows it: "E   ImportError: …".
std::string_view exception_in(std::string_view section) {
    std::string_view found;
    for (const auto line : text::lines(section)) {
        if (line.starts_with("E  ")) found = text::trim(line.substr(1));
    }
    return found.empty() ? "cannot be collected" : found;
}

struct Scraped {
    Discovered discovered;
    std::optional<std::size_t> count;
};

Scraped scrape(std::string_view out) {
    Scraped scraped;
    std::unordered_set<std::string_view> seen;
    auto sections = error_sections(out);
    bool in_ids = true;
    for (const auto line : text::lines(out)) {
        if (is_heading(line)) in_ids = false;
        if (const auto count = count_in(line)) scraped.count = count;
        if (auto name = broken_name(line); !name.empty() && !in_ids) {
            TestResult result;
            result.outcome = Outcome::Errored;
            result.details = sections[name];
            const auto reason = line.find(" - ");
            result.message = reason == std::string_view::npos ? exception_in(result.details)
                                                              : line.substr(reason + 3);
            result.file = name;
            scraped.discovered.broken.push_back({std::move(name), std::move(result)});
            continue;
        }
        if (!in_ids || line.find("::") == std::string_view::npos || !seen.insert(line).second) {
            continue;
        }
        scraped.discovered.tests.push_back(
            {std::string(line), std::string(line.substr(0, line.find("::")))});
    }
    return scraped;
}

}  // namespace

JunitAddress junit_address(std::string_view id) {
    const auto bracket = id.find('[');
    const auto names = id.substr(0, bracket);
    const auto last = names.rfind("::");
    const auto parameters = bracket == std::string_view::npos ? "" : id.substr(bracket);
    if (last == std::string_view::npos) {
        return {"", join_dots(names) + std::string(parameters)};
    }
    const auto file = names.substr(0, names.find("::"));
    auto classname = join_dots(file);
    if (last > file.size()) {
        classname += "." + text::replace_all(names.substr(file.size() + 2, last - file.size() - 2),
                                             "::", ".");
    }
    return {std::move(classname), std::string(names.substr(last + 2)) + std::string(parameters)};
}

std::string_view plain_part(std::string_view out, const std::string& nonce) {
    const auto mark = out.find("\x1e" + nonce + " {\"t\":\"plain\"}\n");
    return mark == std::string_view::npos ? out : out.substr(out.find('\n', mark) + 1);
}

Result<Discovered> read_plain_discovery(const Ended& ended, std::string_view out) {
    auto scraped = scrape(out);
    auto& found = scraped.discovered;
    const bool ended_well = ended.exit_status == 0 || ended.exit_status == pytest::kNoTests ||
                            (ended.exit_status == pytest::kInterrupted && !found.broken.empty());
    if (!ended_well) return fail(fmt::format("pytest's discovery failed ({})", ended.how));
    const auto expected =
        scraped.count.value_or(ended.exit_status == pytest::kNoTests ? 0 : SIZE_MAX);
    if (expected == SIZE_MAX) {
        return fail(
            "pytest did not say how many tests it collected, so that what it printed "
            "cannot be trusted to be all (a pytest older than 7, or addopts with -q?)");
    }
    if (expected != found.tests.size()) {
        return fail(fmt::format("pytest collected {}, but {} can be read from its output",
                                text::count(expected, "test"), found.tests.size()));
    }
    found.warnings.emplace_back(
        "Offload's plugin could not be loaded into this pytest command: results are read from "
        "JUnit XML at the end of each batch, and a crash or a hang is found by bisection");
    return std::move(found);
}

PlainPytestReader::PlainPytestReader(std::vector<std::string> ids, std::string format)
    : ids_(std::move(ids)), format_(std::move(format)) {}

void PlainPytestReader::feed(Stream /*stream*/, std::string_view bytes, Signals& /*signals*/,
                             std::string& visible) {
    visible += bytes;
}

BatchReader::Reading PlainPytestReader::finish(const Ended& ended,
                                               const std::optional<std::string>& result_file,
                                               Signals& signals, std::string& /*visible*/) {
    if (!result_file) {
        return {false, fmt::format("pytest wrote no JUnit XML ({})", ended.how), true};
    }
    auto document = junit::read(*result_file);
    if (!document) return {false, document.error().message};

    std::map<std::pair<std::string, std::string>, std::vector<std::string_view>> by_address;
    std::unordered_set<std::string_view> known(ids_.begin(), ids_.end());
    for (const auto& id : ids_) {
        auto address = junit_address(id);
        by_address[{std::move(address.classname), std::move(address.name)}].push_back(id);
    }
    for (auto& test_case : document->cases) {
        if (auto id = junit::format_id(format_, test_case); known.contains(id)) {
            test_case.name = std::move(id);
            continue;
        }
        const auto found = by_address.find({test_case.classname, test_case.name});
        if (found == by_address.end() || found->second.size() != 1) continue;
        test_case.name = found->second.front();
        test_case.classname.clear();
    }
    const std::vector<std::string_view> ids(ids_.begin(), ids_.end());
    auto matched = junit::match(*document, ids, "{name}");
    for (auto& [position, result] : matched.results) {
        if (result.classname.empty()) result.classname = junit_address(ids_[position]).classname;
        signals.push_back(TestEnded{position, std::move(result)});
    }
    for (auto& unknown : matched.unknown) {
        signals.push_back(UnknownCase{std::move(unknown.name), unknown.outcome,
                                      std::move(unknown.closest),
                                      std::move(unknown.matching_format)});
    }
    const bool whole = document->complete && ended.exit_status.has_value();
    return {whole, whole ? std::string{} : fmt::format("the results break off ({})", ended.how)};
}

}  // namespace offload::framework

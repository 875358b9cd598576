#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "examination.hpp"
#include "offload/base/text.hpp"

namespace offload::app {
namespace {

constexpr std::size_t kWidestId = 100;
constexpr std::size_t kShownOfFailure = 120;

// What failures say, and what that speaks of. In lower case.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kTraces{{
    {"database is locked", "a database"},
    {"operationalerror", "a database"},
    {"integrityerror", "a database"},
    {"address already in use", "a port"},
    {"eaddrinuse", "a port"},
    {"connection refused", "a port"},
    {"connectionrefused", "a port"},
    {"filenotfound", "a file"},
    {"fileexists", "a file"},
    {"no such file", "a file"},
    {"file exists", "a file"},
    {"directory not empty", "a folder"},
    {"enoent", "a file"},
    {"timed out", "time"},
    {"timeout", "time"},
    {"too slow", "time"},
    {"seconds", "time"},
    {"elapsed", "time"},
}};

std::string_view what_it_speaks_of(const std::string& said) {
    std::string lower = said;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
    });
    for (const auto& [word, thing] : kTraces) {
        if (lower.find(word) != std::string::npos) return thing;
    }
    return {};
}

std::string first_line(const std::string& said) {
    return text::to_valid_utf8(text::shorten(said.substr(0, said.find('\n')), kShownOfFailure));
}

std::string shared(const Finding& finding) {
    const auto thing = what_it_speaks_of(finding.said);
    const auto line = first_line(finding.said);
    const auto quoted = line.empty() ? std::string{} : fmt::format(": {}", line);
    if (thing == "time") return fmt::format("clock: fails only beside others{}", quoted);
    if (!thing.empty())
        return fmt::format("shared {}: fails only beside others{}",
                           thing.substr(thing.find(' ') + 1), quoted);
    return fmt::format("shared: fails only beside others (a file, a port, a database, time){}",
                       quoted);
}

std::string reason(const Finding& finding) {
    const auto& other = finding.other;
    switch (finding.cause) {
        case Cause::Unstable:
            return "chance: differs from run to run, with nothing beside it";
        case Cause::Identity:
            return "chance: its ID is another one in each collection (random numbers, the clock, "
                   "an address, the order of a set)";
        case Cause::Needs:
            return other.empty() ? "order: needs tests that run before it"
                                 : fmt::format("order: needs {} before it", other);
        case Cause::Spoilt:
            return other.empty() ? "order: ends otherwise after tests that run before it there"
                                 : fmt::format("order: ends otherwise after {}", other);
        case Cause::Shared:
            return shared(finding);
        case Cause::Runner:
            return fmt::format("the runner, not a test: {}", first_line(finding.said));
        case Cause::Unknown:
            break;
    }
    return "not looked into: there are too many of them";
}

std::string_view word(const std::optional<Status>& status) {
    return status ? name_of(*status) : std::string_view("-");
}

std::string row(std::size_t width, const std::string& id, const std::vector<std::string>& cells,
                const std::string& reason) {
    std::string line = fmt::format("{:<{}}", id, width);
    for (const auto& cell : cells) line += fmt::format("  {:<8}", cell);
    if (!reason.empty()) line += "  " + reason;
    while (line.ends_with(' ')) line.pop_back();
    return line + "\n";
}

std::string verdict(const Examination& examination) {
    const auto tests = text::count(examination.tests, "test");
    if (examination.findings.empty()) {
        return fmt::format("SAFE in parallel: {} ended the same in all runs.\n", tests);
    }
    return fmt::format("NOT SAFE in parallel: {} of {} did not end the same in all runs.\n",
                       examination.findings.size(), tests);
}

}  // namespace

std::string render(const Examination& examination, bool all) {
    std::map<std::string, const Finding*> rows;
    if (all) {
        for (const auto& id : examination.plain.order) rows[id] = nullptr;
    }
    for (const auto& finding : examination.findings) rows[finding.id] = &finding;
    std::size_t width = 4;
    for (const auto& [id, finding] : rows) width = std::max(width, std::min(id.size(), kWidestId));

    std::string out;
    if (!rows.empty()) out += row(width, "test", examination.columns, "reason");
    for (const auto& [id, finding] : rows) {
        std::vector<std::string> cells;
        for (std::size_t column = 0; column < examination.columns.size(); ++column) {
            cells.emplace_back(
                word(finding != nullptr ? finding->seen[column] : examination.plain.status_of(id)));
        }
        out += row(width, text::to_valid_utf8(id), cells,
                   finding != nullptr ? reason(*finding) : std::string{});
    }
    if (!out.empty()) out += "\n";
    return out + verdict(examination);
}

}  // namespace offload::app

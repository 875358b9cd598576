#include "offload/junit/match.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "closest.hpp"

namespace offload::junit {
namespace {

// Formats worth proposing where the configured one does not fit.
constexpr std::array<std::string_view, 9> kLikelyFormats = {
    "{name}",
    "{classname} {name}",
    "{classname}::{name}",
    "{classname}.{name}",
    "{classname}:{name}",
    "{classname}#{name}",
    "{classname}/{name}",
    "{classname} > {name}",
    "{classname}",
};

// Adds what one more case says of the same test. `as`: how messages name the case, empty to leave
// them alone.
void merge(TestResult& whole, const TestResult& part, std::string_view as, bool first) {
    if (first || part.outcome > whole.outcome) {
        whole.outcome = part.outcome;
        whole.type = part.type;
        whole.message = part.message;
        whole.details = part.details;
        if (!as.empty() && is_failure(part.outcome)) {
            whole.message = std::string(as) + (part.message.empty() ? "" : ": " + part.message);
        }
    }
    if (first) {
        whole.classname = part.classname;
        whole.file = part.file;
    }
    whole.duration += part.duration;
    whole.system_out += part.system_out;
    whole.system_err += part.system_err;
    whole.properties.insert(whole.properties.end(), part.properties.begin(), part.properties.end());
}

class Matcher {
  public:
    Matcher(std::span<const std::string_view> ids, std::string_view format)
        : ids_(ids), format_(format), closest_(ids), slots_(ids.size(), kNone) {
        positions_.reserve(ids.size());
        for (std::size_t i = 0; i < ids.size(); ++i) positions_.emplace(ids[i], i);
    }

    void add(const Case& test_case) {
        std::string name = format_id(format_, test_case);
        if (const auto exact = find(name)) return record(*exact, test_case.result, "");
        if (const auto whole = find_container(test_case)) {
            return record(*whole, test_case.result, test_case.name);
        }
        add_unknown(std::move(name), test_case);
    }

    Matched take() && { return std::move(matched_); }

  private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    std::optional<std::size_t> find(std::string_view id) const {
        const auto found = positions_.find(id);
        return found == positions_.end() ? std::nullopt : std::optional(found->second);
    }

    // The one ID that is the case's class, file or suite. Nothing where they name several.
    std::optional<std::size_t> find_container(const Case& test_case) const {
        std::optional<std::size_t> only;
        for (const std::string_view name :
             {std::string_view(test_case.classname), std::string_view(test_case.file),
              std::string_view(test_case.suite)}) {
            const auto found = find(name);
            if (!found) continue;
            if (only && *only != *found) return std::nullopt;
            only = found;
        }
        return only;
    }

    void record(std::size_t position, const TestResult& result, std::string_view as) {
        std::size_t& slot = slots_[position];
        const bool first = slot == kNone;
        if (first) {
            slot = matched_.results.size();
            matched_.results.emplace_back(position, TestResult{});
        }
        merge(matched_.results[slot].second, result, as, first);
    }

    void add_unknown(std::string name, const Case& test_case) {
        Unknown unknown{std::move(name), test_case.result.outcome, {}, {}};
        for (const auto format : kLikelyFormats) {
            const auto found = find(format_id(format, test_case));
            if (!found) continue;
            unknown.matching_format = format;
            unknown.closest = ids_[*found];
            break;
        }
        // Only so many are ever shown, and looking for a neighbour costs more than all the rest.
        constexpr std::size_t kExplained = 50;
        if (unknown.closest.empty() && explained_ < kExplained) {
            ++explained_;
            unknown.closest = closest_.to(unknown.name);
        }
        matched_.unknown.push_back(std::move(unknown));
    }

    std::span<const std::string_view> ids_;
    std::string_view format_;
    ClosestId closest_;
    std::unordered_map<std::string_view, std::size_t> positions_;
    std::vector<std::size_t> slots_;  // position in ids_ → position in matched_.results
    std::size_t explained_ = 0;
    Matched matched_;
};

}  // namespace

std::string format_id(std::string_view format, const Case& test_case) {
    constexpr std::string_view kName = "{name}";
    constexpr std::string_view kClassname = "{classname}";
    std::string id;
    while (!format.empty()) {
        const auto brace = std::min(format.find('{'), format.size());
        id += format.substr(0, brace);
        format.remove_prefix(brace);
        if (format.starts_with(kName)) {
            id += test_case.name;
            format.remove_prefix(kName.size());
        } else if (format.starts_with(kClassname)) {
            id += test_case.classname;
            format.remove_prefix(kClassname.size());
        } else if (!format.empty()) {
            id += '{';
            format.remove_prefix(1);
        }
    }
    return id;
}

Matched match(const Document& document, std::span<const std::string_view> ids,
              std::string_view format) {
    Matcher matcher(ids, format);
    for (const Case& test_case : document.cases) matcher.add(test_case);
    return std::move(matcher).take();
}

}  // namespace offload::junit

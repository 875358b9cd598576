#include <algorithm>
#include <array>

#include "ci/system.hpp"
#include "offload/base/text.hpp"

namespace offload::report::ci {
namespace {

constexpr std::array kSystems{&kGitHub, &kGitLab, &kBuildkite};

}  // namespace

std::vector<std::string_view> names() {
    std::vector<std::string_view> names;
    for (const auto* system : kSystems) names.push_back(system->name);
    return names;
}

const CiSystem* chosen(std::string_view name, const Variables& variables) {
    const auto* const found = std::ranges::find_if(kSystems, [&](const CiSystem* system) {
        return name == "auto" ? variables(system->variable) == "true" : system->name == name;
    });
    return found == kSystems.end() ? nullptr : *found;
}

std::string guarded(const CiSystem* system, std::string_view lines) {
    if (system == nullptr || system->guard == nullptr) return std::string(lines);
    std::string out;
    for (std::size_t begin = 0; begin < lines.size();) {
        const auto newline = lines.find('\n', begin);
        const auto end = newline == std::string_view::npos ? lines.size() : newline;
        out += system->guard(lines.substr(begin, end - begin));
        if (newline != std::string_view::npos) out += '\n';
        begin = end + 1;
    }
    return out;
}

}  // namespace offload::report::ci

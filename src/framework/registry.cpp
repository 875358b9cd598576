#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cargo/kind.hpp"
#include "command/kind.hpp"
#include "ctest/kind.hpp"
#include "failure_lines.hpp"
#include "offload/framework/framework.hpp"
#include "offload/framework/kind.hpp"
#include "pytest/kind.hpp"
#include "vitest/kind.hpp"

namespace offload::framework {

std::span<const Kind* const> kinds() {
    static const std::array all = {&pytest_kind(), &cargo_kind(), &ctest_kind(), &command_kind(),
                                   &vitest_kind()};
    return all;
}

namespace {

// Null: there is none of this type.
const Kind* find_kind(std::string_view type) {
    for (const auto* kind : kinds()) {
        const auto& names = kind->declared.names;
        if (std::ranges::find(names, type) != names.end()) return kind;
    }
    return nullptr;
}

}  // namespace

config::Framework plain(config::Framework framework) {
    const auto* kind = find_kind(framework.type);
    if (kind != nullptr && kind->plain != nullptr) {
        framework.options = kind->plain(*framework.options);
    }
    return framework;
}

LineRanker line_ranker(std::string_view type) {
    return [kind = find_kind(type)](Lines lines, Ranks ranks) {
        rank_common(lines, ranks);
        if (kind != nullptr && kind->rank_lines != nullptr) kind->rank_lines(lines, ranks);
    };
}

Result<std::unique_ptr<Framework>> make_framework(const config::Config& config) {
    const auto& type = config.framework.type;
    if (const auto* kind = find_kind(type)) return kind->make(config);
    return fail(fmt::format("there is no framework of type \"{}\"", type));
}

}  // namespace offload::framework

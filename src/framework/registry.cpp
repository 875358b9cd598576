#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cargo/kind.hpp"
#include "command/kind.hpp"
#include "ctest/kind.hpp"
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

Result<std::unique_ptr<Framework>> make_framework(const config::Config& config) {
    const auto& type = config.framework.type;
    for (const auto* kind : kinds()) {
        const auto& names = kind->declared.names;
        if (std::ranges::find(names, type) != names.end()) return kind->make(config);
    }
    return fail(fmt::format("there is no framework of type \"{}\"", type));
}

}  // namespace offload::framework

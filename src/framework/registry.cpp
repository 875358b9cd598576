#include <memory>
#include <variant>

#include "cargo/cargo.hpp"
#include "command/command.hpp"
#include "ctest/ctest.hpp"
#include "offload/framework/framework.hpp"
#include "pytest/pytest.hpp"

namespace offload::framework {
namespace {

struct Maker {
    const config::Config& config;

    using Made = Result<std::unique_ptr<Framework>>;

    Made operator()(const config::PytestFramework&) const {
        return std::make_unique<PytestFramework>(config);
    }
    Made operator()(const config::CargoFramework&) const {
        return std::make_unique<CargoFramework>(config);
    }
    Made operator()(const config::CtestFramework&) const {
        return std::make_unique<CtestFramework>(config);
    }
    Made operator()(const config::CommandFramework&) const {
        return std::make_unique<CommandFramework>(config);
    }
    Made operator()(const config::VitestFramework&) const {
        return fail(Error{"[framework] type = \"vitest\" is known, but not built yet",
                          config.file.string(),
                          "use type = \"default\" with a run_command that calls vitest with "
                          "--reporter=junit --outputFile={result_file}"});
    }
};

}  // namespace

Result<std::unique_ptr<Framework>> make_framework(const config::Config& config) {
    return std::visit(Maker{config}, config.framework.kind);
}

}  // namespace offload::framework

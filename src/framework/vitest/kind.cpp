// Known, but not built: configs load and validate, and a run is refused.
#include "vitest/kind.hpp"

#include <optional>
#include <string>

#include "environment.hpp"
#include "offload/framework/framework.hpp"

namespace offload::framework {
namespace {

using config::Era;
using config::key;

struct VitestOptions final : RunnerEnvironment {
    std::optional<std::string> command;
    std::optional<std::string> run_args;

    std::optional<config::Complaint> unbuilt() const override {
        return config::Complaint{
            "framework.type is \"vitest\", which this version cannot run",
            "type = \"default\" can: vitest list as discover_command, vitest run "
            "--reporter=junit as run_command"};
    }
};

config::FrameworkKind declare() {
    using S = VitestOptions;
    return {.names = {"vitest"},
            .doc = "Known, so that such configs can be read. This version does not run it.",
            .keys = {key("command", &S::command, Era::V0_9, "How vitest is called."),
                     key("run_args", &S::run_args, Era::V0_9, "Arguments for the tests alone."),
                     env_key<S>(), prepend_path_key<S>()},
            .fresh = [] { return std::make_shared<S>(); },
            .test_id_format = "{classname} > {name}"};
}

Result<std::unique_ptr<Framework>> make(const config::Config& config) {
    return fail(Error{.message = "[framework] type = \"vitest\" is known, but not built yet",
                      .place = config.file.string(),
                      .hint = "use type = \"default\" with a run_command that calls vitest with "
                              "--reporter=junit --outputFile={result_file}"});
}

}  // namespace

const Kind& vitest_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::framework

#include "modal/kind.hpp"

#include "modal/modal.hpp"
#include "modal/options.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"

namespace offload::provider {
namespace {

using config::Era;
using config::key;

config::Keys keys() {
    using S = ModalOptions;
    return {
        key("dockerfile", &S::dockerfile, Era::V0_4,
            "What the image is built from; without it, a plain Python image."),
        key("include_cwd", &S::include_cwd, Era::V0_4,
            "Copies the current folder into the image, to `sandbox_repo_root`, else "
            "`sandbox_project_root`. A .dockerignore says what stays out; what git ignores does, "
            "too."),
        key("copy_dirs", &S::copy_dirs, Era::V0_4, "Folders that are copied into the image."),
        key("cpu_cores", &S::cpu_cores, Era::V0_9, "The cores of a sandbox."),
        // TRAPS 47: an integer is a number, too
        key("memory_gb", &S::memory_gb, Era::V0_9, "The memory of a sandbox, in GiB.",
            {.otherwise = "0.125, Modal's least"}),
        key("env", &S::env, Era::V0_9,
            "Environment variables for the tests; `${HOME}` and `${PORT:-8080}` are expanded."),
        key("experimental_options", &S::experimental_options, Era::V0_9,
            "Passed on to Modal as they are.", {.table = true}),
    };
}

config::InitSection suggest(const config::InitRequest& request) {
    const std::string dockerfile = config::dockerfile_in(request.folder);
    config::InitSection out;
    if (dockerfile.empty()) {
        out.notes.emplace_back(
            "There is no Dockerfile here: `dockerfile` has to name one that installs the runner "
            "and what the tests need.");
    }
    out.own = {{"dockerfile", config::toml_text(dockerfile.empty() ? "Dockerfile" : dockerfile),
                !dockerfile.empty()},
               {"include_cwd", "true"},
               {"cpu_cores", "1.0", false},
               {"memory_gb", "2", false},
               {"env", "{ APP_ENV = \"test\" }", false}};
    return out;
}

config::ProviderKind declare() {
    return {.names = {"modal"},
            .doc =
                "Every sandbox is a container at modal.com. Needs uv (or a python3 with the "
                "modal package) and a Modal account (`uvx modal token new`), nothing else.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<ModalOptions>(); },
            .init = suggest};
}

Result<std::unique_ptr<Provider>> make(const config::Config& config,
                                       const std::string& /*working_folder*/) {
    return ModalProvider::create_from(config);
}

}  // namespace

void ModalOptions::look_around(config::Surroundings& surroundings) const {
    if (dockerfile) {
        surroundings.check_exists("provider.dockerfile", *dockerfile,
                                  "the image cannot be built without it");
    }
    const auto& here = surroundings.here();
    if (!surroundings.has_tool("uv", here) && !surroundings.has_tool("python3", here)) {
        surroundings.warn("provider.type",
                          "a modal provider needs uv or python3, and neither is in $PATH",
                          "install uv: it brings the Modal client along");
    }
    surroundings.check_copy_dirs("provider.copy_dirs", copy_dirs);
}

std::optional<config::SandboxSize> ModalOptions::size() const {
    constexpr double kLeastMemory = 0.125;  // what Modal reserves unless told otherwise
    return config::SandboxSize{.cores = cpu_cores, .gib = memory_gb.value_or(kLeastMemory)};
}

const Kind& modal_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::provider

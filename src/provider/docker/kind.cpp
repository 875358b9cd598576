#include "kind.hpp"

#include <fmt/format.h>

#include "docker.hpp"
#include "offload/config/init.hpp"
#include "offload/config/surroundings.hpp"
#include "options.hpp"

namespace offload::provider::docker {
namespace {

using config::Era;
using config::key;

config::Keys image_keys() {
    using S = DockerOptions;
    return {
        key("engine", &S::engine, Era::V1_0, "Whose socket and program are used.",
            {.choices = {"docker", "podman"}}),
        key("host", &S::host, Era::V1_0, "The engine's socket, as `unix:///run/docker.sock`.",
            {.otherwise = "that of the environment, else the usual ones"}),
        key("image", &S::image, Era::V1_0,
            "An image that exists, or can be pulled: this or `dockerfile`."),
        key("dockerfile", &S::dockerfile, Era::V1_0, "What the image is built from."),
        key("context", &S::context, Era::V1_0, "The folder that a Dockerfile copies from."),
        key("build_args", &S::build_args, Era::V1_0, "Values for the Dockerfile's `ARG`s."),
        key("include_cwd", &S::include_cwd, Era::V1_0,
            "Copies the current folder into the image, to `sandbox_repo_root`, else "
            "`sandbox_project_root`: what git knows or does not ignore. A .dockerignore says what "
            "stays out besides."),
        key("copy_dirs", &S::copy_dirs, Era::V1_0, "Folders that are copied into the image."),
    };
}

config::Keys keys() {
    using S = DockerOptions;
    config::Keys all = image_keys();
    const config::Keys of_container = {
        key("env", &S::env, Era::V1_0,
            "Environment variables for the tests; `${HOME}` and `${PORT:-8080}` are expanded."),
        key("cpu_cores", &S::cpu_cores, Era::V1_0, "How many cores a container may use at most.",
            {.otherwise = "no limit"}),
        // TRAPS 47: an integer is a number, too
        key("memory_gb", &S::memory_gb, Era::V1_0,
            "How much memory a container may use at most, in GiB.", {.otherwise = "no limit"}),
        key("network", &S::network, Era::V1_0,
            "The network of containers and of the build: `none`, `host`, a name.",
            {.otherwise = "the engine's own"}),
        key("user", &S::user, Era::V1_0, "Who runs the tests.", {.otherwise = "the image's"}),
        key("run_args", &S::run_args, Era::V1_0, "Anything else that `docker run` takes."),
    };
    all.insert(all.end(), of_container.begin(), of_container.end());
    return all;
}

config::InitSection suggest(const config::InitRequest& request) {
    const std::string dockerfile = config::dockerfile_in(request.folder);
    const config::Suggestion source =
        dockerfile.empty() ? config::Suggestion{"image", config::toml_text("python:3.12-slim")}
                           : config::Suggestion{"dockerfile", config::toml_text(dockerfile)};
    config::InitSection out;
    if (dockerfile.empty()) {
        out.notes.emplace_back(
            "There is no Dockerfile here: `image` has to name an image that has the runner and "
            "what the tests need, or `dockerfile` what builds one.");
    }
    out.own = {{"engine", config::toml_text("podman"), false},
               source,
               {"include_cwd", "true"},
               {"cpu_cores", "1.0", false},
               {"memory_gb", "2", false},
               {"run_args", "[\"--shm-size=1g\"]", false},
               {"env", "{ APP_ENV = \"test\" }", false}};
    return out;
}

config::ProviderKind declare() {
    return {.names = {"docker"},
            .doc = "Every sandbox is a container of a Docker Engine, or of Podman.",
            .keys = keys(),
            .fresh = [] { return std::make_shared<DockerOptions>(); },
            .init = suggest,
            .exactly_one = {
                {.one = "image",
                 .other = "dockerfile",
                 .if_neither = "image = \"python:3.12-slim\", or dockerfile = \"Dockerfile\"",
                 .if_both =
                     "image names one that exists, dockerfile builds one: keep one of the keys"}}};
}

Result<std::unique_ptr<Provider>> make(const config::Config& config,
                                       const std::string& /*working_folder*/) {
    return DockerProvider::create_from(config);
}

}  // namespace

void DockerOptions::look_around(config::Surroundings& surroundings) const {
    if (dockerfile) {
        surroundings.check_exists("provider.dockerfile", *dockerfile,
                                  "the image cannot be built without it");
    }
    const std::string name(program(engine));
    if (!surroundings.has_tool(name, surroundings.here())) {
        surroundings.warn("provider.engine", fmt::format("the program {} is not in $PATH", name),
                          "images are built and pulled with it; containers need none");
    }
    surroundings.check_copy_dirs("provider.copy_dirs", copy_dirs);
}

std::optional<config::SandboxSize> DockerOptions::size() const {
    return config::SandboxSize{.cores = cpu_cores.value_or(1), .gib = memory_gb.value_or(0)};
}

const Kind& docker_kind() {
    static const Kind kind = {declare(), make};
    return kind;
}

}  // namespace offload::provider::docker

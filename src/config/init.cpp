#include "offload/config/init.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "offload/base/file.hpp"

namespace offload::config {
namespace {

namespace fs = std::filesystem;

bool has(const fs::path& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
}

bool in_path(std::string_view name) {
    const char* value = std::getenv("PATH");
    const std::string_view path = value == nullptr ? "" : value;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        const fs::path candidate = fs::path(path.substr(at, end - at)) / name;
        if (::access(candidate.c_str(), X_OK) == 0) return true;
        at = end + 1;
    }
    return false;
}

// A basic TOML string.
std::string toml_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string dockerfile_in(const fs::path& folder) {
    for (const char* name : {"Dockerfile", ".devcontainer/Dockerfile", "docker/Dockerfile"}) {
        if (has(folder / name)) return name;
    }
    return "";
}

std::string offload_section(InitProvider provider) {
    std::string out =
        "[offload]\n"
        "# How many sandboxes may run tests at the same time. `--parallel N` overrides it.\n";
    out += provider == InitProvider::Local ? "max_parallel = 4\n" : "max_parallel = 10\n";
    out +=
        "# How long one batch of tests may take. The test that hangs fails; the others run again.\n"
        "test_timeout_secs = 900\n";
    if (provider != InitProvider::Local) {
        out +=
            "# Where the project lies inside a sandbox; tests run there, and find the path in\n"
            "# $OFFLOAD_ROOT.\n"
            "sandbox_project_root = \"/app\"\n";
    }
    return out;
}

std::string local_section() {
    return "[provider]\n"
           "# local: every sandbox is a process on this machine, in this folder.\n"
           "type = \"local\"\n"
           "# Environment variables for the tests; ${HOME} and ${PORT:-8080} are expanded.\n"
           "# env = { APP_ENV = \"test\" }\n";
}

std::string command_section(const fs::path& folder) {
    const std::string dockerfile = dockerfile_in(folder);
    return fmt::format(
        "[provider]\n"
        "# default: sandboxes are made and driven by your own commands. These use Docker; "
        "anything\n"
        "# that can make a machine, run a command in it and remove it will do.\n"
        "type = \"default\"\n"
        "# Runs once. The last line that it prints is the image ID.\n"
        "prepare_command = {}\n"
        "# Runs once for each sandbox. The last line that it prints is the sandbox ID.\n"
        "create_command = \"docker run -d --rm {{image_id}} sleep infinity\"\n"
        "# Runs a batch of tests; {{command}} is one quoted argument.\n"
        "exec_command = \"docker exec -i {{sandbox_id}} sh -c {{command}}\"\n"
        "# The exec command passes its standard input into the sandbox (docker exec -i does).\n"
        "exec_stdin = true\n"
        "destroy_command = \"docker rm -f {{sandbox_id}}\"\n"
        "# {{paths}} are pairs REMOTE:LOCAL.\n"
        "download_command = '''for pair in {{paths}}; do "
        "docker cp {{sandbox_id}}:\"${{pair%%:*}}\" \"${{pair#*:}}\"; done'''\n"
        "# Limit for each of these commands.\n"
        "timeout_secs = 3600\n"
        "# env = {{ APP_ENV = \"test\" }}\n",
        toml_text(dockerfile.empty() || dockerfile == "Dockerfile"
                      ? "docker build -q ."
                      : fmt::format("docker build -q -f {} .", dockerfile)));
}

std::string modal_section(const fs::path& folder) {
    const std::string dockerfile = dockerfile_in(folder);
    return fmt::format(
        "[provider]\n"
        "# modal: every sandbox is a container at modal.com. Needs uv (or a python3 with the "
        "modal\n"
        "# package) and a Modal account (`uvx modal token new`), nothing else.\n"
        "type = \"modal\"\n"
        "# What the image is built from; without it, a plain Python image.\n"
        "{}dockerfile = {}\n"
        "# Copies this folder into the image, to sandbox_project_root. A .dockerignore says what\n"
        "# stays out; what git ignores does, too.\n"
        "include_cwd = true\n"
        "# Size of a sandbox.\n"
        "# cpu_cores = 1.0\n"
        "# memory_gb = 2\n"
        "# env = {{ APP_ENV = \"test\" }}\n",
        dockerfile.empty() ? "# " : "", toml_text(dockerfile.empty() ? "Dockerfile" : dockerfile));
}

std::string docker_section(const fs::path& folder) {
    const std::string dockerfile = dockerfile_in(folder);
    return fmt::format(
        "[provider]\n"
        "# docker: every sandbox is a container of a Docker Engine, or of Podman.\n"
        "type = \"docker\"\n"
        "# engine = \"podman\"\n"
        "# What the image is built from; or, in its place, an image that exists.\n"
        "{}\n"
        "# Copies this folder into the image, to sandbox_project_root: what git knows or does not\n"
        "# ignore. A .dockerignore says what stays out besides.\n"
        "include_cwd = true\n"
        "# Size of a sandbox; without them there is no limit.\n"
        "# cpu_cores = 1.0\n"
        "# memory_gb = 2\n"
        "# Anything else that `docker run` takes.\n"
        "# run_args = [\"--shm-size=1g\"]\n"
        "# env = {{ APP_ENV = \"test\" }}\n",
        dockerfile.empty() ? "image = \"python:3.12-slim\""
                           : fmt::format("dockerfile = {}", toml_text(dockerfile)));
}

// How pytest is called in this project.
std::string pytest_command(const fs::path& folder, InitProvider provider) {
    if (has(folder / "uv.lock")) return "uv run pytest";
    if (has(folder / "poetry.lock")) return "poetry run pytest";
    if (has(folder / "pdm.lock")) return "pdm run pytest";
    if (provider == InitProvider::Local) {
        for (const char* venv : {".venv", "venv"}) {
            if (has(folder / venv / "bin/pytest")) {
                return fmt::format("{}/bin/python -m pytest", venv);
            }
        }
    }
    return !in_path("python") && in_path("python3") ? "python3 -m pytest" : "python -m pytest";
}

std::string pytest_section(const fs::path& folder, InitProvider provider) {
    const bool tests = has(folder / "tests");
    const bool test = !tests && has(folder / "test");
    return fmt::format(
        "[framework]\n"
        "type = \"pytest\"\n"
        "# How pytest is called in this project, for discovery and for the tests.\n"
        "command = {}\n"
        "# Where tests are; without it, pytest's own configuration decides.\n"
        "{}paths = [{}]\n"
        "# Arguments for the tests alone, not for discovery. An example that helps: coverage and\n"
        "# xdist only get in each other's way here.\n"
        "# run_args = \"--no-cov -p no:xdist\"\n",
        toml_text(pytest_command(folder, provider)), tests || test ? "" : "# ",
        toml_text(test ? "test" : "tests"));
}

std::string cargo_section() {
    return "[framework]\n"
           "# Runs tests with cargo-nextest (cargo install cargo-nextest --locked).\n"
           "type = \"cargo\"\n"
           "# One package of a workspace; features to switch on; ignored tests as well.\n"
           "# package = \"my-crate\"\n"
           "# features = [\"slow-tests\"]\n"
           "# include_ignored = true\n";
}

// Where the project has been built; "build" where it has not.
std::string build_folder_in(const fs::path& folder) {
    std::error_code ignored;
    for (const char* parent : {"build", "out/build", "."}) {
        if (has(folder / parent / "CTestTestfile.cmake")) return parent;
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder / parent, ignored)) {
            if (has(entry.path() / "CTestTestfile.cmake")) {
                found.push_back(
                    entry.path().lexically_relative(folder).lexically_normal().string());
            }
        }
        if (!found.empty()) return *std::min_element(found.begin(), found.end());
    }
    return "build";
}

std::string ctest_section(const fs::path& folder) {
    return fmt::format(
        "[framework]\n"
        "# Runs the tests that CTest knows in a build folder. Build it before a run.\n"
        "type = \"ctest\"\n"
        "build_dir = {}\n"
        "# The configuration, where the build folder holds several.\n"
        "# config = \"Release\"\n",
        toml_text(build_folder_in(folder)));
}

std::string command_framework_section(const fs::path& folder) {
    const fs::path tests = has(folder / "tests") ? "tests" : ".";
    return fmt::format(
        "[framework]\n"
        "# default: any runner, by two commands of yours. This example runs each test_*.sh.\n"
        "type = \"default\"\n"
        "# Prints one test ID a line; {{filters}} are those of each group.\n"
        "discover_command = \"find {} -type f -name 'test_*.sh' {{filters}} | sort\"\n"
        "# Runs the tests {{tests}}. A runner that can write JUnit XML should write it to\n"
        "# {{result_file}}: then every test has a result of its own. Without it the exit status\n"
        "# decides for the whole batch.\n"
        "run_command = '''failed=0; for test in {{tests}}; do sh \"$test\" || failed=1; done; "
        "exit $failed'''\n"
        "# How a test ID is made of the attributes of a JUnit testcase.\n"
        "test_id_format = \"{{name}}\"\n",
        tests.string());
}

std::string groups_section(InitFramework framework) {
    std::string out =
        "# Groups are named sets of tests, each with its own filters and retries.\n"
        "[groups.all]\n"
        "# How often a failed test runs again. One that passes then is reported as flaky, and the\n"
        "# run exits with 2 instead of 0.\n"
        "retry_count = 1\n";
    switch (framework) {
        case InitFramework::Pytest:
            out +=
                "# Arguments for pytest's collection.\n"
                "# filters = \"-m 'not slow'\"\n";
            break;
        case InitFramework::Cargo:
            out +=
                "# Arguments for cargo nextest list.\n"
                "# filters = \"-E 'not test(slow)'\"\n";
            break;
        case InitFramework::Ctest:
            out +=
                "# Arguments of ctest that select tests: -R, -E, -L, -LE.\n"
                "# filters = \"-LE slow\"\n";
            break;
        case InitFramework::Command:
            out +=
                "# What stands for {filters} in discover_command.\n"
                "# filters = \"-not -name '*_slow.sh'\"\n"
                "# With one test a batch, the exit status tells the result of each test.\n"
                "schedule_individual = true\n";
            break;
    }
    return out;
}

std::string report_section() {
    return "[report]\n"
           "# Reports and logs: junit.xml, and logs/ with the output of every batch.\n"
           "output_dir = \"test-results\"\n"
           "# Files that tests leave behind and that should come back.\n"
           "# download_globs = [\"screenshots/**\"]\n";
}

}  // namespace

InitFramework detect_framework(const std::filesystem::path& folder) {
    if (has(folder / "Cargo.toml")) return InitFramework::Cargo;
    for (const char* name :
         {"pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", "conftest.py"}) {
        if (has(folder / name)) return InitFramework::Pytest;
    }
    if (has(folder / "CMakeLists.txt")) return InitFramework::Ctest;
    return InitFramework::Pytest;
}

std::string init_template(InitProvider provider, InitFramework framework,
                          const std::filesystem::path& folder) {
    std::string out =
        "# Runs this project's tests in parallel: `offload run`.\n"
        "# `offload validate` shows every setting with its value and where it comes from,\n"
        "# `offload collect` the tests that are found.\n\n";
    out += offload_section(provider) + '\n';
    switch (provider) {
        case InitProvider::Local:
            out += local_section();
            break;
        case InitProvider::Command:
            out += command_section(folder);
            break;
        case InitProvider::Modal:
            out += modal_section(folder);
            break;
        case InitProvider::Docker:
            out += docker_section(folder);
            break;
    }
    out += '\n';
    switch (framework) {
        case InitFramework::Pytest:
            out += pytest_section(folder, provider);
            break;
        case InitFramework::Cargo:
            out += cargo_section();
            break;
        case InitFramework::Ctest:
            out += ctest_section(folder);
            break;
        case InitFramework::Command:
            out += command_framework_section(folder);
            break;
    }
    out += '\n' + groups_section(framework) + '\n' + report_section();
    return out;
}

}  // namespace offload::config

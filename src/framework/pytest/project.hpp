// What a Python project shows of how its tests are run, for `init`. Looks at files, $PATH and
// $VIRTUAL_ENV alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "offload/config/kind.hpp"
#include "pytest/settings.hpp"

namespace offload::framework {

struct PytestCall {
    std::string command;             // as [framework] command has it
    std::vector<std::string> notes;  // sentences: why this one
    std::vector<config::Probe> probes;
};

// By the project's own tool where there is one (uv, poetry, pdm, pipenv), else in the environment
// that is active or that lies in the project's folder (.venv, one of tox's or nox's), else by the
// interpreter in $PATH. A Django project's gets its settings.
PytestCall pytest_call(const config::InitRequest& request, const PytestSettings& settings);

// 4: a project of Python's with tests for pytest. 2: one of the two. 0: neither.
int looks_like_pytest(const std::filesystem::path& folder);

}  // namespace offload::framework

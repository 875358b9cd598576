#include "pytest/project.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "offload/base/file.hpp"
#include "offload/base/text.hpp"
#include "offload/config/init.hpp"

namespace offload::framework {
namespace {

namespace fs = std::filesystem;

// A tool that keeps the project's environment, and the file by which the project says so.
struct LockTool {
    const char* file;
    const char* program;
};
constexpr std::array kLockTools{LockTool{"uv.lock", "uv"}, LockTool{"poetry.lock", "poetry"},
                                LockTool{"pdm.lock", "pdm"}, LockTool{"Pipfile.lock", "pipenv"}};

// The first environment in a tool's folder that has pytest: ".tox/py312".
std::string environment_of_tool(const fs::path& folder, std::string_view tool) {
    std::vector<std::string> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder / tool, ignored)) {
        if (!config::is_there(entry.path() / "bin/pytest")) continue;
        found.push_back(fmt::format("{}/{}", tool, entry.path().filename().string()));
    }
    return found.empty() ? "" : *std::ranges::max_element(found);
}

// An environment that is active and not the project's own; empty: there is none.
fs::path active_environment(const fs::path& folder) {
    const char* value = std::getenv("VIRTUAL_ENV");
    if (value == nullptr || *value == '\0') return {};
    const auto inside = fs::path(value).lexically_relative(fs::absolute(folder));
    return inside.empty() || inside.native().starts_with("..") ? fs::path(value) : fs::path();
}

// Relative to the folder; empty: none. One with pytest goes before one without.
std::string own_environment(const fs::path& folder) {
    constexpr std::array kNames{".venv", "venv", "env"};
    for (const char* name : kNames) {
        if (config::is_there(folder / name / "bin/pytest")) return name;
    }
    for (const char* tool : {".tox", ".nox"}) {
        if (auto found = environment_of_tool(folder, tool); !found.empty()) return found;
    }
    for (const char* name : kNames) {
        if (config::is_there(folder / name / "bin/python")) return name;
    }
    return {};
}

std::string python_for(const config::InitRequest& request) {
    if (request.runs_here) {
        const auto active = active_environment(request.folder);
        const bool suits = !active.empty() && config::is_there(active / "bin/pytest");
        const auto own = suits ? std::string() : own_environment(request.folder);
        if (!own.empty()) return own + "/bin/python";
    }
    return !config::is_in_path("python") && config::is_in_path("python3") ? "python3" : "python";
}

config::Probe probe_of(const std::string& python, std::string_view module,
                       std::string_view package) {
    return {.words = {python, "-c", fmt::format("import {}", module)},
            .lack = fmt::format("{} has no {}", python, package),
            .hint = fmt::format("{} -m pip install {}, with what else the tests need; or name the "
                                "interpreter that has it in [framework] command",
                                python, package)};
}

bool is_of_name(unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; }

bool is_module(std::string_view name) {
    return name.find('.') != std::string_view::npos || name.ends_with("settings");
}

bool has_module(const fs::path& folder, std::string_view name) {
    const fs::path path = folder / text::replace_all(name, ".", "/");
    return config::is_there(path.string() + ".py") || config::is_there(path / "__init__.py");
}

// What follows on `word` wherever it stands, up to the first that is a module's name.
std::string module_after(std::string_view content, std::string_view word) {
    for (auto at = content.find(word); at != std::string_view::npos; at = content.find(word, at)) {
        at += word.size();
        const auto begin = std::min(content.find_first_not_of(" \t\"'],=:", at), content.size());
        const auto rest = content.substr(begin);
        const auto end = std::ranges::find_if_not(rest, is_of_name);
        const auto name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
        if (begin > at && is_module(name)) return std::string(name);
    }
    return "";
}

struct DjangoSettings {
    std::string module;  // empty: this is no project of Django's
    std::string file;    // that says so
};

// Of a site manage.py names them, of a package for Django whatever starts its tests.
DjangoSettings django_settings(const fs::path& folder) {
    for (const char* file : {"manage.py", "runtests.py", "tox.ini", "noxfile.py", "Makefile"}) {
        const auto content = read_file(folder / file);
        if (!content) continue;
        for (const std::string_view word : {"DJANGO_SETTINGS_MODULE", "--settings"}) {
            auto module = module_after(*content, word);
            if (module.empty()) continue;
            if (file == std::string_view("manage.py") || has_module(folder, module)) {
                return {std::move(module), file};
            }
        }
    }
    for (const char* file : {"tests/settings.py", "tests/test_settings.py"}) {
        const auto content = read_file(folder / file);
        if (content && content->find("INSTALLED_APPS") != std::string::npos) {
            return {
                text::replace_all(std::string(file, std::string_view(file).size() - 3), "/", "."),
                file};
        }
    }
    return {};
}

// Django's own runner finds other files than pytest, and knows its settings from elsewhere.
void suit_django(const DjangoSettings& django, const PytestSettings& settings, PytestCall& call) {
    call.notes.push_back(fmt::format(
        "{}: a Django project, whose tests pytest-django lets pytest run.", django.file));
    if (!settings.values.contains("DJANGO_SETTINGS_MODULE")) {
        call.command += " --ds=" + django.module;
    }
    if (!settings.values.contains("python_files")) {
        call.command += " -o 'python_files=tests.py test_*.py *_tests.py'";
    }
}

bool has_test_files(const fs::path& folder) {
    std::error_code ignored;
    for (const char* place : {".", "tests", "test", "testing"}) {
        for (const auto& entry : fs::directory_iterator(folder / place, ignored)) {
            const auto name = entry.path().filename().string();
            if (name == "conftest.py") return true;
            if (name.starts_with("test_") && name.ends_with(".py")) return true;
        }
    }
    return false;
}

}  // namespace

PytestCall pytest_call(const config::InitRequest& request, const PytestSettings& settings) {
    PytestCall call;
    const auto tool = std::ranges::find_if(kLockTools, [&](const LockTool& each) {
        return config::is_there(request.folder / each.file);
    });
    const bool by_tool =
        tool != kLockTools.end() && (!request.runs_here || config::is_in_path(tool->program));
    if (tool != kLockTools.end() && !by_tool) {
        call.notes.push_back(
            fmt::format("{} is here, but {} is not in $PATH: pytest is called "
                        "without it.",
                        tool->file, tool->program));
    }
    const auto django = django_settings(request.folder);
    const bool is_django = !django.module.empty();
    const auto python = by_tool ? std::string() : python_for(request);
    if (!by_tool) {
        call.command = fmt::format("{} -m pytest", python);
    } else {
        // Called as a module, pytest finds the settings of Django in this folder.
        call.command =
            fmt::format("{} run {}", tool->program, is_django ? "python -m pytest" : "pytest");
    }
    if (is_django) suit_django(django, settings, call);
    if (request.runs_here && !by_tool) {
        call.probes.push_back(probe_of(python, "pytest", "pytest"));
        if (is_django) call.probes.push_back(probe_of(python, "pytest_django", "pytest-django"));
    }
    return call;
}

int looks_like_pytest(const fs::path& folder) {
    constexpr std::array kOfPython{"pyproject.toml", "setup.py", "setup.cfg", "tox.ini"};
    const bool python = std::ranges::any_of(
        kOfPython, [&](const char* name) { return config::is_there(folder / name); });
    const bool tests = !pytest_settings(folder).file.empty() || has_test_files(folder) ||
                       config::is_there(folder / "manage.py");
    return (python ? 2 : 0) + (tests ? 2 : 0);
}

}  // namespace offload::framework

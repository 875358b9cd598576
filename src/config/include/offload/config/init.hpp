// The commented offload.toml that `offload init` writes.
#pragma once

#include <filesystem>
#include <string>

#include "offload/base/error.hpp"

namespace offload::config {

enum class InitProvider { Local, Command, Modal, Docker };
enum class InitFramework { Pytest, Cargo, Ctest, Command };

// What the folder looks like: Cargo.toml → Cargo; pyproject.toml, pytest.ini, setup.cfg, tox.ini,
// conftest.py or a tests folder with test_*.py → Pytest; else CMakeLists.txt → Ctest; nothing known
// → Pytest.
InitFramework detect_framework(const std::filesystem::path& folder);

// A file that loads without a warning, works at once where the framework does, and explains each
// setting. Looks into `folder` for what to suggest (paths, uv.lock, Dockerfile).
std::string init_template(InitProvider provider, InitFramework framework,
                          const std::filesystem::path& folder);

}  // namespace offload::config

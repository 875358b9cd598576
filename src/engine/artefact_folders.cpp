#include "artefact_folders.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "offload/base/file_name.hpp"

namespace offload::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kList = ".artefacts";
constexpr std::string_view kBatch = "batch-";

fs::path of_batch(const std::string& sandbox_id, SandboxNumber sandbox, BatchNumber batch) {
    const auto folder = safe_file_name(sandbox_id, fmt::format("sandbox-{}-", sandbox.value()));
    return fs::path(folder) / fmt::format("{}{}", kBatch, batch.value());
}

// A damaged list leads to no other folder.
bool may_be_ours(const fs::path& path) {
    if (path.is_absolute() || std::distance(path.begin(), path.end()) != 2) return false;
    const auto sandbox = path.parent_path().string();
    const auto batch = path.filename().string();
    return sandbox != "." && sandbox != ".." && batch.starts_with(kBatch) &&
           batch.size() > kBatch.size() &&
           batch.find_first_not_of("0123456789", kBatch.size()) == std::string::npos;
}

void remove_folder(const fs::path& folder) {
    std::error_code trouble;
    fs::remove_all(folder, trouble);
    fs::remove(folder.parent_path(), trouble);  // unless it holds other batches' files
}

}  // namespace

ArtefactFolders::ArtefactFolders(fs::path output_dir) : output_dir_(std::move(output_dir)) {}

fs::path ArtefactFolders::list() const { return output_dir_ / kList; }

void ArtefactFolders::remove_earlier() {
    const std::scoped_lock lock(list_mutex_);
    std::set<std::string> left;
    {
        std::ifstream earlier(list());
        for (std::string line; std::getline(earlier, line);) {
            if (!may_be_ours(line)) continue;
            // A link in the place of the sandbox's folder leads elsewhere.
            std::error_code trouble;
            const auto folder = output_dir_ / line;
            if (fs::is_symlink(folder.parent_path(), trouble)) continue;
            remove_folder(folder);
            if (fs::exists(folder, trouble)) left.insert(line);
        }
    }
    std::error_code ignored;
    fs::remove(list(), ignored);
    std::ofstream again;
    if (!left.empty()) again.open(list());
    for (const auto& line : left) again << line << '\n';
}

fs::path ArtefactFolders::make(const std::string& sandbox_id, SandboxNumber sandbox,
                               BatchNumber batch) {
    const auto name = of_batch(sandbox_id, sandbox, batch);
    std::error_code ignored;  // of an earlier run whose provider gave the same name
    fs::remove_all(output_dir_ / name, ignored);
    const std::scoped_lock lock(list_mutex_);
    std::ofstream(list(), std::ios::app) << name.generic_string() << '\n';
    return output_dir_ / name;
}

void ArtefactFolders::discard(const std::string& sandbox_id, SandboxNumber sandbox,
                              BatchNumber batch) {
    remove_folder(output_dir_ / of_batch(sandbox_id, sandbox, batch));
}

}  // namespace offload::engine

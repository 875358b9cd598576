// Whole files: reading, and writing so that no reader ever sees half of one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "offload/base/error.hpp"

namespace offload {

Result<std::string> read_file(const std::filesystem::path& path);

// Writes to a temporary name in the same folder, flushes, renames over `path`. On an error nothing
// stands under `path` that did not before, and the temporary file is gone.
Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                               unsigned mode = 0644);

// Makes the folder and its parents.
Result<> make_folder(const std::filesystem::path& path);

// A folder that exists for this object's lifetime; removed with all it holds at the end.
class TemporaryFolder {
  public:
    // Below $TMPDIR or /tmp, named `prefix` and random letters, mode 0700.
    static Result<TemporaryFolder> create(std::string_view prefix);
    TemporaryFolder(TemporaryFolder&& other) noexcept;
    TemporaryFolder& operator=(TemporaryFolder&& other) noexcept;
    ~TemporaryFolder();
    const std::filesystem::path& path() const { return path_; }

  private:
    explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

// `digits` random lower-case hexadecimal digits, from the operating system.
std::string random_hex(std::size_t digits);

}  // namespace offload

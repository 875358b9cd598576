// Held while it lives, by one process at a time. On the folder: a file in it is replaced, and a
// lock of its own beside it would lie around.
#pragma once

#include <filesystem>

namespace offload::history {

class FolderLock {
  public:
    // Waits where another has it. A folder that is not there is not locked.
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    int descriptor_;
};

}  // namespace offload::history
